//! What is left for people and programs that were not there when the transaction ran.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::made;
use super::stage::Stage;

/// journald needs no more than this to run beside a package manager.
const JOURNALD: &str = "
set -e
mount -t cgroup2 none /sys/fs/cgroup 2> /dev/null || mount -t tmpfs none /sys/fs/cgroup
systemd-machine-id-setup 2> /dev/null
mkdir -p /run/log/journal
/usr/lib/systemd/systemd-journald < /dev/null > /dev/null 2>&1 &
for i in $(seq 100); do [ ! -S /run/systemd/journal/socket ] || exit 0; sleep 0.1; done
exit 1
";

/// What a person sees who logs in.
const LOGIN: &str = "timeout 20 pamtester login root open_session < /dev/null";

/// Says who runs, and that it has the module twig loaded; the headers are those of another kernel under its name.
const RUNNING: &str = r#"
set -e
running=$(uname -r)
cp -a "/usr/src/linux-headers-$older" "/usr/src/linux-headers-$running"
sed -i "s/$older/$running/" "/usr/src/linux-headers-$running/include/generated/utsrelease.h"
echo "$running" > "/usr/src/linux-headers-$running/include/config/kernel.release"
mkdir -p "/lib/modules/$running/kernel"
touch "/lib/modules/$running/modules.order" "/lib/modules/$running/modules.builtin"
ln -s "/usr/src/linux-headers-$running" "/lib/modules/$running/build"
mount -t tmpfs tmpfs /sys/module
"#;

/// A problem is in the journal and in the message of the day, until there is none.
pub(super) fn told(stage: &Stage) -> Result<()> {
    stage.prepare(JOURNALD)?;
    let newer = stage.ground.release(Newer);
    stage.apt(&stage.ground.install(Newer))?.succeeds(stage);
    let line = format!("picky/1.0 does not work on {newer}");
    for reader in ["journalctl --sync; journalctl -q -t dkms -p err -o cat --no-pager", LOGIN] {
        let seen = stage.root.bash(reader)?.stdout;
        stage.expect(seen.contains(&line), || format!("`{reader}` does not say `{line}` but\n{seen}"));
    }
    stage.apt("remove picky-dkms")?.succeeds(stage);
    let seen = stage.root.bash(LOGIN)?.stdout;
    stage.expect(!seen.contains("picky"), || format!("picky is gone, and the message of the day says\n{seen}"));
    Ok(())
}

/// A module that is in use and was replaced wants a restart, and nothing else does.
pub(super) fn restart(stage: &Stage) -> Result<()> {
    let notes = "cat /run/reboot-required /run/reboot-required.pkgs 2> /dev/null || true";
    stage.prepare(&format!("older={}{RUNNING}", stage.ground.release(Older)))?;
    stage.apt(&format!("install {}", made::TWIG))?.builds(stage, 2);
    let early = stage.root.must(notes)?.stdout;
    stage.expect(early.is_empty(), || format!("nothing was in use, and a restart is asked for:\n{early}"));
    stage.prepare("mkdir /sys/module/twig")?;
    stage.apt(&format!("install {}", made::TWIG_NEXT))?.builds(stage, 2);
    let notes = stage.root.must(notes)?.stdout;
    stage.expect(notes == "*** System restart required ***\ntwig-dkms\n", || format!("a restart is due:\n{notes}"));
    Ok(())
}
