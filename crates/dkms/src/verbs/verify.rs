//! `dkms verify`: whether each kernel will have its modules when it boots, why not, and the command that mends it.
//!
//! Ends with 0 only if all is well, with 1 if something will not work, and with 2 if something cannot be told.

mod text;

use std::collections::BTreeSet;

use anyhow::Result;
use dkms_engine::error::Error;
use dkms_engine::facts::kernels;
use dkms_engine::plan::Goal;
use dkms_engine::run;
use dkms_engine::target::KernelId;
use dkms_engine::verify::{Scope, Verification};

use crate::exit::{self, Reported};
use crate::kernels::release;
use crate::refusal::Refusal;
use crate::session::Session;

pub(super) fn run(session: &Session) -> Result<()> {
    let (setup, line) = (&session.setup, &session.arguments.line);
    let releases: Vec<String> = line.kernelver.iter().map(|kernel| release(kernel).to_owned()).collect();
    let mut served = kernels::served(setup)?;
    if line.all_kernels {
        let all = kernels::installed(setup)?.into_iter();
        let ids = all.map(|kernel| KernelId::new(&kernel.release, &setup.machine.arch));
        served.extend(ids.collect::<Result<BTreeSet<_>, _>>()?);
    }
    for named in &releases {
        // A person may ask about a kernel that modules are not kept for, if it is there.
        let (kernel, path) = (KernelId::new(named, &setup.machine.arch)?, kernels::directory(setup, named));
        if !setup.root.is_dir(&path) {
            return Err(Error::KernelMissing { kernel, path }.into());
        }
        served.insert(kernel);
    }
    let goal = Goal::Reconciled { kernels: served, waiting: BTreeSet::new() };
    let (facts, plan) = run::look(setup, &goal)?;
    let (name, version) = (session.arguments.name.clone(), session.arguments.version.clone());
    if let Some(name) = name.as_ref().filter(|name| !facts.registers(name)) {
        return Err(Refusal::NotRegistered { name: name.clone() }.into());
    }
    let scope = Scope { releases, next_boot: line.next_boot, name, version };
    let found = Verification::of(setup, &facts, &plan, &scope)?;
    if line.json {
        session.output.line(&serde_json::to_string_pretty(&found)?)?;
    } else {
        session.output.write(&text::text(&found, line.next_boot))?;
    }
    let lacks_next = line.next_boot && found.next_boot.is_none();
    match (found.has_problems(), found.has_unknown() || lacks_next) {
        (true, _) => Err(Reported(exit::WILL_NOT_WORK).into()),
        (false, true) => Err(Reported(exit::CANNOT_TELL).into()),
        (false, false) => Ok(()),
    }
}
