//! What registered modules have to say about kernels that are about to come, where a person can still say no.

use std::collections::BTreeSet;

use dkms_conf::framework::OnUnsupportedKernel;
use dkms_engine::error::Error;
use dkms_engine::forecast::{Objection, unsupported};
use dkms_engine::setup::Setup;
use dkms_engine::target::ModuleId;

/// Tells the objections to these kernel releases; `true` if the transaction is not to be begun, because there are some and
/// the administrator wants that. A module that itself `comes` in the transaction may have another opinion then, which
/// it cannot be known before it is there. `hint` is what a person can type instead.
///
/// Whatever goes wrong is reported and stops no upgrade.
pub fn forecast(
    setup: &Setup,
    releases: &BTreeSet<String>,
    comes: &dyn Fn(&ModuleId) -> bool,
    hint: &str,
    say: &mut dyn FnMut(&str),
) -> bool {
    let mut stands = false;
    for objection in releases.iter().flat_map(|release| of_kernel(setup, release, say)).collect::<Vec<_>>() {
        let Objection { module, release, .. } = &objection;
        if comes(module) {
            say(&format!(
                "{module} is upgraded together with kernel {release}: whether it supports that kernel is not known yet"
            ));
        } else {
            say(&format!("warning: {objection}"));
            stands = true;
        }
    }
    let stops = stands && setup.framework.on_unsupported_kernel() == OnUnsupportedKernel::Abort;
    if stops {
        say(&format!("error: on_unsupported_kernel in /etc/dkms/framework.conf is `abort`\nhint: {hint}"));
    }
    stops
}

fn of_kernel(setup: &Setup, release: &str, say: &mut dyn FnMut(&str)) -> Vec<Objection> {
    match unsupported(setup, release) {
        Ok(objections) => objections,
        // A directory that no kernel of ours could have is no kernel.
        Err(Error::NameInvalid(_)) => Vec::new(),
        Err(error) => {
            say(&format!("warning: cannot check whether modules support kernel {release}: {error}"));
            Vec::new()
        }
    }
}
