//! Which of the caller's variables reach make, scripts and our own tools: one table, also for the manual page.
//!
//! The original hands on everything but five compiler variables. Where its users live by that, so do we. What is dropped
//! is what no user means for dkms: words of a `make` or a shell that happens to stand above us, and what makes programs
//! that run as root load files of another user's choice. A variable without a row is passed.

use std::ffi::OsStr;

use crate::layout::HOME_OF_ROOT;

/// What becomes of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Children get it as it is.
    Passed,
    /// Children do not get it.
    Dropped,
    /// Children always get this value.
    Set(&'static str),
    /// Children get this value if the caller has none.
    Default(&'static str),
    /// A search path: absolute directories are kept, the usual ones are appended.
    Completed,
    /// A directory: passed if it exists and no other user can change what is in it.
    IfSafe,
}

/// One row of the table.
#[derive(Debug)]
pub struct Rule {
    /// Names; one that ends in `*` is a prefix.
    pub names: &'static [&'static str],
    /// What becomes of them.
    pub fate: Fate,
    /// Why, for the manual page: the rest of a sentence.
    pub why: &'static str,
}

impl Rule {
    /// What becomes of the variables and why, for the manual page.
    pub fn sentence(&self) -> String {
        let fate = match self.fate {
            Fate::Passed => "Passed".to_owned(),
            Fate::Dropped => "Dropped".to_owned(),
            Fate::Set(value) => format!("Always `{value}`"),
            Fate::Default(value) => format!("`{value}` if the caller has none"),
            Fate::Completed => "Completed".to_owned(),
            Fate::IfSafe => "Passed if safe".to_owned(),
        };
        format!("{fate}: {}.", self.why)
    }
}

use Fate::{Completed, Default, Dropped, IfSafe, Passed, Set};

/// The locale that overrides all others.
pub(super) const LOCALE: &str = "LC_ALL";
/// The locale of messages.
pub(super) const MESSAGES: &str = "LC_MESSAGES";

const fn rule(fate: Fate, names: &'static [&'static str], why: &'static str) -> Rule {
    Rule { names, fate, why }
}

/// The table; the first row that has a name decides.
pub static TABLE: [Rule; 20] = [
    rule(
        Completed,
        &["PATH"],
        "relative directories are left out, and the usual directories of programs are added at the end",
    ),
    rule(IfSafe, &["TMPDIR"], "it is a directory, and no other user can replace files in it"),
    rule(Default(HOME_OF_ROOT), &["HOME"], "hooks of package managers often have none"),
    rule(Set("C"), &[MESSAGES], "the line that says why a build failed is to be found"),
    rule(Dropped, &[LOCALE, "LANGUAGE"], "they would translate messages; what `LC_ALL` said becomes `LANG`"),
    rule(
        Dropped,
        &["CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS"],
        "the kernel's own compiler and options count, as with the original",
    ),
    rule(
        Dropped,
        &[
            "AR",
            "AS",
            "CPP",
            "HOSTAR",
            "HOSTCC",
            "HOSTCFLAGS",
            "HOSTCXX",
            "HOSTCXXFLAGS",
            "HOSTLD",
            "HOSTLDFLAGS",
            "HOSTLDLIBS",
            "LD",
            "NM",
            "OBJCOPY",
            "OBJDUMP",
            "READELF",
            "STRIP",
        ],
        "the kernel's build system chooses these itself, and what is built beside it is built with the same",
    ),
    rule(
        Dropped,
        &["CPATH", "CPLUS_INCLUDE_PATH", "C_INCLUDE_PATH", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES"],
        "compilers would take headers from there beside the kernel's, or write there",
    ),
    rule(
        Passed,
        &["ARCH", "CROSS_COMPILE", "LLVM", "LLVM_IAS", "SUBARCH"],
        "they choose another machine or another toolchain to build for",
    ),
    rule(
        Passed,
        &[
            "KAFLAGS",
            "KBUILD_EXTRA_SYMBOLS",
            "KBUILD_MODPOST_WARN",
            "KBUILD_VERBOSE",
            "KCFLAGS",
            "KCPPFLAGS",
            "KRUSTFLAGS",
        ],
        "the kernel's build system documents them for users",
    ),
    rule(
        Passed,
        &[
            "KBUILD_BUILD_HOST",
            "KBUILD_BUILD_TIMESTAMP",
            "KBUILD_BUILD_USER",
            "KBUILD_BUILD_VERSION",
            "SOURCE_DATE_EPOCH",
        ],
        "with them builds can be repeated bit by bit",
    ),
    rule(Passed, &["KBUILD_SIGN_PIN"], "it opens the key that modules are signed with"),
    rule(
        Dropped,
        &[
            "INSTALL_MOD_*",
            "INSTALL_PATH",
            "KBUILD_*",
            "KCONFIG_*",
            "KERNELRELEASE",
            "KERNELVERSION",
            "M",
            "MO",
            "MODLIB",
            "O",
            "SRCARCH",
            "UTS_MACHINE",
            "VPATH",
            "abs_objtree",
            "abs_output",
            "abs_srctree",
            "building_out_of_srctree",
            "need-sub-make",
            "objtree",
            "srcroot",
            "srctree",
            "sub_make_done",
        ],
        "they belong to the build of a kernel that is under way above dkms; with them a build writes into the kernel's headers, \
         or makes nothing at all",
    ),
    rule(
        Dropped,
        &[
            "GNUMAKEFLAGS",
            "MAKE",
            "MAKEFILES",
            "MAKEFLAGS",
            "MAKELEVEL",
            "MAKEOVERRIDES",
            "MAKE_RESTARTS",
            "MAKE_TERMERR",
            "MAKE_TERMOUT",
            "MFLAGS",
        ],
        "they say how a `make` above dkms works; its job tokens are used",
    ),
    rule(
        Dropped,
        &[
            "BASHOPTS",
            "BASH_COMPAT",
            "BASH_ENV",
            "BASH_FUNC_*",
            "BASH_XTRACEFD",
            "CDPATH",
            "ENV",
            "EXECIGNORE",
            "FUNCNEST",
            "GLOBIGNORE",
            "GREP_OPTIONS",
            "IFS",
            "POSIXLY_CORRECT",
            "PS4",
            "SHELLOPTS",
        ],
        "they change what a script does",
    ),
    rule(
        Dropped,
        &[
            "AWKLIBPATH",
            "AWKPATH",
            "PERL5DB",
            "PERL5LIB",
            "PERL5OPT",
            "PERLLIB",
            "PYTHONHOME",
            "PYTHONINSPECT",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "PYTHONUSERBASE",
            "RUBYLIB",
            "RUBYOPT",
        ],
        "programs of the kernel's build system would load something else",
    ),
    rule(Dropped, &["arch", "kernelver", "module", "module_version"], "a script gets these from dkms, or not at all"),
    rule(
        Passed,
        &["LD_*"],
        "`eatmydata`, `fakeroot` and compilers outside the usual directories need it, and dkms itself runs with it",
    ),
    rule(
        Passed,
        &["DEBCONF_*", "DEBIAN_*", "DEB_*", "DKMS_*", "DPKG_*"],
        "scripts of modules ask what transaction they are part of",
    ),
    rule(Passed, &["C", "LANG", "LC_*", "TZ", "V", "W", "XDG_*"], "they change what is said, not what is made"),
];

/// What becomes of a variable.
pub(super) fn fate(name: &OsStr) -> Fate {
    let name = name.as_encoded_bytes();
    let is_it = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix.as_bytes()),
        None => name == pattern.as_bytes(),
    };
    TABLE.iter().find(|rule| rule.names.iter().any(is_it)).map_or(Passed, |rule| rule.fate)
}

/// Variables that children have in any case, unless something is kept of the caller's.
pub(super) fn values() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().filter_map(|rule| match rule.fate {
        Set(value) | Default(value) => rule.names.first().map(|name| (*name, value)),
        _ => None,
    })
}
