//! The programs on top of rpm, and how each of them is asked for one transaction.

/// Who runs the transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Nobody but rpm.
    Rpm,
    Dnf4,
    Dnf5,
    Zypper,
}

/// zypper is asked for files; whether kernels stay beside one another is in its configuration.
const MULTIVERSION: &str = "
mkdir -p /etc/zypp
touch /etc/zypp/zypp.conf
sed -i '/^ *multiversion/d' /etc/zypp/zypp.conf
grep -q '^.main.' /etc/zypp/zypp.conf || echo '[main]' >> /etc/zypp/zypp.conf
echo 'multiversion = provides:multiversion(kernel)' >> /etc/zypp/zypp.conf
";

impl Tool {
    /// By its name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "rpm" => Some(Self::Rpm),
            "dnf4" => Some(Self::Dnf4),
            "dnf5" => Some(Self::Dnf5),
            "zypper" => Some(Self::Zypper),
            _ => None,
        }
    }

    /// Debian's packages of it.
    pub(super) fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Rpm => &[],
            Self::Dnf4 => &["dnf"],
            Self::Dnf5 => &["dnf5"],
            Self::Zypper => &["zypper"],
        }
    }

    /// Lines of bash that make it ready.
    pub(super) fn setup(self) -> &'static str {
        if self == Self::Zypper { MULTIVERSION } else { "" }
    }

    /// Whether it starts an rpm for each package.
    pub(super) fn is_one_by_one(self) -> bool {
        self == Self::Zypper
    }

    /// Installs, upgrades or downgrades files of packages; those of kernels stay beside others.
    pub(super) fn install(self, kernels: &[String], others: &[String]) -> String {
        let all = [others, kernels].concat().join(" ");
        match self {
            Self::Rpm => {
                let run =
                    |how: &str, files: &[String]| (!files.is_empty()).then(|| format!("rpm {how} {}", files.join(" ")));
                let lines = [run("-U --oldpackage", others), run("-i", kernels)];
                lines.into_iter().flatten().collect::<Vec<_>>().join(" && ")
            }
            Self::Dnf4 | Self::Dnf5 => format!("{} install {all}", self.dnf()),
            Self::Zypper => format!("{} install --oldpackage --allow-unsigned-rpm {all}", self.zypper()),
        }
    }

    /// Installs once more what is there.
    pub(super) fn again(self, files: &[String]) -> String {
        let files = files.join(" ");
        match self {
            Self::Rpm => format!("rpm -i --force {files}"),
            Self::Dnf4 | Self::Dnf5 => format!("{} reinstall {files}", self.dnf()),
            Self::Zypper => format!("{} install --force --allow-unsigned-rpm {files}", self.zypper()),
        }
    }

    /// Replaces a package that otherwise would stay beside the new one.
    pub(super) fn replace(self, file: &str) -> String {
        match self {
            Self::Dnf4 | Self::Dnf5 => format!("{} --setopt=installonlypkgs= install {file}", self.dnf()),
            Self::Rpm | Self::Zypper => format!("rpm -U {file}"),
        }
    }

    /// Removes one package and installs another, at once where that can be.
    pub(super) fn swap(self, name: &str, file: &str) -> String {
        match self {
            Self::Dnf4 | Self::Dnf5 => format!("{} swap {name} {file}", self.dnf()),
            Self::Rpm => format!("rpm -e --nodeps {name} && rpm -i {file}"),
            Self::Zypper => format!("{} install --allow-unsigned-rpm {file} -{name}", self.zypper()),
        }
    }

    /// Removes packages by their names and versions.
    pub(super) fn remove(self, names: &[String]) -> String {
        let names = names.join(" ");
        match self {
            Self::Rpm => format!("rpm -e {names}"),
            Self::Dnf4 | Self::Dnf5 => format!("{} remove {names}", self.dnf()),
            Self::Zypper => format!("{} remove {}", self.zypper(), names),
        }
    }

    fn dnf(self) -> &'static str {
        match self {
            Self::Dnf5 => {
                "dnf5 -y --disable-plugin=local --releasever=43 --setopt=pkg_gpgcheck=False --setopt=clean_requirements_on_remove=False"
            }
            _ => {
                "dnf -y --nogpgcheck --releasever=43 --setopt=reposdir=/nonexistent --setopt=clean_requirements_on_remove=False"
            }
        }
    }

    fn zypper(self) -> &'static str {
        "zypper --non-interactive --no-gpg-checks --no-refresh"
    }
}
