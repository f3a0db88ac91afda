//! The environment of make and of the scripts of a build, made from scratch for each build.
//!
//! Makefiles in the wild read `kernelver`, `arch`, `module`, `module_version`, `CC` and `KERNEL_CC` from it, so the names
//! are part of the contract.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use dkms_conf::module_config::ModuleConfig;
use rustix::fs::MemfdFlags;

use super::BuildOrder;
use crate::error::Error;
use crate::facts::compiler::Compiler;
use crate::layout::SHELL;
use crate::setup::Setup;
use crate::system::lock;
use crate::target::KernelId;

/// A module that this one was built against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Its table of exported symbols, if it has one.
    pub(crate) symvers: Option<PathBuf>,
}

/// What is installed of BUILD_DEPENDS for a kernel. That nothing is missing was seen to by the plan.
pub(super) fn dependencies(setup: &Setup, config: &ModuleConfig, kernel: &KernelId) -> Vec<Dependency> {
    let installed = |name: &String| {
        let active = setup.layout.active_link(name, kernel);
        let version = setup.root.read_link(&active)?.components().next()?.as_os_str().to_str()?.to_owned();
        let symvers = Some(active.join("module/Module.symvers")).filter(|path| setup.root.is_file(path));
        Some(Dependency { name: name.clone(), version, symvers })
    };
    config.build_depends.iter().filter_map(installed).collect()
}

/// All variables, but those of make's jobserver.
pub(super) fn of_build(
    setup: &Setup,
    order: &BuildOrder,
    compiler: &Compiler,
    dependencies: &[Dependency],
) -> Result<BTreeMap<OsString, OsString>, Error> {
    let mut variables = setup.environment.for_children(&setup.root);
    let mut set = |name: &str, value: &str| variables.insert(name.into(), value.into());
    for name in ["CC", "KERNEL_CC"] {
        compiler.cc.as_ref().map(|cc| set(name, cc));
    }
    for name in ["LD", "KERNEL_LD"] {
        compiler.ld.as_ref().map(|ld| set(name, ld));
    }
    let symvers: Vec<&str> = dependencies.iter().filter_map(|one| one.symvers.as_ref()?.to_str()).collect();
    if !symvers.is_empty() {
        set("KBUILD_EXTRA_SYMBOLS", &symvers.join(" "));
    }
    set(lock::HELD, "1");
    let target = &order.target;
    for (name, value) in crate::script::variables(&target.module, Some(&target.kernel), &order.config.exported) {
        variables.insert(name.into(), value.into());
    }
    match setup.framework.build_environment(&target.kernel.release) {
        Some(file) if setup.root.is_file(Path::new(&file)) => sourced(setup, Path::new(&file), variables),
        _ => Ok(variables),
    }
}

/// What is exported after a shell has read the administrator's file (`build_environment`), which is run as it is: it may
/// choose a compiler, or enter a toolset. What it prints is dropped.
fn sourced(
    setup: &Setup,
    file: &Path,
    variables: BTreeMap<OsString, OsString>,
) -> Result<BTreeMap<OsString, OsString>, Error> {
    let memory = rustix::fs::memfd_create(c"environment", MemfdFlags::CLOEXEC).map_err(Error::os("open", file))?;
    let copy = memory.try_clone().map_err(Error::io("open", file))?;
    let (tool, number) = setup.tool(SHELL)?.envs(variables).hand(copy);
    let script = format!("source \"$1\" >/dev/null 2>&1; env -0 >&{number}");
    let captured = tool.arg("-c").arg(script).arg("build_environment").arg(file).capture()?;
    captured.finished.require(captured.complaint())?;
    let mut text = Vec::new();
    let mut memory = std::fs::File::from(memory);
    std::io::Seek::rewind(&mut memory)
        .and_then(|()| std::io::Read::read_to_end(&mut memory, &mut text))
        .map_err(Error::io("read", file))?;
    let pairs = text.split(|byte| *byte == 0).filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((OsStr::from_bytes(&pair[..at]).to_owned(), OsString::from_vec(pair[at + 1..].to_vec())))
    });
    // The shell's own doings.
    Ok(pairs.filter(|(name, _)| name != "_" && name != "SHLVL").collect())
}
