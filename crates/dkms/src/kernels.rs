//! Which kernels a line is about: pairs of release and architecture, and the checks on how many there are.

use dkms_engine::error::Error;
use dkms_engine::setup::machine::Machine;
use dkms_engine::target::KernelId;

use crate::arguments::Arguments;
use crate::command_line::CommandLine;
use crate::refusal::Refusal;
use crate::verb::Verb;

/// The kernels of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// These.
    These(Vec<KernelId>),
    /// All that the module is built for.
    AllBuilt,
}

/// The checks that need nothing but the line, in their order.
///
/// # Errors
/// `BinariesAndSource`, `ArchCount`, `KernelAndAll`, `ArchAndAll`, `KernelHookAndAll`, `OneKernel`.
pub fn check(verb: Verb, line: &CommandLine) -> Result<(), Refusal> {
    let (kernels, arches) = (line.kernelver.len(), line.arch.len());
    if line.binaries_only && line.source_only {
        return Err(Refusal::BinariesAndSource);
    }
    if arches > 1 && arches != kernels {
        return Err(Refusal::ArchCount { arches, kernels });
    }
    // Status shows everything it knows in any case.
    let all = line.all && verb != Verb::Status;
    match () {
        () if all && kernels > 0 => Err(Refusal::KernelAndAll),
        () if all && arches > 0 => Err(Refusal::ArchAndAll),
        () if all && verb.is_kernel_hook() => Err(Refusal::KernelHookAndAll { verb }),
        () if verb.is_kernel_hook() && kernels != 1 => Err(Refusal::OneKernel { verb, count: kernels }),
        () => Ok(()),
    }
}

impl Kernels {
    /// The kernels that a line names: those of `-k`, all with `--all`, otherwise the running one.
    ///
    /// # Errors
    /// `EmptyKernel`; `NameInvalid` for a release that cannot be a directory's name.
    pub fn of(arguments: &Arguments, running: &Machine) -> anyhow::Result<Self> {
        let line = &arguments.line;
        if line.all {
            return Ok(Self::AllBuilt);
        }
        let releases: Vec<&str> = match line.kernelver[..] {
            [] => vec![&running.release],
            _ => line.kernelver.iter().map(|kernel| release(kernel)).collect(),
        };
        let arches: Vec<&str> = match &line.arch[..] {
            [] => vec![&running.arch; releases.len()],
            [one] => vec![one; releases.len()],
            many => many.iter().map(String::as_str).collect(),
        };
        if releases.iter().chain(&arches).any(|part| part.is_empty()) {
            return Err(Refusal::EmptyKernel.into());
        }
        let pairs = releases.into_iter().zip(arches).map(|(release, arch)| KernelId::new(release, arch));
        Ok(Self::These(pairs.collect::<Result<Vec<_>, _>>().map_err(Error::from)?))
    }
}

/// The release in `RELEASE/ARCH`.
pub fn release(kernel: &str) -> &str {
    kernel.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use dkms_engine::system::root::Root;

    use super::*;
    use crate::arguments::Place;
    use crate::command_line::{Parsed, parse};

    fn arguments(line: &str) -> Arguments {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let Parsed::Run(parsed) = parse(line.split(' ').map(OsString::from)) else { panic!("{line}") };
        Arguments::resolve(*parsed, Place { root: &root, working: Path::new("/") }).unwrap()
    }

    #[test]
    fn global_checks() {
        use Refusal as R;
        let preinst = Verb::KernelPreinst;
        for (line, expected) in [
            ("mktarball m/v --binaries-only --source-only", Err(R::BinariesAndSource)),
            ("status --binaries-only --source-only -k 1 --all", Err(R::BinariesAndSource)),
            ("build m/v -a x -a y", Err(R::ArchCount { arches: 2, kernels: 0 })),
            ("build m/v -k 1/x -k 2/y -k 3", Err(R::ArchCount { arches: 2, kernels: 3 })),
            ("build m/v -k 1 -k 2 -a x -a y", Ok(())),
            ("build m/v -k 1 -k 2 -a x", Ok(())),
            ("remove m/v -k 1 -a x --all", Err(R::KernelAndAll)),
            ("remove m/v -a x --all", Err(R::ArchAndAll)),
            ("kernel_preinst --all", Err(R::KernelHookAndAll { verb: preinst })),
            ("kernel_preinst", Err(R::OneKernel { verb: preinst, count: 0 })),
            ("kernel_preinst -k 1 -k 2", Err(R::OneKernel { verb: preinst, count: 2 })),
            ("kernel_preinst -k 1", Ok(())),
            ("status --all -k 1", Ok(())),
            ("autoinstall", Ok(())),
        ] {
            let arguments = arguments(line);
            assert_eq!(check(arguments.verb, &arguments.line), expected, "{line}");
        }
    }

    #[test]
    fn pairs_of_release_and_architecture() {
        let running = Machine { release: "6.12".into(), arch: "x86_64".into(), processors: 1 };
        for (line, expected) in [
            ("build m/v", Some(&[("6.12", "x86_64")][..])),
            ("build m/v -k 6.1", Some(&[("6.1", "x86_64")])),
            ("build m/v -k 6.1/arm64", Some(&[("6.1", "arm64")])),
            ("build m/v -a arm64", Some(&[("6.12", "arm64")])),
            ("build m/v -k 1 -k 2 -a x", Some(&[("1", "x"), ("2", "x")])),
            ("build m/v -k 1/x -k 2/y", Some(&[("1", "x"), ("2", "y")])),
            ("build m/v -k 1/x -k 2", Some(&[("1", "x"), ("2", "x")])),
            ("remove m/v --all", None),
        ] {
            let expected = expected.map_or(Kernels::AllBuilt, |pairs| {
                Kernels::These(pairs.iter().map(|(release, arch)| KernelId::new(release, arch).unwrap()).collect())
            });
            assert_eq!(Kernels::of(&arguments(line), &running).unwrap(), expected, "{line}");
        }
        for line in ["build m/v -k ", "build m/v -k 1/", "build m/v -k 1 -a "] {
            let refusal = Kernels::of(&arguments(line), &running).unwrap_err();
            assert_eq!(refusal.downcast_ref(), Some(&Refusal::EmptyKernel), "{line}");
        }
        let invalid = Kernels::of(&arguments("build m/v -k .."), &running).unwrap_err();
        assert!(matches!(invalid.downcast_ref(), Some(Error::NameInvalid(_))), "{invalid}");
    }
}
