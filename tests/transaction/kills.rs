//! S16: the hook is killed at many moments of a transaction, and what is run again completes it.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::audit;
use super::{Environment, Scenario};
use crate::crash::killing::{self, Moment, STEPS};

/// The first call of the hook that is meant runs under strace, which kills it at a moment; later calls are let alone.
const WRAPPER: &str = r#"#!/bin/sh
if CALL && read -r expression < /srv/kill; then
    rm /srv/kill
    exec strace -f --detach-on=execve -qq -o /srv/trace -e "trace=STEPS" -e "$expression" /usr/lib/dkms/hook.real "$@"
fi 2> /dev/null
exec /usr/lib/dkms/hook.real "$@"
"#;

/// What the end has to look like, whatever happened before; PLACE is where modules are.
const END: &str = "dkms status; cd /; find lib/modules/*/PLACE var/lib/dkms ! -name seen -printf '%p %y %l\\n' | sort; grep -h ^PLACE lib/modules/*/modules.dep";

/// What is killed, and what is run after it.
pub(crate) struct Killing<S> {
    pub(crate) start: S,
    /// It installs trunk and leaf, and calls our hook.
    pub(crate) transaction: String,
    /// What is true of the arguments of that call, as a shell asks.
    pub(crate) call: &'static str,
    /// How often it is killed.
    pub(crate) times: usize,
    /// The package manager and the hook again.
    pub(crate) again: String,
}

/// The moments at which it is killed, and the end that nobody disturbed.
pub(super) struct Kills<'a, E: Environment> {
    environment: &'a E,
    killing: Killing<E::Start>,
    moments: Vec<Moment>,
    undisturbed: String,
}

impl<'a, E: Environment> Kills<'a, E> {
    /// Runs the transaction undisturbed, and once more to count its steps.
    /// One of `share` moments is kept.
    pub(super) fn prepare(environment: &'a E, killing: Killing<E::Start>, share: usize) -> Result<Kills<'a, E>> {
        let mut kills = Kills { environment, killing, moments: Vec::new(), undisturbed: String::new() };
        let scenario = kills.scenario(&format!("trace={STEPS}"))?;
        ensure!(scenario.run(&kills.killing.transaction)?.exit == 0, "the transaction fails although nobody is killed");
        ensure!(scenario.root.bash("test -e /srv/trace")?.code == 0, "nobody called the hook");
        kills.undisturbed = scenario.root.must(&END.replace("PLACE", E::PLACE))?.stdout;
        let all = killing::moments(&scenario.root, "/srv/trace")?;
        let count = all.len();
        let times = (kills.killing.times / share).max(1);
        ensure!(count >= times, "the hook makes only {count} steps");
        let chosen = |(nth, _): &(usize, Moment)| (nth * times) / count != ((nth + 1) * times) / count;
        kills.moments = all.into_iter().enumerate().filter(chosen).map(|(_, moment)| moment).collect();
        Ok(kills)
    }

    pub(super) fn moments(&self) -> &[Moment] {
        &self.moments
    }

    fn scenario(&self, expression: &str) -> Result<Scenario<'a, E>> {
        let scenario = Scenario::new(self.environment, &self.killing.start)?;
        scenario.prepare("mv /usr/lib/dkms/hook /usr/lib/dkms/hook.real")?;
        let wrapper = WRAPPER.replace("STEPS", STEPS).replace("CALL", self.killing.call);
        scenario.prepare(&format!("cat > /usr/lib/dkms/hook << 'END'\n{wrapper}END\nchmod 0755 /usr/lib/dkms/hook; echo '{expression}' > /srv/kill"))?;
        Ok(scenario)
    }

    /// Kills at one moment of a transaction, then runs the package manager again.
    pub(super) fn kill(&self, moment: &Moment) -> Result<Vec<String>> {
        let scenario = self.scenario(&format!("inject={}:signal=KILL:when={}", moment.call, moment.nth))?;
        scenario.run(&self.killing.transaction)?;
        scenario.prepare("mv /usr/lib/dkms/hook.real /usr/lib/dkms/hook")?;
        let done: BTreeSet<String> = rows(&scenario)?;
        let again = scenario.run(&self.killing.again)?;
        again.succeeds(&scenario);
        for build in &again.counts.builds {
            let row = format!("{}/{}, {}, x86_64", build.module, build.version, build.kernel);
            scenario.expect(!done.contains(&row), || format!("{row} was finished, and built again"));
        }
        let end = scenario.root.must(&END.replace("PLACE", E::PLACE))?.stdout;
        let (found, wanted) = (lasting(&end), lasting(&self.undisturbed));
        scenario.complain(&wanted.difference(&found).map(|line| format!("missing: {line}\n")).collect::<String>());
        scenario.complain(&found.difference(&wanted).map(|line| format!("left: {line}\n")).collect::<String>());
        if wanted != found {
            scenario.complain(&scenario.root.bash("cat /var/lib/dkms/.dkms-rs/motd")?.stdout);
        }
        audit::check(&scenario)?;
        Ok(scenario.complaints())
    }
}

/// What has to be there in the end. What is kept of attempts, for `dkms log` and `dkms explain`, is written last and may be
/// lost; nothing follows from it.
fn lasting(end: &str) -> BTreeSet<&str> {
    let counts = |line: &&str| !line.contains("/.dkms-rs/attempts") || line.contains(".dkms-rs-staged-");
    end.lines().filter(counts).collect()
}

/// The pairs that are built, as `dkms status` has them.
fn rows<E: Environment>(scenario: &Scenario<E>) -> Result<BTreeSet<String>> {
    let status = scenario.root.must("dkms status")?.stdout;
    let built = status.lines().filter_map(|row| row.split_once(": ")).filter(|(_, state)| *state != "added");
    Ok(built.map(|(pair, _)| pair.to_owned()).collect())
}
