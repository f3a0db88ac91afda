//! What is kept of failed builds, so that they are not repeated for nothing, and their logs, so that people find them.

use std::path::Path;

use dkms_conf::module_config::ModuleConfig;

use super::attempts::{self, Reason};
use super::log_copy;
use crate::build::{self, Failed};
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::plan::Operation;
use crate::record::{self, FailureRecord, Format};
use crate::register;
use crate::report::{Outcome, Report};
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;
use crate::target::{ModuleId, Target};

/// Keeps why a build failed, and its log; gives the error on.
///
/// A failure is only recorded if it lies in the module: what is the machine's fault (a full disk, a missing compiler) or
/// a person's wish (a signal) would otherwise keep a module from being built for ever.
pub(super) fn remember(
    setup: &Setup,
    guard: &Guard,
    target: &Target,
    inputs: Option<(&ModuleConfig, Fingerprint)>,
    reason: Reason,
    failed: Failed,
) -> Error {
    let of_the_module = failed.error.is_of_the_module() && !failed.of_the_machine;
    if let Some((config, fingerprint)) = inputs.filter(|_| of_the_module) {
        let record = FailureRecord {
            format: Format,
            fingerprint,
            config: config.clone(),
            message: failed.error.clause(),
            status: failed.status,
            first_error: failed.diagnosis.text(),
            advice: failed.diagnosis.advice.clone(),
            duration_ms: u64::try_from(failed.duration.as_millis()).unwrap_or(u64::MAX),
            asked_by: setup.options.asked_by.clone(),
        };
        let path = setup.layout.failed(target).join("record.json");
        if let Err(error) = record::store(guard.root(), &path, &record) {
            log::warn!("the failure of {target} is not remembered: {error}");
        }
    }
    // An attempt that ended before it had a log replaces none.
    let Some(log) = &failed.log else { return failed.error };
    attempts::set_aside(setup, guard, target);
    match keep_logs(setup, guard, target, log, failed.config_log.as_deref()) {
        Ok(()) => attempts::note(setup, guard, target, reason.failed(setup, &failed)),
        Err(error) => log::warn!("the log of {target} is not kept: {error}"),
    }
    failed.error
}

/// The log, and what autoconf logged; one that an earlier attempt left does not stay.
fn keep_logs(
    setup: &Setup,
    guard: &Guard,
    target: &Target,
    log: &Path,
    config_log: Option<&Path>,
) -> Result<(), Error> {
    log_copy::keep(guard.root(), log, &setup.layout.failed_log(target))?;
    let kept = build::kept_config_log(setup, target);
    match config_log {
        Some(log) => {
            let end = build::config_log_end(&setup.root, log)?;
            Staged::file(guard.root(), &kept, &end, 0o644)?.publish()
        }
        None => guard.root().remove_file(&kept),
    }
}

/// Shows the logs of this run's failures at `T/M/V/build/make.log`: at the end, because each build that succeeds clears
/// that place.
pub(super) fn show_logs(setup: &Setup, guard: &Guard, report: &Report) {
    for entry in &report.entries {
        let (Outcome::Failed { operation: Operation::Build, .. }, Some(kernel)) = (&entry.outcome, &entry.kernel)
        else {
            continue;
        };
        let kept = setup.layout.failed_log(&Target::new(entry.module.clone(), kernel.clone()));
        if setup.root.is_file(&kept) {
            if let Err(error) = register::link_failed_log(setup, guard, &entry.module, &kept) {
                log::warn!("the log of {} is only at `{}`: {error}", entry.module, kept.display());
            }
        }
    }
}

/// Forgets why a target failed.
pub(super) fn forget(setup: &Setup, guard: &Guard, target: &Target) -> Result<(), Error> {
    let (root, layout) = (guard.root(), &setup.layout);
    let failed = layout.failed(target);
    root.remove_tree(&failed)?;
    if let Some(parent) = failed.parent() {
        root.remove_empty_parents(parent, &layout.state());
    }
    hide_log(setup, guard, &target.module)
}

/// Forgets all failures of a module version.
pub(super) fn forget_all(setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<(), Error> {
    let failures = setup.layout.failed_module(module);
    guard.root().remove_tree(&failures)?;
    if let Some(parent) = failures.parent() {
        guard.root().remove_empty_parents(parent, &setup.layout.state());
    }
    Ok(())
}

/// `T/M/V/build` goes when no failure of the version is left that it could show; a mount on it keeps it.
fn hide_log(setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<(), Error> {
    let (root, layout) = (guard.root(), &setup.layout);
    if root.exists(&layout.failed_module(module)) {
        return Ok(());
    }
    let log = layout.build(module).join("make.log");
    if root.is_link(&log) { root.remove_file(&log) } else { Ok(()) }
}
