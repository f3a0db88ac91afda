//! `dkms module_postinst`: what the package of a module calls when it was installed or upgraded.
//!
//! It registers the module and, if its AUTOINSTALL is on, installs it for the kernels that the configuration chooses. What
//! is installed already stays until its successor was built. A kernel that the module does not build for is told and does
//! not fail the package, unless the administrator wants that.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use dkms_conf::version::compare;
use dkms_engine::facts::kernels::installed;
use dkms_engine::layout::{BOOT, NO_AUTOINSTALL};
use dkms_engine::plan::{Goal, Request};
use dkms_engine::run::{self, Writer};
use dkms_engine::target::{KernelId, ModuleId, Target};
use indicatif::MultiProgress;

use crate::arguments::Origin;
use crate::session::Session;
use crate::watch::Watcher;
use crate::{conclusion, goal, preconditions, registration};

pub(super) fn run(session: &Session, progress: &MultiProgress) -> Result<()> {
    let setup = &session.setup;
    if setup.root.exists(Path::new(NO_AUTOINSTALL)) {
        return Ok(session.output.line(&format!("nothing is done while `{NO_AUTOINSTALL}` exists"))?);
    }
    let Some(module) = preconditions::module(&session.arguments)? else { return Ok(()) };
    let mut writer = Writer::default();
    let mut watcher = Watcher::new(session, progress, false);
    if let Some(Origin::Archive(path)) = &session.arguments.origin {
        super::ldtarball::load(session, &mut watcher, &mut writer, path)?;
    } else if setup.root.is_dir(&setup.layout.source_tree(&module)) {
        registration::by_name(session, &mut watcher, &mut writer, module.clone(), false)?;
    }
    let kernels = kernels(session)?;
    if kernels.is_empty() {
        let advice = "it is built when the headers of a kernel are installed";
        return Ok(session
            .output
            .line(&format!("{module} is built for no kernel: no headers are installed; {advice}"))?);
    }
    let targets: Vec<Target> = kernels.into_iter().map(|kernel| Target::new(module.clone(), kernel)).collect();
    let targets = wanted(session, &module, targets)?;
    if targets.is_empty() {
        return Ok(());
    }
    let goal = Goal::Installed(Request { targets, force: false });
    let report = super::carry_out(session, progress, &mut writer, &goal)?;
    conclusion::of(session, &report, &super::kernels(&goal))
}

/// The targets whose configuration says AUTOINSTALL; one that cannot be read is kept, so that it is told.
fn wanted(session: &Session, module: &ModuleId, targets: Vec<Target>) -> Result<Vec<Target>> {
    let goal = Goal::Installed(Request { targets: targets.clone(), force: false });
    let (facts, _) = run::look(&session.setup, &goal)?;
    let config = |target: &Target| facts.targets.get(target).and_then(|known| known.config());
    let wanted: Vec<Target> =
        targets.into_iter().filter(|target| config(target).is_none_or(|config| config.autoinstall)).collect();
    if wanted.is_empty() {
        session.output.line(&format!("{module} is registered; it is not built, because its AUTOINSTALL is off"))?;
    }
    Ok(wanted)
}

/// All kernels with headers if the configuration says so. Otherwise the running and the newest one; where the running one
/// is not installed (an image is being made), all for a first installation and the newest for an upgrade.
fn kernels(session: &Session) -> Result<Vec<KernelId>> {
    let setup = &session.setup;
    let with_headers = goal::with_headers(session, &setup.machine.arch)?;
    let mut kernels: Vec<KernelId> =
        with_headers.into_iter().filter(|kernel| !kernel.release.contains("BOOT")).collect();
    kernels.sort_by(|one, other| compare(&one.release, &other.release));
    if setup.framework.autoinstall_all_kernels() {
        return Ok(kernels);
    }
    let running = installed(setup)?.iter().any(|kernel| kernel.release == setup.machine.release);
    let newest = newest_in_boot(session)?.or_else(|| kernels.last().map(|kernel| kernel.release.clone()));
    let mut chosen: BTreeSet<String> = newest.into_iter().collect();
    match (running, session.arguments.line.upgrade) {
        (true, _) => drop(chosen.insert(setup.machine.release.clone())),
        (false, true) => {}
        (false, false) => return Ok(kernels),
    }
    kernels.retain(|kernel| chosen.contains(&kernel.release));
    Ok(kernels)
}

/// The highest release that `/boot` has a configuration of, if it has a module directory.
fn newest_in_boot(session: &Session) -> Result<Option<String>> {
    let setup = &session.setup;
    let names = setup.root.list(Path::new(BOOT))?.into_iter();
    let releases = names.filter_map(|(name, _)| Some(name.to_str()?.strip_prefix("config-")?.to_owned()));
    let newest = releases.max_by(|one, other| compare(one, other));
    Ok(newest.filter(|release| setup.root.is_dir(&setup.layout.kernel(release))))
}
