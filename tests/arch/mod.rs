//! Suite `arch`: our packages for pacman, as makepkg makes them and as pacman installs and removes them.
//!
//! What a transaction does to modules is suite `pacman`'s business; here the packages themselves are looked at, and the
//! checker that asks before a transaction.

mod checker;
mod content;
mod machine;
mod package;

use anyhow::Result;
use testbed::layer::SUITE;

use super::parallel;
use crate::request::Request;
use crate::tally::Tally;

/// Suites with another libalpm each: 15 and 16.
const SUITES: [&str; 2] = [SUITE, "sid"];

/// Runs all checks.
pub(super) fn run(request: &Request) -> Result<Tally> {
    let mut checks: Vec<(String, &str, Check)> = Vec::new();
    for (name, check) in package::CHECKS.into_iter().chain(content::CHECKS) {
        checks.push((format!("arch/{name}"), SUITE, check));
    }
    for suite in SUITES {
        checks.extend(checker::CHECKS.map(|(name, check)| (format!("arch/{suite}/{name}"), suite, check)));
    }
    checks.retain(|(name, ..)| request.wants(name));
    // Made once, before the checks want them at the same time.
    testbed::arch::package()?;
    for suite in SUITES.into_iter().filter(|suite| checks.iter().any(|(name, ..)| name.contains(&format!("/{suite}/"))))
    {
        testbed::arch::checker(suite)?;
    }
    Ok(parallel::run(&checks, |(name, suite, check)| (name.clone(), check(suite).map(|()| Vec::new()))))
}

/// What is run in a root of a suite.
type Check = fn(&str) -> Result<()>;
