//! The source of a module comes or goes.

use std::collections::BTreeSet;
use std::path::Path;

use dkms_conf::Strictness;

use crate::archive::{self, LoadOptions};
use crate::error::Error;
use crate::facts::conf::{self, Wanted};
use crate::facts::kernel::Kernel;
use crate::facts::retiring::retiring;
use crate::facts::tree::registration;
use crate::facts::{Registration, kernels};
use crate::install::Session;
use crate::layout::NO_AUTOINSTALL;
use crate::register;
use crate::run::{Observer, Progress, Writer};
use crate::setup::Setup;
use crate::target::{KernelId, ModuleId};
use crate::transaction::{self, Owner, Packages, Touched, Wish, conf_of};

/// Registers what came, and notes that it is to go what went. Gives what went wrong with one of them.
///
/// # Errors
/// What keeps all of them from being seen to.
pub(super) fn follow(
    setup: &Setup,
    touched: &Touched,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<Vec<Error>, Error> {
    if touched.sources.is_empty() {
        return Ok(Vec::new());
    }
    // Of thousands of paths few lead to something: one look at the directory is less than a look at each.
    let sources = names_in(setup, &setup.layout.source)?;
    let is_there =
        |source: &&String| sources.contains(source.as_str()) && setup.root.is_file(&conf_of(&setup.layout, source));
    let (came, went): (Vec<&String>, Vec<&String>) = touched.sources.iter().partition(is_there);
    let mut troubles = Vec::new();
    for source in came {
        let registered = name(setup, source).and_then(|module| register(setup, &module, None, writer, observer));
        match registered {
            Err(error @ (Error::Interrupted { .. } | Error::Nested)) => return Err(error),
            other => troubles.extend(other.err()),
        }
    }
    retire(setup, went.into_iter(), None, writer, observer)?;
    Ok(troubles)
}

/// What was to go and is here again, though its package did not say so: its upgrade or removal was broken off, or it was
/// never meant. What a package that is gone took with it is not here again, even if it left the source behind.
///
/// # Errors
/// As [`register::add`].
pub(super) fn come_back(
    setup: &Setup,
    packages: &dyn Packages,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let is_back = |module: &&ModuleId| {
        setup.root.is_file(&conf_of(&setup.layout, &module.dashed()))
            && transaction::removed_with(setup, module).is_none_or(|package| packages.is_installed(&package))
    };
    for module in retiring(setup)?.iter().filter(is_back) {
        register(setup, module, None, writer, observer)?;
    }
    Ok(())
}

/// Notes that the modules of these source directories are to go: for good, unless another version follows.
///
/// # Errors
/// `Io`, and what keeps us from writing.
pub(super) fn retire<'a>(
    setup: &Setup,
    sources: impl Iterator<Item = &'a String>,
    owner: Option<Owner>,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<(), Error> {
    let mut sources = sources.peekable();
    if sources.peek().is_none() {
        return Ok(());
    }
    let (known, in_tree) = (retiring(setup)?, names_in(setup, &setup.layout.tree)?);
    // Whose transaction it is may be news.
    let is_new = |module: &ModuleId| owner.is_some() || !known.contains(module);
    let is_registered = |module: &ModuleId| {
        in_tree.contains(module.name.as_str()) && registration(setup, module).is_some() && is_new(module)
    };
    for module in sources.flat_map(|source| names(source)).filter(is_registered) {
        let (guard, _) = writer.guard(setup, observer)?;
        transaction::retire(setup, guard, &module, owner.map_or(Wish::Upgrade, Wish::Transaction))?;
    }
    Ok(())
}

fn names_in(setup: &Setup, directory: &Path) -> Result<BTreeSet<String>, Error> {
    Ok(setup.root.list(directory)?.into_iter().filter_map(|(name, _)| name.into_string().ok()).collect())
}

/// All modules that a source directory can be of: both names may have dashes in them.
fn names(source: &str) -> impl DoubleEndedIterator<Item = ModuleId> {
    source.match_indices('-').filter_map(|(at, _)| ModuleId::new(&source[..at], &source[at + 1..]).ok())
}

/// The module that a source directory is of: the registered one, else the one that its configuration names if the
/// directory is called so, else what is before and after the last dash.
fn name(setup: &Setup, source: &str) -> Result<ModuleId, Error> {
    let is_registered = |module: &ModuleId| registration(setup, module) == Some(Registration::Added);
    if let Some(module) = names(source).find(is_registered) {
        return Ok(module);
    }
    let (directory, path) = (setup.layout.source.join(source), conf_of(&setup.layout, source));
    let kernel = any_kernel(setup)?;
    let (directory, path) = (Some(directory.as_path()), Some(path.as_path()));
    let wanted = Wanted { source: directory, path, module: None, kernel: &kernel, strictness: Strictness::Always };
    let named = conf::evaluate_in_shell(setup, &conf::Files::default(), &wanted)
        .and_then(|own| Ok(ModuleId::new(&own.config.package_name, &own.config.package_version)?));
    match named {
        Ok(module) if module.dashed() == source => Ok(module),
        Err(error @ Error::Interrupted { .. }) => Err(error),
        // Registering it by the name of its directory will say what is wrong with its configuration.
        other => names(source).next_back().map_or_else(|| other.and(Ok(ModuleId::new(source, "")?)), Ok),
    }
}

/// Registers what a package brought, unless it is registered. Gives whether it may be built now: while the
/// administrator wants nothing of that, nothing new is registered.
pub(super) fn register(
    setup: &Setup,
    module: &ModuleId,
    archive: Option<&Path>,
    writer: &mut Writer,
    observer: &mut dyn Observer,
) -> Result<bool, Error> {
    let retires = retiring(setup)?.contains(module);
    let is_registered = registration(setup, module) == Some(Registration::Added);
    let is_off = setup.root.exists(Path::new(NO_AUTOINSTALL));
    if is_off || (archive.is_none() && is_registered) {
        // A script of its package may have registered it again since it was to go.
        if retires {
            let (guard, _) = writer.guard(setup, observer)?;
            register::reinstate(setup, guard, module)?;
        } else if !is_registered {
            log::warn!("{module} is not registered while `{NO_AUTOINSTALL}` exists");
        }
        return Ok(!is_off);
    }
    let kernel = any_kernel(setup)?;
    let (guard, _) = writer.guard(setup, observer)?;
    let mut listener = |event| observer.progress(Progress::Installing(&event));
    let mut session = Session::new(setup, guard, &mut listener);
    match archive {
        Some(archive) => {
            // Packages are installed again with the archive that they brought before.
            archive::load(&mut session, archive, &kernel, LoadOptions { force: true, accept_same: true })?;
        }
        None => {
            let added = register::add(&mut session, module, &kernel, None)?;
            if let Some(status) = added.post_add.filter(|status| *status != 0) {
                log::warn!("POST_ADD of `{module}` failed with status {status}");
            }
        }
    }
    register::reinstate(setup, guard, module)?;
    Ok(true)
}

/// A configuration may ask for a kernel; while a module is registered any will do.
fn any_kernel(setup: &Setup) -> Result<Kernel, Error> {
    let any = kernels::served(setup)?.into_iter().next_back();
    Kernel::gather(setup, &any.map_or_else(|| KernelId::new("none", &setup.machine.arch), Ok)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_directory_is_named_by_its_configuration_or_its_last_dash() {
        let (_directory, setup) = testing::setup();
        let name = |source: &str, conf: &str| {
            testing::write(&setup, &format!("/usr/src/{source}/dkms.conf"), conf);
            name(&setup, source).map(|module| module.to_string())
        };
        let conf = "PACKAGE_NAME=a\nPACKAGE_VERSION=1-2\n";
        assert_eq!(name("a-1-2", conf).unwrap(), "a/1-2");
        assert_eq!(name("b-c-3", conf).unwrap(), "b-c/3");
        assert_eq!(name("b-c-4", "if").unwrap(), "b-c/4");
        assert!(name("plain", conf).is_err());
    }
}
