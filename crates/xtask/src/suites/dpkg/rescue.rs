//! Transactions that are cut off, or that nobody but dpkg runs.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

use super::ground::Ground;
use super::ground::Kernel::{Newer, Older};
use super::scenario::Scenario;
use super::stage::Stage;
use super::{audit, made};
use crate::suites::crash::killing::{self, Moment, STEPS};

/// How often S16 kills.
const KILLS: usize = 20;

/// The first call of the hook by a trigger runs under strace, which kills it at a moment; later calls are let alone.
const WRAPPER: &str = r#"#!/bin/sh
if [ "$1" = triggered ] && read -r expression < /srv/kill; then
    rm /srv/kill
    exec strace -f --detach-on=execve -qq -o /srv/trace -e "trace=STEPS" -e "$expression" /usr/lib/dkms/hook.real "$@"
fi 2> /dev/null
exec /usr/lib/dkms/hook.real "$@"
"#;

/// What the end has to look like, whatever happened before.
const END: &str = "dkms status; cd /; find lib/modules/*/updates var/lib/dkms -printf '%p %y %l\\n' | sort; grep -h ^updates lib/modules/*/modules.dep";

/// S16: the moments at which it is killed, and the end that nobody disturbed.
pub(super) struct Kills<'a> {
    ground: &'a Ground,
    row: &'a Scenario,
    moments: Vec<Moment>,
    undisturbed: String,
}

impl<'a> Kills<'a> {
    /// Runs the transaction undisturbed, and once more to count its steps.
    pub(super) fn prepare(ground: &'a Ground, row: &'a Scenario) -> Result<Kills<'a>> {
        let mut kills = Kills { ground, row, moments: Vec::new(), undisturbed: String::new() };
        let stage = kills.stage(&format!("trace={STEPS}"))?;
        ensure!(stage.apt(&transaction())?.exit == 0, "the transaction fails although nobody is killed");
        ensure!(stage.root.bash("test -e /srv/trace")?.code == 0, "no trigger called the hook");
        kills.undisturbed = stage.root.must(END)?.stdout;
        let all = killing::moments(&stage.root, "/srv/trace")?;
        let count = all.len();
        ensure!(count >= KILLS, "the hook makes only {count} steps");
        let chosen = |(nth, _): &(usize, Moment)| (nth * KILLS) / count != ((nth + 1) * KILLS) / count;
        kills.moments = all.into_iter().enumerate().filter(chosen).map(|(_, moment)| moment).collect();
        Ok(kills)
    }

    pub(super) fn moments(&self) -> &[Moment] {
        &self.moments
    }

    fn stage(&self, expression: &str) -> Result<Stage<'a>> {
        let stage = Stage::new(self.ground, &self.row.start)?;
        stage.prepare("mv /usr/lib/dkms/hook /usr/lib/dkms/hook.real")?;
        let wrapper = WRAPPER.replace("STEPS", STEPS);
        stage.prepare(&format!("cat > /usr/lib/dkms/hook << 'END'\n{wrapper}END\nchmod 0755 /usr/lib/dkms/hook; echo '{expression}' > /srv/kill"))?;
        Ok(stage)
    }

    /// Kills at one moment of a transaction, then runs the package manager again.
    pub(super) fn kill(&self, moment: &Moment) -> Result<Vec<String>> {
        let stage = self.stage(&format!("inject={}:signal=KILL:when={}", moment.call, moment.nth))?;
        stage.apt(&transaction())?;
        stage.prepare("mv /usr/lib/dkms/hook.real /usr/lib/dkms/hook")?;
        let done: BTreeSet<String> = rows(&stage)?;
        let again = stage.run(
            "dpkg --configure -a && apt-get -y -q -f install && /usr/lib/dkms/hook triggered '/usr/src /lib/modules /usr/lib/modules'",
        )?;
        again.succeeds(&stage);
        for build in &again.counts.builds {
            let row = format!("{}/{}, {}, x86_64", build.module, build.version, build.kernel);
            stage.expect(!done.contains(&row), || format!("{row} was finished, and built again"));
        }
        let end = stage.root.must(END)?.stdout;
        let (found, wanted): (BTreeSet<&str>, BTreeSet<&str>) =
            (end.lines().collect(), self.undisturbed.lines().collect());
        stage.complain(&wanted.difference(&found).map(|line| format!("missing: {line}\n")).collect::<String>());
        stage.complain(&found.difference(&wanted).map(|line| format!("left: {line}\n")).collect::<String>());
        if wanted != found {
            stage.complain(&stage.root.bash("cat /var/lib/dkms/.dkms-rs/motd")?.stdout);
        }
        audit::check(&stage)?;
        Ok(stage.complaints())
    }
}

fn transaction() -> String {
    format!("install {} {}", made::TRUNK, made::LEAF)
}

/// The pairs that are built, as `dkms status` has them.
fn rows(stage: &Stage) -> Result<BTreeSet<String>> {
    let status = stage.root.must("dkms status")?.stdout;
    let built = status.lines().filter_map(|row| row.split_once(": ")).filter(|(_, state)| *state != "added");
    Ok(built.map(|(pair, _)| pair.to_owned()).collect())
}

/// dpkg itself dies while something is built, and is run again.
pub(super) fn interrupted(stage: &Stage) -> Result<()> {
    let line = format!("{} {}", stage.ground.install(Newer), made::TWIG);
    stage.run(&format!(
        "apt-get -y -q --no-install-recommends {line} &
         while kill -0 $! && ! [ -s /var/log/counted/make ]; do sleep 0.1; done
         pkill -KILL -x apt-get; pkill -KILL -x dpkg
         pkill -KILL -f '[/]usr/lib/dkms'; pkill -KILL -f '[/]var/lib/dpkg/info'
         wait; sleep 1; true"
    ))?;
    stage.run("dpkg --configure -a && apt-get -y -q -f install")?.succeeds(stage);
    let newer = stage.ground.release(Newer);
    stage.expect_state("acpi-call", newer, Some("installed"))?;
    for kernel in [stage.ground.release(Older), newer] {
        stage.expect_state("twig", kernel, Some("installed"))?;
    }
    super::image::holds(stage, newer, "acpi_call")
}

/// Without apt: one call for each package, and unpacking apart from configuring.
pub(super) fn bare(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    let step = stage.run(&format!("dpkg -i {}", made::TWIG))?;
    step.builds(stage, 1);
    let files = stage.ground.files(&stage.ground.install(Newer));
    let unpacked = stage.run(&format!("dpkg --unpack {files}"))?;
    let configured = stage.run("dpkg --configure -a")?;
    unpacked.succeeds(stage);
    configured.succeeds(stage);
    let builds = unpacked.counts.builds.len() + configured.counts.builds.len();
    stage.expect(builds == 2, || format!("{builds} builds while the kernel was unpacked and configured, not 2"));
    for module in ["acpi-call", "twig"] {
        stage.expect_state(module, newer, Some("installed"))?;
    }
    super::image::holds(stage, newer, "twig")
}
