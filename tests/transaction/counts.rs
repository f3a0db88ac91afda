//! What was started during a transaction, as programs in the place of make, depmod and mkinitramfs wrote it down.

use std::collections::BTreeSet;
use std::path::Path;

use testbed::disk;
use testbed::root::Root;

/// Where the lines are.
pub(crate) const LOGS: &str = "/var/log/counted";

/// One module for one kernel, started once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Build {
    pub(crate) module: String,
    pub(crate) version: String,
    pub(crate) kernel: String,
}

/// What was started during a transaction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) builds: Vec<Build>,
    /// Packages of the compiler, or headers, that were not complete when something was built.
    pub(crate) unsettled: BTreeSet<String>,
    /// Kernel releases of depmod runs that were not those of a kernel's own package.
    pub(crate) depmods: Vec<String>,
    /// Kernel releases of which the initramfs was made.
    pub(crate) initramfs: Vec<String>,
}

/// Forgets what was counted so far.
pub(super) const FORGET: &str = "rm -f /var/log/counted/{make,depmod,mkinitramfs,mkinitcpio}";

/// What was counted since.
pub(super) fn read(root: &Root) -> Counts {
    let lines = |name: &str| disk::read(&root.path(&format!("{LOGS}/{name}"))).unwrap_or_default();
    let (builds, unsettled) = builds(&lines("make"));
    Counts {
        builds,
        unsettled,
        depmods: depmods(&lines("depmod")),
        initramfs: lines("mkinitramfs").lines().filter_map(release).collect(),
    }
}

/// A build may run several makes; those of one build have the same parent and process group.
fn builds(text: &str) -> (Vec<Build>, BTreeSet<String>) {
    let (mut seen, mut incomplete) = (BTreeSet::new(), BTreeSet::new());
    let mut builds = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [module, version, kernel, who, directory, unsettled, args] = fields.as_slice() else { continue };
        // Cleaning builds nothing, nor does a make that is asked which one it is, nor a makefile on stdin: the original asks
        // make so for the compiler.
        if args.split(' ').any(|arg| matches!(arg, "clean" | "mrproper" | "--version")) || args.starts_with("-f - ") {
            continue;
        }
        let Some(build) = build(module, version, kernel, directory, args) else { continue };
        incomplete.extend(unsettled.split_whitespace().map(str::to_owned));
        if seen.insert((build.clone(), (*who).to_owned())) {
            builds.push(build);
        }
    }
    (builds, incomplete)
}

impl Build {
    /// For people.
    pub(crate) fn told(&self) -> String {
        format!("{}/{} for {}", self.module, self.version, self.kernel)
    }
}

/// By what dkms exports; the releases that export nothing are known by the directory and the make command line.
fn build(module: &str, version: &str, kernel: &str, directory: &str, args: &str) -> Option<Build> {
    let mut parts = Path::new(directory).strip_prefix("/var/lib/dkms").ok().into_iter().flat_map(Path::iter);
    let mut part = |told: &str| {
        let part = parts.next().map(|part| part.to_string_lossy().into_owned());
        if told.is_empty() { part } else { Some(told.to_owned()) }
    };
    let (module, version) = (part(module)?, part(version)?);
    let told = args.split(' ').find_map(|arg| arg.strip_prefix("KERNELRELEASE="));
    let kernel = if kernel.is_empty() { told? } else { kernel };
    Some(Build { module, version, kernel: kernel.to_owned() })
}

/// Programs that index a kernel because it came; the last three are kernel-install as a script, and what it calls itself
/// while a plugin runs.
const KERNELS: [&str; 6] =
    ["linux-image", "linux-run-hooks", "libalpm/scripts/depmod", "bin/kernel-install", "(sd-exec", "(plugins)"];

fn depmods(text: &str) -> Vec<String> {
    let ours = |line: &&str| {
        let (parent, args) = line.split_once('\t').unwrap_or(("", line));
        // mkinitramfs indexes what it puts into the image; that is no run for the machine.
        !KERNELS.iter().any(|name| parent.contains(name)) && !args.split(' ').any(|arg| arg == "-b")
    };
    text.lines().filter(ours).filter_map(|line| release(line.rsplit('\t').next()?)).collect()
}

/// The last word that looks like a kernel's release.
fn release(args: &str) -> Option<String> {
    args.split(' ').rfind(|arg| arg.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_of_one_build_count_once() {
        let log = "foo\t1.0\t6.1\t7 7\t/x\t\tall\nfoo\t1.0\t6.1\t7 7\t/x\thalf-installed:cpp-14 \tmore\nfoo\t1.0\t6.1\t8 8\t/x\t\tall\n\
                   foo\t1.0\t6.1\t9 8\t/x\t\t-C /y clean\n\
                   foo\t1.0\t6.1\t5 8\t/\t\t-f - show-CC\nfoo\t1.0\t6.1\t6 8\t/\t\t--version\n\t\t\t1 1\t/home\t\tall\n\
                   \t\t\t3 1\t/var/lib/dkms/bar/2/build\t\t-j2 KERNELRELEASE=6.2 all\n";
        let (builds, unsettled) = builds(log);
        assert_eq!(unsettled.into_iter().collect::<Vec<_>>(), ["half-installed:cpp-14"]);
        assert_eq!(builds.len(), 3);
        assert_eq!(builds[0], builds[1]);
        assert_eq!(builds[2], Build { module: "bar".into(), version: "2".into(), kernel: "6.2".into() });
    }

    #[test]
    fn images_and_kernel_packages_index_for_themselves() {
        let log = "dkms install\t-a 6.1\nsh /var/lib/dpkg/info/linux-image-6.1.postinst\t6.1\nsh mkinitramfs\t-a -b /tmp/x 6.1\n\
                   (sd-exec-strv)\t-a 6.2\n/usr/lib/dkms/hook kernel-install add 6.3\t-a 6.3\n";
        assert_eq!(depmods(log), ["6.1", "6.3"]);
    }
}
