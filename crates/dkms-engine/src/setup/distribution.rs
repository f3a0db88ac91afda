//! The distribution that the root holds, and what follows from it for modules.
//!
//! `os-release` is parsed, never run. Its `ID` is looked at first, then `ID_LIKE` word by word, so that RHEL counts as
//! RHEL although it calls itself like Fedora. A caller gets a decision (a directory, a program, a package name);
//! no other module compares distribution names.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::{self, OS_RELEASE};
use crate::system::root::Root;

/// Distributions that treat modules alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Family {
    Alpine,
    Arch,
    Debian,
    /// RHEL and its rebuilds: a stable kernel interface, hence weak modules.
    EnterpriseLinux,
    Fedora,
    Gentoo,
    Suse,
    Ubuntu,
    Void,
    /// One that we do not know: the configuration of each module is followed literally.
    Other,
}

/// What os-release says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// `ID`, or `linux` as the specification of the file has it.
    pub id: String,
    /// `ID_LIKE`, word by word.
    pub id_like: Vec<String>,
    /// `VERSION_ID`, empty for rolling ones.
    pub version: String,
}

/// A program that signs modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignProgram {
    /// At this path.
    File(PathBuf),
    /// Wherever the search path has it.
    Named(&'static str),
}

/// Where key and certificate come from when the administrator names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The machine-owner key that Ubuntu's `shim-signed` keeps and enrols.
    ShimSigned,
    /// Portage's settings, then the key that the kernel configuration names.
    Portage,
    /// A pair of our own in the dkms tree.
    Own,
}

/// How modules are lent to other kernels of the same interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakModules {
    /// By links in `weak-updates`, as Red Hat's `weak-modules` makes them.
    RedHat,
    /// By a program, `weak-modules2`.
    Suse,
}

impl Distribution {
    /// Reads os-release.
    ///
    /// # Errors
    /// `OsRelease` if there is none.
    pub fn gather(root: &Root) -> Result<Self, Error> {
        let path = OS_RELEASE.into_iter().map(Path::new).find(|path| root.is_file(path)).ok_or(Error::OsRelease)?;
        let content = root.read_bounded(path, 1 << 16)?;
        Ok(Self::parse(&String::from_utf8_lossy(&content)))
    }

    /// From the text of an os-release file.
    pub fn parse(text: &str) -> Self {
        let mut distribution = Self { id: "linux".into(), id_like: Vec::new(), version: String::new() };
        for (name, value) in text.lines().filter_map(|line| line.trim().split_once('=')) {
            match name {
                "ID" => distribution.id = unquoted(value),
                "ID_LIKE" => distribution.id_like = unquoted(value).split_whitespace().map(str::to_owned).collect(),
                "VERSION_ID" => distribution.version = unquoted(value),
                _ => {}
            }
        }
        distribution
    }

    /// The name by which confs know it: as the original made it out of the same file.
    pub fn original_name(&self) -> String {
        if self.id == "ubuntu" || self.id_like.is_empty() { self.id.clone() } else { self.id_like.join(" ") }
    }

    /// Which family it belongs to.
    pub fn family(&self) -> Family {
        let words = std::iter::once(&self.id).chain(&self.id_like);
        words.filter_map(|word| family(word)).next().unwrap_or(Family::Other)
    }

    /// The directory below a kernel's module directory that all modules go to, whatever their authors wrote; `None`
    /// if the authors decide.
    pub fn imposed_destination(&self) -> Option<&'static str> {
        match self.family() {
            Family::Fedora | Family::EnterpriseLinux => Some("/extra"),
            Family::Suse => Some("/updates"),
            Family::Debian | Family::Ubuntu | Family::Arch => Some("/updates/dkms"),
            _ => None,
        }
    }

    /// Whether an architecture is what the package manager calls it (rpm) rather than what `uname -m` prints.
    pub fn has_rpm(&self) -> bool {
        matches!(self.family(), Family::Fedora | Family::EnterpriseLinux | Family::Suse)
    }

    /// Programs that sign for a kernel, best first; the kernel's own headers always have the last word.
    pub fn sign_programs(&self, release: &str, kernel_directory: &Path) -> Vec<SignProgram> {
        let mut programs = Vec::new();
        let file = |path: PathBuf| SignProgram::File(path.join(SIGN_FILE));
        match self.family() {
            Family::Debian => {
                // Debian names the directory after the version up to the last dot; since its kernels carry `+debN`,
                // up to the first dash.
                let upto_dot = release.rsplit_once('.').map_or(release, |(start, _)| start);
                let upto_dash = release.split_once('-').map_or(release, |(start, _)| start);
                programs.push(file(layout::kbuild(upto_dot)));
                programs.push(file(layout::kbuild(upto_dash)));
            }
            Family::Ubuntu => {
                programs.push(SignProgram::Named("kmodsign"));
                programs.push(file(layout::kernel_headers(&format!("linux-headers-{release}"))));
            }
            Family::Gentoo => programs.push(file(layout::kernel_headers(&format!("linux-{release}")))),
            _ => {}
        }
        programs.push(file(kernel_directory.join("build")));
        programs
    }

    /// Which key signs when none is configured.
    pub fn key_source(&self) -> KeySource {
        match self.family() {
            Family::Ubuntu => KeySource::ShimSigned,
            Family::Gentoo => KeySource::Portage,
            _ => KeySource::Own,
        }
    }

    /// How modules are lent to other kernels, where that is done at all.
    pub fn weak_modules(&self) -> Option<WeakModules> {
        match self.family() {
            Family::EnterpriseLinux => Some(WeakModules::RedHat),
            Family::Suse => Some(WeakModules::Suse),
            _ => None,
        }
    }

    /// Whether kernels have weak links that we make.
    pub fn has_weak_updates(&self) -> bool {
        self.weak_modules() == Some(WeakModules::RedHat)
    }

    /// Whether its kernels ask the keys in `.platform`, the firmware's, for modules: a patch that no option shows. `None` if
    /// that is not known. Debian: measured; Red Hat: "Requirements for authenticating kernel modules"; Ubuntu: its patch
    /// "KEYS: Make use of platform keyring for module signature verify".
    pub fn modules_by_platform_keys(&self) -> Option<bool> {
        match self.family() {
            Family::Debian | Family::Ubuntu | Family::EnterpriseLinux => Some(true),
            Family::Arch => Some(false),
            _ => None,
        }
    }

    /// Whether its kernels look for the hash of a module among those that are revoked: Debian's patch "MODSIGN: checking the
    /// blacklisted hash before loading a kernel module". `None` if that is not known.
    pub fn checks_hashes_of_modules(&self) -> Option<bool> {
        match self.family() {
            Family::Debian => Some(true),
            Family::Arch => Some(false),
            _ => None,
        }
    }

    /// Package that holds the headers of a kernel. `pkgbase` is what Arch leaves in a kernel's module directory: the
    /// name of the kernel package.
    pub fn headers_package(&self, release: &str, pkgbase: Option<&str>) -> Option<String> {
        let flavour = release.rsplit_once('-').map(|(_, flavour)| flavour);
        match self.family() {
            Family::Debian | Family::Ubuntu => Some(format!("linux-headers-{release}")),
            Family::Fedora | Family::EnterpriseLinux => Some(red_hat_headers(release)),
            Family::Suse => Some(format!("kernel-{}-devel", flavour?)),
            Family::Arch => Some(pkgbase.map_or_else(|| arch_headers(release), |name| format!("{name}-headers"))),
            Family::Alpine => Some(format!("linux-{}-dev", flavour?)),
            Family::Void => {
                let mut numbers = release.splitn(3, '.');
                Some(format!("linux{}.{}-headers", numbers.next()?, numbers.next()?))
            }
            Family::Gentoo | Family::Other => None,
        }
    }
}

/// Where a kernel build tree keeps the signing program.
pub const SIGN_FILE: &str = "scripts/sign-file";

fn family(word: &str) -> Option<Family> {
    Some(match word {
        "alpine" => Family::Alpine,
        "arch" | "archlinux" | "manjaro" | "cachyos" => Family::Arch,
        "debian" | "raspbian" => Family::Debian,
        "rhel" | "centos" | "rocky" | "almalinux" | "ol" | "scientific" | "virtuozzo" => Family::EnterpriseLinux,
        "fedora" => Family::Fedora,
        "gentoo" => Family::Gentoo,
        "suse" | "sles" | "sled" | "sle_hpc" => Family::Suse,
        "ubuntu" => Family::Ubuntu,
        "void" => Family::Void,
        other if other.starts_with("opensuse") => Family::Suse,
        _ => return None,
    })
}

/// Words of which Red Hat makes the names of a kernel's variants (kernel.spec of Fedora and CentOS Stream).
const VARIANT: [&str; 6] = ["debug", "rt", "64k", "16k", "automotive", "realtime"];

/// Whether that is a variant that Red Hat builds of its kernel.
pub fn is_red_hat_variant(name: &str) -> bool {
    name.split('-').all(|word| VARIANT.contains(&word))
}

/// Red Hat writes the variant of a kernel after a `+` and the package that has its headers before the version.
fn red_hat_headers(release: &str) -> String {
    match release.split_once('+').filter(|(_, variant)| is_red_hat_variant(variant)) {
        Some((base, variant)) => format!("kernel-{variant}-devel-{base}"),
        None if release.contains("uek") => format!("kernel-uek-devel-{release}"),
        None => format!("kernel-devel-{release}"),
    }
}

/// From the ending that Arch's own kernels have in their release; plain `linux` has none that is fixed.
fn arch_headers(release: &str) -> String {
    let known = ["rt-lts", "lts", "zen", "hardened", "rt"];
    let variant = known.into_iter().find(|variant| release.ends_with(&format!("-{variant}")));
    variant.map_or_else(|| "linux-headers".to_owned(), |variant| format!("linux-{variant}-headers"))
}

/// The value of an assignment: os-release allows quotes of both kinds and backslashes before what means something.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return value.to_owned() };
    let mut text = String::new();
    let mut rest = value.chars().skip(1);
    while let Some(c) = rest.next() {
        match c {
            c if c == quote => break,
            '\\' if quote == '"' => text.extend(rest.next()),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Distribution {
        Distribution::parse(text)
    }

    #[test]
    fn the_id_counts_before_what_it_is_like() {
        for (text, expected) in [
            ("ID=debian\nVERSION_ID=\"13\"", Family::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"", Family::Ubuntu),
            ("ID=\"rhel\"\nID_LIKE=\"fedora\"", Family::EnterpriseLinux),
            ("ID=\"ol\"\nID_LIKE='fedora'", Family::EnterpriseLinux),
            ("ID=rocky\nID_LIKE=\"rhel centos fedora\"", Family::EnterpriseLinux),
            ("ID=amzn\nID_LIKE=\"fedora\"", Family::Fedora),
            ("ID=opensuse-leap\nID_LIKE=\"suse opensuse\"", Family::Suse),
            ("ID=cachyos\nID_LIKE=arch", Family::Arch),
            ("ID=devuan\nID_LIKE=debian", Family::Debian),
            ("NAME=x", Family::Other),
        ] {
            assert_eq!(of(text).family(), expected, "{text}");
        }
    }

    #[test]
    fn nothing_of_the_file_is_executed() {
        let distribution = of("ID=$(rm -rf /)\n# ID=debian\nVERSION_ID=\"1\\\"3\"\n");
        assert_eq!((distribution.id.as_str(), distribution.version.as_str()), ("$(rm -rf /)", "1\"3"));
        assert_eq!(distribution.family(), Family::Other);
    }

    #[test]
    fn a_root_without_os_release_is_an_error_and_usr_lib_is_the_second_choice() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        assert!(matches!(Distribution::gather(&root), Err(Error::OsRelease)));
        root.writable().create_dir_all(Path::new("/usr/lib")).unwrap();
        std::fs::copy("/usr/lib/os-release", directory.path().join("usr/lib/os-release")).unwrap();
        assert!(Distribution::gather(&root).is_ok());
    }

    #[test]
    fn destinations() {
        assert_eq!(of("ID=arch").imposed_destination(), Some("/updates/dkms"));
        assert_eq!(of("ID=rhel").imposed_destination(), Some("/extra"));
        assert_eq!(of("ID=sles").imposed_destination(), Some("/updates"));
        assert_eq!(of("ID=alpine").imposed_destination(), None);
    }

    #[test]
    fn sign_programs_of_debian_and_ubuntu() {
        let file = |path: &str| SignProgram::File(path.into());
        assert_eq!(
            of("ID=debian").sign_programs("6.12.107+deb13-amd64", Path::new("/lib/modules/K")),
            [
                file("/usr/lib/linux-kbuild-6.12/scripts/sign-file"),
                file("/usr/lib/linux-kbuild-6.12.107+deb13/scripts/sign-file"),
                file("/lib/modules/K/build/scripts/sign-file"),
            ]
        );
        assert_eq!(
            of("ID=ubuntu").sign_programs("6.8.0-1-generic", Path::new("/lib/modules/K"))[..2],
            [SignProgram::Named("kmodsign"), file("/usr/src/linux-headers-6.8.0-1-generic/scripts/sign-file")]
        );
    }

    #[test]
    fn headers_packages() {
        for (id, release, pkgbase, expected) in [
            ("debian", "6.12.107+deb13-amd64", None, Some("linux-headers-6.12.107+deb13-amd64")),
            ("fedora", "6.9.5-200.fc40.x86_64", None, Some("kernel-devel-6.9.5-200.fc40.x86_64")),
            ("fedora", "6.9.5-200.fc40.x86_64+debug", None, Some("kernel-debug-devel-6.9.5-200.fc40.x86_64")),
            ("fedora", "6.9.5+mine-1.x86_64", None, Some("kernel-devel-6.9.5+mine-1.x86_64")),
            ("ol", "5.15.0-1.el9uek.x86_64", None, Some("kernel-uek-devel-5.15.0-1.el9uek.x86_64")),
            ("arch", "6.9.5-arch1-1", None, Some("linux-headers")),
            ("arch", "6.6.30-1-lts", None, Some("linux-lts-headers")),
            ("arch", "6.9.5-2-cachyos", Some("linux-cachyos"), Some("linux-cachyos-headers")),
            ("opensuse-tumbleweed", "6.9.5-1-default", None, Some("kernel-default-devel")),
            ("alpine", "6.6.31-0-lts", None, Some("linux-lts-dev")),
            ("void", "6.6.31_1", None, Some("linux6.6-headers")),
            ("gentoo", "6.6.31-gentoo", None, None),
        ] {
            let package = of(&format!("ID={id}")).headers_package(release, pkgbase);
            assert_eq!(package.as_deref(), expected, "{id} {release}");
        }
    }
}
