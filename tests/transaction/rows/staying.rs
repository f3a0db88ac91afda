//! S26 and S31: transactions in which nothing of ours may leave a kernel, not for a moment.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::transaction::{Environment, Scenario, Step};

/// Every module of ours, every link to one and what is kept of both, with inode and time of its last change. What leaves and
/// comes back, by whatever means, changes one of these; nothing else that happens to a file in such a transaction does.
const OBJECTS: &str = "cd /usr/lib/modules && for kernel in *; do
    find $kernel/{extra,updates,weak-updates} -name '*.ko*' -printf '%p %i %C@ %l\\n' 2> /dev/null
done; find /var/lib/dkms -name '*.ko*' -printf '%p %i %C@ %l\\n'";

/// Runs a transaction that builds nothing and moves nothing.
pub(crate) fn transaction<E: Environment>(scenario: &Scenario<E>, line: &str) -> Result<Step> {
    let objects = || -> Result<BTreeSet<String>> {
        let found = scenario.root.must(OBJECTS)?.stdout;
        Ok(found.lines().map(str::to_owned).collect())
    };
    let before = objects()?;
    scenario.expect(!before.is_empty(), || "nothing is there that could leave: the check checks nothing".into());
    let step = scenario.run(line)?;
    step.builds(scenario, 0);
    let after = objects()?;
    let left: Vec<&str> = before.difference(&after).map(String::as_str).collect();
    scenario
        .expect(left.is_empty(), || format!("`{line}` moved, or took away\n{}\n{}", left.join("\n"), step.tail(20)));
    let lines: Vec<&str> = step.said.lines().filter(|line| line.contains("dkms: removed")).collect();
    scenario.expect(lines.is_empty(), || format!("`{line}`: {lines:?}"));
    Ok(step)
}
