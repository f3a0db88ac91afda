//! What is left for people and programs that were not there when the transaction ran.

use anyhow::Result;

use super::environment::Kernel::{Newer, Older};
use super::scenario::Scenario;
use super::test_packages;

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
pub(super) fn told(scenario: &Scenario) -> Result<()> {
    scenario.prepare(JOURNALD)?;
    let newer = scenario.environment.release(Newer);
    scenario.apt(&scenario.environment.install(Newer))?.succeeds(scenario);
    let line = format!("picky/1.0 does not work on {newer}");
    for reader in ["journalctl --sync; journalctl -q -t dkms -p err -o cat --no-pager", LOGIN] {
        let seen = scenario.root.bash(reader)?.stdout;
        scenario.expect(seen.contains(&line), || format!("`{reader}` does not say `{line}` but\n{seen}"));
    }
    scenario.apt("remove picky-dkms")?.succeeds(scenario);
    let seen = scenario.root.bash(LOGIN)?.stdout;
    scenario.expect(!seen.contains("picky"), || format!("picky is gone, and the message of the day says\n{seen}"));
    Ok(())
}

/// A module that is in use and was replaced wants a restart, and nothing else does.
pub(super) fn restart(scenario: &Scenario) -> Result<()> {
    let notes = "cat /run/reboot-required /run/reboot-required.pkgs 2> /dev/null || true";
    scenario.prepare(&format!("older={}{RUNNING}", scenario.environment.release(Older)))?;
    scenario.apt(&format!("install {}", test_packages::TWIG))?.builds(scenario, 2);
    let early = scenario.root.must(notes)?.stdout;
    scenario.expect(early.is_empty(), || format!("nothing was in use, and a restart is asked for:\n{early}"));
    scenario.prepare("mkdir /sys/module/twig")?;
    scenario.apt(&format!("install {}", test_packages::TWIG_NEXT))?.builds(scenario, 2);
    let notes = scenario.root.must(notes)?.stdout;
    scenario.expect(notes == "*** System restart required ***\ntwig-dkms\n", || format!("a restart is due:\n{notes}"));
    Ok(())
}
