//! Which package brought a file: read from the databases of dpkg and pacman as they lie there, asked of rpm.
//!
//! Looked at only for files that are in the way, never where nothing is. What cannot be read belongs to no known package:
//! the answer decides who keeps a place, and nothing is taken from a package that is not certain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::layout::{DPKG_INFO, DPKG_STATUS, KERNELS_OWN, PACMAN_DATABASE};
use crate::setup::Setup;
use crate::system::root::Root;

/// Where the paths lie that anybody asks about: lists of others are not looked at line by line.
const CONCERNED: [&str; 2] = ["/modules/", "usr/src/"];
/// No list of paths is as long as this.
const MAX_BYTES: u64 = 64 << 20;

/// A package that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it was built from, which a kernel's packages have in common.
    pub source: String,
}

/// The packages of these in-root paths, where they are known.
pub fn owners(setup: &Setup, paths: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Package> {
    // That a package came or went says nothing new about a file that is untouched: no note is taken of what is read.
    let Ok(root) = Root::open(setup.root.host_path()) else { return BTreeMap::new() };
    // Distributions that are not known here are asked for rpm's, too, if they have none of the others.
    let has_lists = [DPKG_STATUS, PACMAN_DATABASE].iter().any(|path| root.exists(Path::new(path)));
    if setup.distribution.has_rpm() || !has_lists {
        let there = paths.iter().filter(|path| root.link_meta(path).is_some()).cloned().collect();
        return of_rpm(&there, |paths| ask_rpm(setup, paths));
    }
    let mut found = of_dpkg(&root, paths);
    if found.is_empty() {
        found = of_pacman(&root, paths);
    }
    found
}

/// The package of a path, where it is known.
pub fn owner(setup: &Setup, path: &Path) -> Option<Package> {
    owners(setup, &BTreeSet::from([path.to_owned()])).into_values().next()
}

/// The name of the package that brought a kernel with this module directory. What cannot be read is skipped: the answer is a
/// hint for people.
pub(super) fn of_kernel(setup: &Setup, directory: &Path) -> Option<String> {
    let paths = KERNELS_OWN.iter().map(|file| directory.join(file)).collect();
    owners(setup, &paths).into_values().map(|package| package.name).find(|name| !name.is_empty())
}

/// A path as lists of files may spell it: distributions moved `/lib` below `/usr` without moving what packages say.
fn spellings(path: &Path) -> Vec<String> {
    let text = path.to_string_lossy().into_owned();
    let other = match text.strip_prefix("/usr/lib/") {
        Some(inner) => Some(format!("/lib/{inner}")),
        None => text.strip_prefix("/lib/").map(|inner| format!("/usr/lib/{inner}")),
    };
    std::iter::once(text).chain(other).collect()
}

/// By how a list of files may spell them.
fn wanted(paths: &BTreeSet<PathBuf>) -> BTreeMap<String, &PathBuf> {
    paths.iter().flat_map(|path| spellings(path).into_iter().map(move |text| (text, path))).collect()
}

fn is_concerned(list: &str) -> bool {
    CONCERNED.iter().any(|part| list.contains(part))
}

fn text(root: &Root, path: &Path) -> Option<String> {
    let bytes = root.read_bounded(path, MAX_BYTES).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `NAME.list` and `NAME:ARCH.list` have a path in each line; what a package was built from is in the status file.
fn of_dpkg(root: &Root, paths: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Package> {
    let wanted = wanted(paths);
    let mut names: BTreeMap<PathBuf, String> = BTreeMap::new();
    for (file, _) in root.list(Path::new(DPKG_INFO)).unwrap_or_default() {
        let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".list")) else { continue };
        let Some(list) = text(root, &Path::new(DPKG_INFO).join(&file)) else { continue };
        if !is_concerned(&list) {
            continue;
        }
        let name = name.split(':').next().unwrap_or(name);
        let found = list.lines().filter_map(|line| wanted.get(line));
        names.extend(found.map(|path| ((*path).clone(), name.to_owned())));
    }
    if names.is_empty() {
        return BTreeMap::new();
    }
    let sources = sources(&text(root, Path::new(DPKG_STATUS)).unwrap_or_default());
    let package = |name: String| {
        let source = sources.get(&name).cloned().unwrap_or_else(|| name.clone());
        Package { name, source }
    };
    names.into_iter().map(|(path, name)| (path, package(name))).collect()
}

/// Source packages that have another name than the package.
fn sources(status: &str) -> BTreeMap<String, String> {
    let field = |stanza: &str, name: &str| {
        let value = stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|value| value.split_whitespace().next()).map(str::to_owned)
    };
    status.split("\n\n").filter_map(|stanza| Some((field(stanza, "Package")?, field(stanza, "Source")?))).collect()
}

/// A directory for each package: paths without their first slash in `files`, name and base in `desc`.
fn of_pacman(root: &Root, paths: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Package> {
    let wanted = wanted(paths);
    let mut found = BTreeMap::new();
    for (directory, _) in root.list(Path::new(PACMAN_DATABASE)).unwrap_or_default() {
        let directory = Path::new(PACMAN_DATABASE).join(directory);
        let Some(files) = text(root, &directory.join("files")).filter(|files| is_concerned(files)) else {
            continue;
        };
        let here: Vec<&PathBuf> = files.lines().filter_map(|line| wanted.get(&format!("/{line}"))).copied().collect();
        let Some(desc) = text(root, &directory.join("desc")).filter(|_| !here.is_empty()) else { continue };
        let field = |name: &str| desc.lines().skip_while(|line| *line != name).nth(1).map(str::to_owned);
        let Some(name) = field("%NAME%") else { continue };
        let package = Package { source: field("%BASE%").unwrap_or_else(|| name.clone()), name };
        found.extend(here.into_iter().map(|path| (path.clone(), package.clone())));
    }
    found
}

/// rpm's database is no text: it is asked once for all paths, and answers with a line for each that is there. One that two
/// packages have makes more lines than paths, and then it is not known which is whose: each is asked for alone.
fn of_rpm(paths: &BTreeSet<PathBuf>, ask: impl Fn(&[&PathBuf]) -> String) -> BTreeMap<PathBuf, Package> {
    let package = |line: &str| {
        let [_, name, source] = line.split('\t').collect::<Vec<_>>()[..] else { return None };
        Some(Package { name: name.to_owned(), source: source.to_owned() })
    };
    let of = |paths: &[&PathBuf]| ask(paths).lines().map(package).collect::<Vec<_>>();
    let all: Vec<&PathBuf> = paths.iter().collect();
    let mut packages = of(&all);
    if packages.len() != all.len() {
        packages = all.iter().map(|path| of(&[path]).into_iter().flatten().next()).collect();
    }
    paths.iter().cloned().zip(packages).filter_map(|(path, package)| Some((path, package?))).collect()
}

/// What rpm says of some paths.
fn ask_rpm(setup: &Setup, paths: &[&PathBuf]) -> String {
    let answer = setup.tool("rpm").and_then(|rpm| {
        let rpm = rpm.inherit(&setup.environment).args(["-q", "--qf", "\\t%{NAME}\\t%{SOURCERPM}\\n"]);
        rpm.args(paths.iter().flat_map(|path| ["-f".into(), path.as_os_str().to_owned()])).capture()
    });
    answer.map(|captured| String::from_utf8_lossy(&captured.stdout).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn named(setup: &Setup, path: &str) -> Option<(String, String)> {
        let found = owners(setup, &BTreeSet::from([PathBuf::from(path)]));
        found.into_values().next().map(|package| (package.name, package.source))
    }

    fn pair(name: &str, source: &str) -> Option<(String, String)> {
        Some((name.into(), source.into()))
    }

    #[test]
    fn dpkg_by_its_lists() {
        let (_directory, setup) = testing::setup();
        assert_eq!(named(&setup, "/lib/modules/6.1/extra/x.ko"), None);
        let list = |name: &str, path: &str| {
            testing::write(&setup, &format!("{DPKG_INFO}/{name}.list"), format!("/.\n/lib\n{path}\n"));
        };
        list("linux-image-6.1", "/usr/lib/modules/6.1/modules.builtin");
        list("x-modules-6.1:amd64", "/lib/modules/6.1/extra/x.ko");
        testing::write(
            &setup,
            DPKG_STATUS,
            "Package: linux-image-6.1\nSource: linux-signed (6.1+1)\n\nPackage: x-modules-6.1\nVersion: 1\n",
        );
        assert_eq!(named(&setup, "/lib/modules/6.1/extra/x.ko"), pair("x-modules-6.1", "x-modules-6.1"));
        assert_eq!(named(&setup, "/usr/lib/modules/6.1/extra/x.ko"), pair("x-modules-6.1", "x-modules-6.1"));
        assert_eq!(named(&setup, "/lib/modules/6.1/modules.builtin"), pair("linux-image-6.1", "linux-signed"));
        assert_eq!(named(&setup, "/lib/modules/6.1/extra"), None);
    }

    #[test]
    fn pacman_by_its_directories() {
        let (_directory, setup) = testing::setup();
        let write = |package: &str, path: &str, base: &str| {
            let directory = format!("{PACMAN_DATABASE}/{package}-1-1");
            testing::write(&setup, &format!("{directory}/files"), format!("%FILES%\nusr/\n{path}\n"));
            testing::write(&setup, &format!("{directory}/desc"), format!("%NAME%\n{package}\n\n%BASE%\n{base}\n"));
        };
        write("linux", "usr/lib/modules/6.1/modules.builtin", "linux");
        write("nvidia", "usr/lib/modules/6.1/extramodules/nvidia.ko.zst", "nvidia-utils");
        assert_eq!(named(&setup, "/usr/lib/modules/6.1/extramodules/nvidia.ko.zst"), pair("nvidia", "nvidia-utils"));
        assert_eq!(named(&setup, "/usr/lib/modules/6.1/modules.builtin"), pair("linux", "linux"));
        assert_eq!(named(&setup, "/usr/lib/modules/6.1/extramodules/other.ko"), None);
    }

    #[test]
    fn the_package_of_a_kernel_is_found_and_a_broken_database_is_none() {
        let (_directory, setup) = testing::setup();
        let owner = |release: &str| of_kernel(&setup, &Path::new("/lib/modules").join(release));
        let write = |file: &str, text: &[u8]| testing::write(&setup, &format!("{PACMAN_DATABASE}/{file}"), text);
        assert_eq!(owner("6.1-mine"), None);
        write("ALPM_DB_VERSION", b"9\n");
        write("half-1/desc", b"%NAME%\n");
        write("headers-1/files", b"%FILES%\nusr/lib/modules/6.1-mine/build/vmlinuz\n");
        write("other-1/files", b"%FILES%\n\xff\n");
        assert_eq!(owner("6.1-mine"), None);
        write("mine-1/files", b"%FILES%\nusr/\nusr/lib/modules/6.1-mine/vmlinuz\n");
        assert_eq!(owner("6.1-mine"), None);
        write("mine-1/desc", b"%NAME%\nlinux-mine\n\n%VERSION%\n1\n");
        assert_eq!(owner("6.1-mine").as_deref(), Some("linux-mine"));
        assert_eq!(owner("6.1"), None);
    }

    #[test]
    fn rpm_by_what_it_says() {
        let says = |paths: &[&PathBuf]| -> String {
            let lines = paths.iter().map(|path| match path.to_str() {
                Some("/m/6.1/extra/x.ko") => "\tx-modules\tx.src.rpm\n".to_owned(),
                // The package of a kernel and the one that is about to take its place.
                Some("/m/6.1/modules.order") => "\tkernel-new\tk.src.rpm\n\tkernel-old\tk.src.rpm\n".to_owned(),
                _ => format!("file {} is not owned by any package\n", path.display()),
            });
            lines.collect()
        };
        let named = |paths: &[&str]| -> Vec<String> {
            let paths = paths.iter().map(|path| Path::new("/m/6.1").join(path)).collect();
            of_rpm(&paths, says).into_values().map(|package| package.name).collect()
        };
        assert_eq!(named(&["extra/x.ko", "nobody"]), ["x-modules"]);
        assert_eq!(named(&["extra/x.ko", "modules.order", "nobody"]), ["x-modules", "kernel-new"]);
    }
}
