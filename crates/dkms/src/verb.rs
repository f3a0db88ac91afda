//! The words that say what is to be done: one table for parsing, help, manual page and completions.

/// What a run is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Register a module version.
    Add,
    /// Build and install everything that wants it.
    Autoinstall,
    /// Build objects.
    Build,
    /// Show why a module was built, skipped, kept or refused.
    Explain,
    /// Make the pair of keys that signs modules.
    GenerateMok,
    /// Install objects into a kernel.
    Install,
    /// A kernel was installed.
    KernelPostinst,
    /// A kernel is about to be unpacked over an old one of the same name.
    KernelPreinst,
    /// A kernel is about to be removed.
    KernelPrerm,
    /// Load a tarball.
    Ldtarball,
    /// Show the log of a build.
    Log,
    /// Install for one kernel what another one has.
    Match,
    /// Write a tarball.
    Mktarball,
    /// Tell where the keys that sign stand with the kernels, make them, enrol them.
    Mok,
    /// Show what another verb would do.
    Plan,
    /// Forget a module version.
    Remove,
    /// Show the state.
    Status,
    /// Drop built objects.
    Unbuild,
    /// Take objects out of a kernel.
    Uninstall,
    /// Say whether each kernel will have its modules when it boots.
    Verify,
}

/// One row of the table.
#[derive(Debug)]
pub struct VerbRow {
    /// The verb.
    pub verb: Verb,
    /// The word on the command line.
    pub name: &'static str,
    /// What follows it, in the manner of a manual page.
    pub arguments: &'static str,
    /// One line for the help.
    pub about: &'static str,
}

const fn row(verb: Verb, name: &'static str, arguments: &'static str, about: &'static str) -> VerbRow {
    VerbRow { verb, name, arguments, about }
}

/// All verbs in the order of the help.
pub static VERBS: [VerbRow; 20] = [
    row(Verb::Add, "add", "NAME/VERSION | DIRECTORY | FILE", "Register a module version with its source"),
    row(Verb::Build, "build", "NAME/VERSION [-k KERNEL]...", "Build it, registering it first if needed"),
    row(Verb::Install, "install", "NAME/VERSION [-k KERNEL]...", "Install it, building it first if needed"),
    row(
        Verb::Uninstall,
        "uninstall",
        "NAME/VERSION [-k KERNEL | --all]",
        "Take it out of kernels, keep what was built",
    ),
    row(Verb::Unbuild, "unbuild", "NAME/VERSION [-k KERNEL | --all]", "Uninstall it and drop what was built"),
    row(Verb::Remove, "remove", "NAME/VERSION [-k KERNEL | --all]", "Unbuild it; forget it when nothing is left"),
    row(Verb::Autoinstall, "autoinstall", "[-k KERNEL | --all-kernels]", "Install every module that wants it"),
    row(
        Verb::Status,
        "status",
        "[NAME[/VERSION]] [-k KERNEL]... [--json]",
        "Show what is registered, built and installed",
    ),
    row(Verb::Plan, "plan", "[VERB ...] [--json]", "Show what a verb would do and why; without one: autoinstall"),
    row(
        Verb::Verify,
        "verify",
        "[NAME[/VERSION]] [-k KERNEL | --next-boot | --all-kernels] [--json]",
        "Say whether each kernel will have its modules when it boots",
    ),
    row(
        Verb::Log,
        "log",
        "NAME[/VERSION] [-k KERNEL] [--previous]",
        "Show how it was built the last time, the first error on top",
    ),
    row(
        Verb::Explain,
        "explain",
        "NAME[/VERSION] [-k KERNEL]... [--json]",
        "Show why it was built, skipped, kept or refused",
    ),
    row(Verb::Match, "match", "--templatekernel KERNEL -k KERNEL", "Install for one kernel what another one has"),
    row(Verb::Mktarball, "mktarball", "NAME/VERSION [-k KERNEL | --all]", "Pack source and built objects"),
    row(Verb::Ldtarball, "ldtarball", "FILE", "Load what mktarball packed"),
    row(
        Verb::Mok,
        "mok",
        "[status | generate | enroll] [-k KERNEL]... [--json]",
        "Tell whether kernels trust the keys that sign modules, make them, enrol them",
    ),
    row(Verb::GenerateMok, "generate_mok", "", "Make the key and certificate that sign modules"),
    row(Verb::KernelPreinst, "kernel_preinst", "-k KERNEL", "Kernel package hook: a kernel is about to be replaced"),
    row(Verb::KernelPostinst, "kernel_postinst", "-k KERNEL", "Kernel package hook: a kernel was installed"),
    row(Verb::KernelPrerm, "kernel_prerm", "-k KERNEL", "Kernel package hook: a kernel is about to be removed"),
];

/// Verbs of old releases of the original, and what took their place.
static DROPPED: [(&str, &str); 6] = [
    ("mkbmdeb", "`dkms mktarball --binaries-only` packs built objects"),
    ("mkdeb", "module packages are made with dh-dkms: `dh --with dkms`"),
    ("mkdriverdisk", "installers load modules from packages now"),
    ("mkdsc", "module packages are made with dh-dkms: `dh --with dkms`"),
    ("mkkmp", "use the kernel module package macros of the distribution"),
    ("mkrpm", "write a spec file that calls `dkms add` and `dkms remove`, or use akmods"),
];

impl Verb {
    /// The verb of this name, exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        VERBS.iter().find(|row| row.name == name).map(|row| row.verb)
    }

    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        VERBS.iter().find(|row| row.verb == self).map_or("", |row| row.name)
    }

    /// Whether one of its arguments may be a path.
    pub fn takes_path(self) -> bool {
        matches!(self, Verb::Add | Verb::Build | Verb::Install | Verb::Ldtarball)
    }

    /// Whether `--archive` names something to load.
    pub fn takes_archive(self) -> bool {
        self.takes_path()
    }

    /// Whether it is called by the package of a kernel, for exactly that kernel.
    pub fn is_kernel_hook(self) -> bool {
        matches!(self, Verb::KernelPostinst | Verb::KernelPreinst | Verb::KernelPrerm)
    }
}

/// What to use in place of a verb that is gone.
pub(crate) fn replacement(name: &str) -> Option<&'static str> {
    DROPPED.iter().find(|(dropped, _)| *dropped == name).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_one_row() {
        for row in &VERBS {
            assert_eq!(Verb::from_name(row.name), Some(row.verb));
            assert_eq!(row.verb.name(), row.name);
            assert_eq!(VERBS.iter().filter(|other| other.verb == row.verb).count(), 1);
            assert!(replacement(row.name).is_none());
        }
        assert_eq!(Verb::from_name("sta"), None);
    }
}
