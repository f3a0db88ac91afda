//! The root of a scenario, with apt.

use anyhow::Result;

use super::environment::Environment;
pub(crate) use crate::transaction::Step;

/// A root in which apt runs transactions.
pub(crate) type Scenario<'a> = crate::transaction::Scenario<'a, Environment>;

impl Scenario<'_> {
    /// An apt-get transaction that counts.
    pub(crate) fn apt(&self, args: &str) -> Result<Step> {
        self.run(&apt(args))
    }
}

/// A line of bash.
pub(super) fn apt(args: &str) -> String {
    format!("apt-get -y -q --no-install-recommends {args}")
}
