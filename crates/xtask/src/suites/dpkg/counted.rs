//! A root that counts: every `make`, `depmod` and `mkinitramfs` writes a line before it does its work.
//!
//! The programs are put aside by dpkg-divert, so an upgrade of their packages does not undo it. What is counted thus does
//! not depend on what any dkms says of itself.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::disk;
use crate::layer::Layer;
use crate::root::Root;

/// Modules that the initramfs has to hold if they are there: MODULES=list puts no others in, which makes it cheap.
const WANTED: &str = "acpi_call dm_writeboost v4l2loopback twig picky trunk leaf";

/// Where the lines are.
const LOGS: &str = "/var/log/counted";

/// A make also tells which parts of the compiler dpkg has not finished, or of kernels not even unpacked; what is unpacked
/// and has no postinst is finished, but for dpkg's word. `make` runs from a
/// name that sub-makes inherit as `$(MAKE)`, so only the first one of a build passes here. depmod is a link to a program
/// that looks at its own name.
const SETUP: &str = r#"
set -e
apt-get install -y -q --no-install-recommends initramfs-tools zstd
echo 'MODULES=list
COMPRESS=zstd
COMPRESSLEVEL=1' > /etc/initramfs-tools/conf.d/counted
printf '%s\n' $WANTED >> /etc/initramfs-tools/modules
mkdir -p /usr/lib/counted $LOGS
put_aside() { # path, new path
    dpkg-divert --quiet --local --rename --divert "$2" --add "$1"
    cat > "$1"
    chmod 0755 "$1"
}
put_aside /usr/bin/make /usr/lib/counted/make << 'END'
#!/bin/sh
if [ "${MAKELEVEL:-0}" = 0 ]; then
    read -r _ _ _ _ group _ < /proc/self/stat
    unsettled=$(dpkg-query -W -f '${db:Status-Status}:${binary:Package}\n' 'gcc*' 'cpp*' 'binutils*' 'libc6*' 'make' 'linux-*' |
        while IFS=: read -r state package; do
            case $state:$package in
                half-installed:*) ;;
                unpacked:linux-* | half-configured:linux-*) continue ;;
                unpacked:*) [ -e "/var/lib/dpkg/info/$package.postinst" ] || continue ;;
                half-configured:*) ;;
                *) continue ;;
            esac
            printf '%s:%s ' "$state" "$package"
        done)
    printf '%s\t%s\t%s\t%s %s\t%s\t%s\t%s\n' "$module" "$module_version" "$kernelver" $PPID "$group" "$PWD" "$unsettled" "$*" >> $LOGS/make
fi
exec /usr/lib/counted/make "$@"
END
depmod=$(dpkg -L kmod | grep 'sbin/depmod$')
ln -s /usr/bin/kmod /usr/lib/counted/depmod
put_aside "$depmod" "$depmod.real" << 'END'
#!/bin/sh
printf '%s\t%s\n' "$(tr '\0' ' ' < /proc/$PPID/cmdline)" "$*" >> $LOGS/depmod
exec /usr/lib/counted/depmod "$@"
END
put_aside /usr/sbin/mkinitramfs /usr/sbin/mkinitramfs.real << 'END'
#!/bin/sh
printf '%s\n' "$*" >> $LOGS/mkinitramfs
exec /usr/sbin/mkinitramfs.real "$@"
END
sed -i "s,[$]LOGS,$LOGS,g" /usr/bin/make "$depmod" /usr/sbin/mkinitramfs
"#;

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

/// Counting programs over `below`.
pub(super) fn layer(below: &Layer) -> Result<Layer> {
    let line = format!("WANTED='{WANTED}' LOGS={LOGS}{SETUP}");
    below.extend("counted", &line, |root| {
        // The lists in the tools may be older than what the archive still has.
        if root.bash("apt-get install -y -q --download-only --no-install-recommends initramfs-tools")?.code != 0 {
            root.must("apt-get update -q")?;
        }
        root.must(&line).map(drop)
    })
}

/// Forgets what was counted so far.
pub(super) const FORGET: &str = "rm -f /var/log/counted/make /var/log/counted/depmod /var/log/counted/mkinitramfs";

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
        // Cleaning builds nothing, nor does a makefile on stdin: the original asks make so for the compiler.
        if args.split(' ').any(|arg| matches!(arg, "clean" | "mrproper")) || args.starts_with("-f - ") {
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

fn depmods(text: &str) -> Vec<String> {
    let ours = |line: &&str| {
        let (parent, args) = line.split_once('\t').unwrap_or(("", line));
        // mkinitramfs indexes what it puts into the image; that is no run for the machine.
        !parent.contains("linux-image")
            && !parent.contains("linux-run-hooks")
            && !args.split(' ').any(|arg| arg == "-b")
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
                   foo\t1.0\t6.1\t5 8\t/\t\t-f - show-CC\n\t\t\t1 1\t/home\t\tall\n\
                   \t\t\t3 1\t/var/lib/dkms/bar/2/build\t\t-j2 KERNELRELEASE=6.2 all\n";
        let (builds, unsettled) = builds(log);
        assert_eq!(unsettled.into_iter().collect::<Vec<_>>(), ["half-installed:cpp-14"]);
        assert_eq!(builds.len(), 3);
        assert_eq!(builds[0], builds[1]);
        assert_eq!(builds[2], Build { module: "bar".into(), version: "2".into(), kernel: "6.2".into() });
    }

    #[test]
    fn images_and_kernel_packages_index_for_themselves() {
        let log = "dkms install\t-a 6.1\nsh /var/lib/dpkg/info/linux-image-6.1.postinst\t6.1\nsh mkinitramfs\t-a -b /tmp/x 6.1\n";
        assert_eq!(depmods(log), ["6.1"]);
    }
}
