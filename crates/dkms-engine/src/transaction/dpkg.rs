//! dpkg's database, as far as it says who is not done yet.
//!
//! A package that has been unpacked and has no postinst script is as good as configured: there is nothing left to do for
//! it. That is how the headers and the programs of a kernel's build system are found when the kernel is configured before
//! them, and a compiler whose libraries are still to be configured is not.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Packages;
use crate::error::Error;
use crate::layout::{DPKG_INFO, DPKG_TRIGGERS};
use crate::setup::Setup;

/// Our own package, whose dependencies are what any build needs.
const OURS: &str = "dkms-rs";

/// Fields of a package, separated by tabs: name, architecture, state, who it needs, what else it is called.
const FIELDS: &str = "${Package}\\t${Architecture}\\t${db:Status-Status}\\t${Pre-Depends},${Depends}\\t${Provides}\\n";

/// By this name a new initramfs is asked for: a program, and a trigger that has it run at the end of the dpkg run.
const UPDATE_INITRAMFS: &str = "update-initramfs";

/// Packages of the kernel itself, which its headers depend on and no build needs.
const KERNELS: [&str; 3] = ["linux-image-", "linux-binary-", "linux-modules-"];

/// All packages, read when they are first asked for.
#[derive(Debug)]
pub struct Database<'a> {
    setup: &'a Setup,
    packages: OnceCell<BTreeMap<String, Vec<Package>>>,
}

/// One package of some name.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    state: State,
    /// One of its triggers is still to be run.
    triggered: bool,
    /// Of each group one is needed.
    depends: Vec<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not there.
    Absent,
    /// There, and nothing is left to be done for it.
    Done,
    /// dpkg is not done with it.
    Unfinished,
}

impl Packages for Database<'_> {
    fn unfinished(&self, release: &str) -> Option<String> {
        let headers = format!("linux-headers-{release}");
        let mut seen = BTreeSet::new();
        // What these need has to be ready; the headers themselves need only be unpacked.
        [headers.as_str(), OURS].iter().find_map(|name| self.unfinished_below(name, &mut seen))
    }

    fn is_installed(&self, package: &str) -> bool {
        self.packages().get(package).is_some_and(|found| found.iter().any(|package| package.state == State::Done))
    }
}

impl<'a> Database<'a> {
    /// Nothing is read yet.
    pub fn new(setup: &'a Setup) -> Self {
        Self { setup, packages: OnceCell::new() }
    }

    /// Whether the module of a package that is being configured is needed before the end of the run: by a package that is
    /// still to be configured, or by an initramfs.
    pub fn is_needed_now(&self, package: &str) -> bool {
        self.is_awaited(package) || self.initramfs_follows(package)
    }

    /// Whether a package that is still to be configured needs this one, directly or by way of others.
    fn is_awaited(&self, package: &str) -> bool {
        let mut needed = BTreeSet::from([package]);
        let unfinished: Vec<(&String, &Package)> = self
            .packages()
            .iter()
            .flat_map(|(name, packages)| packages.iter().map(move |package| (name, package)))
            .filter(|(name, other)| other.state == State::Unfinished && *name != package)
            .collect();
        // Each round finds those that need what the round before found.
        loop {
            let names = |other: &Package| other.depends.iter().flatten().any(|name| needed.contains(name.as_str()));
            let more: Vec<&str> = unfinished
                .iter()
                .filter(|(name, other)| !needed.contains(name.as_str()) && names(other))
                .map(|(name, _)| name.as_str())
                .collect();
            if more.is_empty() {
                return needed.len() > 1;
            }
            needed.extend(more);
        }
    }

    /// Whether the initramfs will be made without us when this package is being configured: its script does that, or a
    /// trigger is to do it that was activated by now, as the package itself may have. That may be before ours.
    fn initramfs_follows(&self, package: &str) -> bool {
        let read = |path: &Path| self.setup.root.read_to_string(path).unwrap_or_default();
        let script = read(&Path::new(DPKG_INFO).join(format!("{package}.postinst")));
        let calls = |line: &str| !line.trim_start().starts_with('#') && line.contains(UPDATE_INITRAMFS);
        let activated = read(&Path::new(DPKG_TRIGGERS).join("Unincorp"));
        let is_it = |line: &str| line.split(' ').next() == Some(UPDATE_INITRAMFS);
        let interested = read(&Path::new(DPKG_TRIGGERS).join(UPDATE_INITRAMFS));
        let is_triggered = |line: &str| {
            let found = bare(line).and_then(|name| self.packages().get(&name));
            found.is_some_and(|found| found.iter().any(|package| package.triggered))
        };
        script.lines().any(calls) || activated.lines().any(is_it) || interested.lines().any(is_triggered)
    }

    /// The first package below one that dpkg is not done with.
    fn unfinished_below(&self, name: &str, seen: &mut BTreeSet<String>) -> Option<String> {
        for package in self.packages().get(name)? {
            for group in &package.depends {
                for needed in self.present(group) {
                    if KERNELS.iter().any(|kernel| needed.starts_with(kernel)) || !seen.insert(needed.to_owned()) {
                        continue;
                    }
                    let found = self.packages().get(needed)?;
                    if found.iter().any(|package| package.state == State::Unfinished) {
                        return Some(needed.to_owned());
                    }
                    if let Some(unfinished) = self.unfinished_below(needed, seen) {
                        return Some(unfinished);
                    }
                }
            }
        }
        None
    }

    /// Those of a group that are there. One that is not there is not half done either.
    fn present<'g>(&self, group: &'g [String]) -> impl Iterator<Item = &'g str> {
        let is_there = |name: &&String| {
            let packages = self.packages().get(name.as_str());
            packages.is_some_and(|packages| packages.iter().any(|package| package.state != State::Absent))
        };
        group.iter().filter(is_there).map(String::as_str).collect::<Vec<_>>().into_iter()
    }

    fn packages(&self) -> &BTreeMap<String, Vec<Package>> {
        self.packages.get_or_init(|| match query(self.setup) {
            Ok(text) => parse(&text, &|name, arch| has_postinst(self.setup, name, arch)),
            Err(error) => {
                log::warn!("{error}");
                BTreeMap::new()
            }
        })
    }
}

fn query(setup: &Setup) -> Result<String, Error> {
    let query = setup.tool("dpkg-query")?.inherit(&setup.environment).args(["-W", "-f", FIELDS]);
    Ok(String::from_utf8_lossy(&query.require()?).into_owned())
}

/// Whether something is left to be run for a package that has been unpacked.
fn has_postinst(setup: &Setup, name: &str, arch: &str) -> bool {
    let names = [format!("{name}.postinst"), format!("{name}:{arch}.postinst")];
    names.iter().any(|name| setup.root.exists(&Path::new(DPKG_INFO).join(name)))
}

fn parse(text: &str, has_postinst: &dyn Fn(&str, &str) -> bool) -> BTreeMap<String, Vec<Package>> {
    let mut packages: BTreeMap<String, Vec<Package>> = BTreeMap::new();
    for line in text.lines() {
        let [name, arch, state, depends, provides] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let triggered = state == "triggers-pending";
        let state = match state {
            "not-installed" | "config-files" => State::Absent,
            "installed" | "triggers-awaited" | "triggers-pending" => State::Done,
            "unpacked" if !has_postinst(name, arch) => State::Done,
            _ => State::Unfinished,
        };
        let depends: Vec<Vec<String>> =
            depends.split(',').map(|group| group.split('|').filter_map(bare).collect()).collect();
        packages.entry(name.to_owned()).or_default().push(Package { state, triggered, depends });
        if state != State::Absent {
            for provided in provides.split(',').filter_map(bare).filter(|provided| provided != name) {
                // A package that needs the other name needs this package.
                let depends = vec![vec![name.to_owned()]];
                let stands_in = Package { state: State::Done, triggered: false, depends };
                packages.entry(provided).or_default().push(stands_in);
            }
        }
    }
    packages
}

/// `name` of `name:arch (>= 1) [arch] <profile>`, and of `name/noawait`.
fn bare(relation: &str) -> Option<String> {
    let name = relation.trim().split([' ', '(', ':', '/', '[', '<']).next().unwrap_or_default();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn database(setup: &Setup, lines: &[(&str, &str, &str, &str)]) -> Database<'static> {
        let text: String = lines
            .iter()
            .map(|(name, state, depends, provides)| format!("{name}\tall\t{state}\t,{depends}\t{provides}\n"))
            .collect();
        let packages = parse(&text, &|name, _| name == "libc6" || name == "user" || name == "meta");
        let setup: &'static Setup = Box::leak(Box::new(setup.clone()));
        Database { setup, packages: OnceCell::from(packages) }
    }

    const HEADERS: (&str, &str, &str, &str) = (
        "linux-headers-6.1",
        "unpacked",
        "linux-kbuild-6.1, gcc-14, linux-image-6.1 (= 1) | linux-image-6.1-unsigned",
        "",
    );

    #[test]
    fn headers_are_ready_when_all_below_them_is() {
        let (_directory, setup) = testing::setup();
        let kernel = ("linux-image-6.1", "half-configured", "", "");
        let libc = |state| ("libc6", state, "", "");
        let gcc = ("gcc-14", "unpacked", "libc6 (>= 2.38)", "c-compiler");
        let kbuild = ("linux-kbuild-6.1", "unpacked", "", "");
        let of = |lines: &[_]| database(&setup, lines).unfinished("6.1");
        assert_eq!(of(&[HEADERS, kernel, kbuild, gcc, libc("installed")]), None);
        assert_eq!(of(&[HEADERS, kernel, kbuild, gcc, libc("unpacked")]).as_deref(), Some("libc6"));
        assert_eq!(of(&[HEADERS, kernel, kbuild, ("gcc-14", "half-installed", "", "")]).as_deref(), Some("gcc-14"));
        assert_eq!(of(&[]), None, "a kernel that no package brought");
        let ours = (OURS, "unpacked", "gcc | c-compiler, make", "dkms (= 3)");
        assert_eq!(of(&[ours, ("make", "half-configured", "", "")]).as_deref(), Some("make"));
        assert_eq!(of(&[ours, gcc, libc("unpacked")]).as_deref(), Some("libc6"), "by the name that it provides");
    }

    #[test]
    fn what_will_make_the_initramfs_is_found() {
        let (_directory, setup) = testing::setup();
        let write = |path: &str, text: &str| testing::write(&setup, path, text);
        let of = |state: &str| {
            database(&setup, &[("initramfs-tools", state, "", ""), ("foo-dkms", "half-configured", "", "")])
                .initramfs_follows("foo-dkms")
        };
        assert!(!of("triggers-pending"), "by which trigger is not known");
        write("/var/lib/dpkg/triggers/update-initramfs", "initramfs-tools/noawait\n");
        assert!(of("triggers-pending"));
        assert!(!of("installed"));
        write("/var/lib/dpkg/triggers/Unincorp", "update-initramfs-of-mine -\nldconfig libc6\n");
        assert!(!of("installed"));
        write("/var/lib/dpkg/triggers/Unincorp", "ldconfig libc6\nupdate-initramfs -\n");
        assert!(of("installed"));
        write("/var/lib/dpkg/triggers/Unincorp", "");
        write("/var/lib/dpkg/info/foo-dkms.postinst", "#!/bin/sh\n# no update-initramfs\n");
        assert!(!of("installed"));
        write("/var/lib/dpkg/info/foo-dkms.postinst", "#!/bin/sh\nif true; then update-initramfs -u; fi\n");
        assert!(of("installed"));
    }

    #[test]
    fn what_waits_for_a_module_is_found_behind_others() {
        let (_directory, setup) = testing::setup();
        let user = ("user", "unpacked", "meta", "");
        let meta = ("meta", "unpacked", "other | foo-dkms (>= 1)", "");
        let is_awaited = |lines: &[_]| database(&setup, lines).is_awaited("foo-dkms");
        let foo = ("foo-dkms", "half-configured", "dkms", "");
        assert!(is_awaited(&[foo, user, meta]));
        assert!(is_awaited(&[foo, ("user", "unpacked", "foo-dkms", "")]));
        assert!(!is_awaited(&[foo, user]));
        assert!(!is_awaited(&[foo, ("user", "installed", "foo-dkms", "")]));
    }
}
