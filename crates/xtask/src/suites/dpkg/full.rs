//! S25: no room where something has to be written.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::made;
use super::stage::Stage;

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

/// On the tree of dkms.
pub(super) fn tree(stage: &Stage) -> Result<()> {
    upgrade(stage, "/var/lib/dkms", true)
}

/// On the directory of one kernel's modules; the other kernel is served.
pub(super) fn modules(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    upgrade(stage, &format!("/lib/modules/{newer}/updates"), true)
}

/// On the temporary directory, which nobody has to need.
pub(super) fn temporary(stage: &Stage) -> Result<()> {
    upgrade(stage, "/tmp", false)
}

fn upgrade(stage: &Stage, place: &str, needed: bool) -> Result<()> {
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    stage.prepare(&format!("place={place}\n{FILL}"))?;
    // apt needs /tmp for itself; dpkg does not.
    let step = stage.run(&format!("dpkg -i {}", made::TWIG_NEXT))?;
    step.succeeds(stage);
    let complete = |row: &str, status: &str| status.lines().any(|line| line == row);
    let status = stage.root.must("dkms status")?.stdout;
    for kernel in kernels {
        let usable = stage.root.bash(&format!("modinfo -k {kernel} -F vermagic twig"))?.stdout;
        stage.expect(usable.starts_with(kernel.as_str()), || {
            format!("twig for {kernel} is not usable any more: {usable}")
        });
    }
    let missing = kernels.iter().any(|kernel| !complete(&format!("twig/1.1, {kernel}, x86_64: installed"), &status));
    stage.expect(!needed || missing, || format!("{place} was full, and nothing failed: the check checks nothing"));
    if missing {
        step.reports(stage, &["twig", "No space left"]);
    }
    stage.prepare(&format!("place={place}; {ROOM}"))?;
    if stage.is_ours() {
        stage.run("/usr/lib/dkms/hook triggered '/usr/src /lib/modules /usr/lib/modules'")?.succeeds(stage);
    }
    for kernel in kernels {
        stage.expect_row(&format!("twig/1.1, {kernel}, x86_64: installed"))?;
    }
    Ok(())
}
