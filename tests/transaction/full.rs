//! S25: no room where something has to be written.

use anyhow::Result;

use super::{Environment, Scenario};

/// A small file system in the place of a directory, with what the directory held, and filled to the last block.
const FILL: &str = r#"
set -e
mkdir -p "$place" /srv/keep
cp -a "$place/." /srv/keep/
mount -t tmpfs -o mode=$(stat -c %a "$place"),size=$(($(du -sk "$place" | cut -f 1) + 64))k tmpfs "$place"
cp -a /srv/keep/. "$place/"
rm -r /srv/keep
cat /dev/zero > "$place/.filling" 2> /dev/null || true
"#;

/// What a person does about it.
const ROOM: &str = "rm \"$place/.filling\"; mount -o remount,size=64m \"$place\"";

/// The upgrade of module twig from 1.0 to 1.1 for two kernels.
pub(crate) struct Upgrade<'a> {
    /// The transaction.
    pub(crate) line: String,
    /// What a person runs when there is room again.
    pub(crate) again: &'a str,
    pub(crate) kernels: [&'a String; 2],
}

/// Plays it with `place` full, where nothing can fail unless it is needed, and once more with room.
pub(crate) fn play<E: Environment>(scenario: &Scenario<E>, upgrade: &Upgrade, place: &str, needed: bool) -> Result<()> {
    let Upgrade { line, again, kernels } = upgrade;
    scenario.prepare(&format!("place={place}\n{FILL}"))?;
    let step = scenario.run(line)?;
    step.succeeds(scenario);
    let complete = |row: &str, status: &str| status.lines().any(|line| line == row);
    let status = scenario.root.must("dkms status")?.stdout;
    for kernel in kernels {
        let usable = scenario.root.bash(&format!("modinfo -k {kernel} -F vermagic twig"))?.stdout;
        scenario.expect(usable.starts_with(kernel.as_str()), || {
            format!("twig for {kernel} is not usable any more: {usable}")
        });
    }
    let missing = kernels.iter().any(|kernel| !complete(&format!("twig/1.1, {kernel}, x86_64: installed"), &status));
    scenario.expect(!needed || missing, || format!("{place} was full, and nothing failed: the check checks nothing"));
    if missing {
        step.reports(scenario, &["twig", "No space left"]);
    }
    scenario.prepare(&format!("place={place}; {ROOM}"))?;
    if scenario.is_ours() {
        scenario.run(again)?.succeeds(scenario);
    }
    for kernel in kernels {
        scenario.expect_row(&format!("twig/1.1, {kernel}, x86_64: installed"))?;
    }
    Ok(())
}
