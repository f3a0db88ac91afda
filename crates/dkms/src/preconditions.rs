//! What has to hold before a verb begins, in the order in which the original tests it: the first failing test decides
//! the exit status.

use std::path::Path;

use dkms_engine::error::Error;
use dkms_engine::facts::Registration;
use dkms_engine::target::ModuleId;

use crate::arguments::Arguments;
use crate::refusal::Refusal;
use crate::verb::Verb;

/// What this process may do.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    /// It is root.
    pub root: bool,
    /// It may write to the dkms tree.
    pub tree_writable: bool,
    /// The dkms tree.
    pub tree: &'a Path,
}

/// One test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    /// Name and version are given, the module is not broken and is registered.
    Registered,
    /// The module is not broken, if one was named.
    NotBroken,
    /// No `--all`.
    NoAll,
    /// At most one `-k`.
    OneKernel,
    Root,
    TreeWritable,
    /// Root, if `--force` is given.
    RootToForce,
}

fn tests(verb: Verb) -> &'static [Test] {
    use Test::{NoAll, NotBroken, OneKernel, Registered, Root, RootToForce, TreeWritable};
    match verb {
        Verb::Uninstall => &[Registered, Root],
        Verb::Remove | Verb::Unbuild => &[Registered, TreeWritable],
        Verb::Add => &[NoAll, TreeWritable],
        Verb::Build => &[NoAll, NotBroken, TreeWritable],
        Verb::Install => &[NoAll, NotBroken, Root],
        Verb::Autoinstall => &[NoAll, OneKernel, Root],
        Verb::Match => &[Root, NoAll, OneKernel],
        Verb::Mktarball => &[Registered],
        Verb::Mok => &[NoAll],
        Verb::Ldtarball => &[RootToForce],
        Verb::KernelPostinst | Verb::KernelPreinst | Verb::KernelPrerm => &[Root],
        Verb::Log => &[NoAll, OneKernel],
        Verb::Explain => &[NoAll],
        Verb::Status | Verb::GenerateMok | Verb::Plan | Verb::Verify => &[],
    }
}

/// Name and version as one, if both are given.
///
/// # Errors
/// `NameInvalid`.
pub fn module(arguments: &Arguments) -> Result<Option<ModuleId>, Error> {
    match (&arguments.name, &arguments.version) {
        (Some(name), Some(version)) => Ok(Some(ModuleId::new(name, version)?)),
        _ => Ok(None),
    }
}

/// Runs the tests of the verb. A plan changes nothing, so it needs no rights.
///
/// # Errors
/// The first test that fails: a [`Refusal`], or `Broken`, `NotAdded` and `NameInvalid` of the engine.
pub fn check(
    arguments: &Arguments,
    rights: Rights<'_>,
    registration: impl Fn(&ModuleId) -> Option<Registration>,
    source_of: impl Fn(&ModuleId) -> std::path::PathBuf,
) -> anyhow::Result<()> {
    let verb = arguments.verb;
    let broken = |module: ModuleId| Error::Broken { path: source_of(&module), module };
    for test in tests(verb) {
        match test {
            Test::Registered => {
                let module = module(arguments)?.ok_or(Refusal::NoModule { verb })?;
                match registration(&module) {
                    Some(Registration::Broken) => return Err(broken(module).into()),
                    None => return Err(Error::NotAdded { module }.into()),
                    Some(_) => {}
                }
            }
            Test::NotBroken => {
                let named = module(arguments)?;
                if let Some(module) = named.filter(|module| registration(module) == Some(Registration::Broken)) {
                    return Err(broken(module).into());
                }
            }
            Test::NoAll if arguments.line.all => return Err(Refusal::AllUnsupported { verb }.into()),
            Test::OneKernel if arguments.line.kernelver.len() > 1 => {
                return Err(Refusal::OneKernel { verb, count: arguments.line.kernelver.len() }.into());
            }
            Test::Root if !rights.root && !arguments.plan => return Err(Refusal::NeedsRoot { verb }.into()),
            Test::RootToForce if arguments.line.force && !rights.root => return Err(Refusal::NeedsRoot { verb }.into()),
            Test::TreeWritable if !rights.tree_writable && !arguments.plan => {
                return Err(Refusal::TreeReadOnly { verb, tree: rights.tree.to_owned() }.into());
            }
            Test::NoAll | Test::OneKernel | Test::Root | Test::RootToForce | Test::TreeWritable => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests_of_order {
    use std::ffi::OsString;

    use dkms_engine::system::root::Root;

    use super::*;
    use crate::arguments::Place;
    use crate::command_line::{Parsed, parse};
    use crate::exit::status;

    /// Exit status of the tests alone: `broken/1` is broken, `here/1` is registered, nothing else is.
    fn tested(line: &str, may: bool) -> u8 {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let Parsed::Run(parsed) = parse(line.split(' ').map(OsString::from)) else { panic!("{line}") };
        let arguments = Arguments::resolve(*parsed, Place { root: &root, working: directory.path() }).unwrap();
        let rights = Rights { root: may, tree_writable: may, tree: Path::new("/t") };
        let registration = |module: &ModuleId| match module.name.as_str() {
            "broken" => Some(Registration::Broken),
            "here" => Some(Registration::Added),
            _ => None,
        };
        check(&arguments, rights, registration, |_| "/s".into()).map_or_else(|error| status(&error), |()| 0)
    }

    #[test]
    fn the_first_failing_test_decides() {
        for (line, unprivileged, privileged) in [
            ("remove", 1, 1),
            ("remove here", 1, 1),
            ("remove broken/1", 4, 4),
            ("remove gone/1", 3, 3),
            ("remove here/1", 1, 0),
            ("unbuild gone/1", 3, 3),
            ("unbuild here/1", 1, 0),
            ("uninstall broken/1", 4, 4),
            ("uninstall here/1", 1, 0),
            ("add --all here/1", 5, 5),
            ("add new/1", 1, 0),
            ("build --all broken/1", 5, 5),
            ("build broken/1", 4, 4),
            ("build new/1", 1, 0),
            ("install --all broken/1", 5, 5),
            ("install broken/1", 4, 4),
            ("install new/1", 1, 0),
            ("autoinstall --all", 5, 5),
            ("autoinstall -k 1 -k 2", 4, 4),
            ("autoinstall", 1, 0),
            ("match --all", 1, 5),
            ("match -k 1 -k 2", 1, 4),
            ("match", 1, 0),
            ("mktarball", 1, 1),
            ("mktarball broken/1", 4, 4),
            ("mktarball gone/1", 3, 3),
            ("mktarball here/1", 0, 0),
            ("status", 0, 0),
            ("log here/1", 0, 0),
            ("log --all here/1", 5, 5),
            ("log here/1 -k 1 -k 2", 4, 4),
            ("explain here/1 -k 1 -k 2", 0, 0),
            ("explain --all here/1", 5, 5),
            ("generate_mok", 0, 0),
            ("kernel_preinst -k 1", 1, 0),
            ("kernel_postinst -k 1", 1, 0),
            ("kernel_prerm -k 1", 1, 0),
            ("plan", 0, 0),
            ("plan install here/1", 0, 0),
        ] {
            assert_eq!((tested(line, false), tested(line, true)), (unprivileged, privileged), "{line}");
        }
    }
}
