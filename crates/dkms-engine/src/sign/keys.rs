//! Keys are made where there are none and the rules say that we make them.
//!
//! A pair is made only if both halves are missing: a person who lost one half has, perhaps, enrolled the other one in the
//! firmware, and a new pair in its place would make every module unloadable without a word.

mod pair;

use crate::error::Error;
use crate::facts::kernel::Kernel;
use crate::setup::Setup;
use crate::signer::{self, KeyReport, Signer};
use crate::system::lock::Guard;

/// The signer of a kernel, for which a pair of keys is made where the rules say so. Once per kernel, before its builds.
///
/// # Errors
/// `Interrupted`; what else goes wrong is in the decision.
pub fn prepare(setup: &Setup, guard: &Guard, kernel: &Kernel) -> Result<Signer, Error> {
    let (mut report, mut generated) = (KeyReport::default(), false);
    let decision = signer::decide(setup, kernel, &mut report, &mut |places| {
        pair::ensure(setup, guard, places).map(|made| generated = made).map_err(|error| error.to_string())
    });
    setup.cancel.check()?;
    report.generated = generated;
    Ok(Signer { decision, report })
}

/// Only the keys: what `generate_mok` does.
///
/// # Errors
/// Whatever keeps a pair from being there afterwards.
pub fn ensure(setup: &Setup, guard: &Guard, kernel: &Kernel) -> Result<KeyReport, Error> {
    let places = signer::places(setup, kernel);
    let generated = pair::ensure(setup, guard, &places)?;
    Ok(KeyReport { program: None, key: Some(places.key), certificate: Some(places.certificate), generated })
}

#[cfg(test)]
mod tests;
