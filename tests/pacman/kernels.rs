//! Transactions of kernels that are not the same everywhere.

use anyhow::Result;

use super::arch::{PACK, pacman};
use super::image;
use super::releases::Kernel::{self, Lts, Newer, Older};
use super::scenario::Scenario;
use crate::transaction::rows::staying;

/// S2 as it is on Arch: the new kernel takes the place of the old one, which may be the running one.
pub(super) fn upgrade(scenario: &Scenario) -> Result<()> {
    let newer = scenario.environment.release(Newer);
    let step = scenario.upgrade(&scenario.environment.linux(Newer))?;
    step.builds(scenario, 2).depmods(scenario, &[newer]).initramfs(scenario, &[newer]);
    let blamed = step.said.lines().find(|line| line.contains("warning") || line.contains("rror"));
    scenario.expect(blamed.is_none(), || format!("`{}`: {}", step.line, step.tail(20)));
    for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
        scenario.expect_state(module, newer, Some("installed"))?;
        image::holds(scenario, Newer, object)?;
        scenario.expect_state(module, scenario.environment.release(Lts), Some("installed"))?;
    }
    nothing_left(scenario, Older)
}

/// Of a kernel that is gone there is nothing, neither where it was nor in the tree.
fn nothing_left(scenario: &Scenario, kernel: Kernel) -> Result<()> {
    let release = scenario.environment.release(kernel);
    let left = format!(
        "find /usr/lib/modules/{release} /var/lib/dkms/*/*/{release} /var/lib/dkms/*/kernel-{release}-* 2> /dev/null || true"
    );
    scenario.complain(&scenario.root.must(&left)?.stdout);
    Ok(())
}

/// S27 as it is on Arch: the kernel that the module works on goes in the transaction that brings the other one.
pub(super) fn excluded_by_next(scenario: &Scenario) -> Result<()> {
    let newer = scenario.environment.release(Newer);
    scenario.prepare(&format!(
        "echo 'if [ \"$kernelver\" = \"{newer}\" ]; then BUILD_EXCLUSIVE_KERNEL=\"^2[.]4\"; fi' > /etc/dkms/twig.conf"
    ))?;
    let step = scenario.upgrade(&scenario.environment.linux(Newer))?;
    step.builds(scenario, 0)
        .reports(scenario, &[&format!("twig/1.0 will be missing on {newer}: "), "BUILD_EXCLUSIVE_KERNEL"]);
    nothing_left(scenario, Older)?;
    let again = scenario.upgrade(&scenario.environment.linux(Newer))?;
    again.builds(scenario, 0);
    scenario.expect(!again.said.contains("will be missing"), || format!("it was told again\n{}", again.tail(20)));
    Ok(())
}

/// Packages of the very files of `linux`: one with another name, and two that are its parts.
const SAME: &str = r#"
set -e
version=$(pacman -Q linux | cut -d ' ' -f 2)
files=$(pacman -Qlq linux | grep -v '/$')
mkdir -p /srv/same /srv/modules
cp -a --parents -t /srv/same $files
PACK /srv/same linux-signed "$version" "provides = linux=$version" 'conflict = linux' 'replaces = linux'
cd /srv/same
find usr/lib/modules/*/kernel -type f -exec cp -a --parents -t /srv/modules {} +
rm -r usr/lib/modules/*/kernel
PACK /srv/same linux-image "$version" 'depend = linux-modules' 'conflict = linux' 'conflict = linux-signed'
PACK /srv/modules linux-modules "$version" 'conflict = linux' 'conflict = linux-signed'
rm -r /srv/same /srv/modules
echo "$version"
"#;

/// S26: another package, two parts, and the first one again; pacman takes the old one away before the new one comes. None is
/// purged last: what two packages have goes with the first of them that goes.
pub(super) fn gives_way(scenario: &Scenario) -> Result<()> {
    let (older, version) =
        (scenario.environment.release(Older), scenario.root.must(&SAME.replace("PACK", PACK))?.stdout);
    let file = |name: &&str| format!("/srv/pkgs/{name}-{}-any.pkg.tar.zst", version.trim());
    for (old, new) in [
        (&["linux"][..], &["linux-signed"][..]),
        (&["linux-signed"], &["linux-image", "linux-modules"]),
        (&["linux-image", "linux-modules"], &["linux"]),
    ] {
        let files: Vec<String> = new.iter().map(file).collect();
        let step = staying::transaction(scenario, &pacman(&format!("--ask 4 -U {}", files.join(" "))))?;
        step.depmods(scenario, &[]).initramfs(scenario, &[older]);
        for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
            scenario.expect_state(module, older, Some("installed"))?;
            image::holds(scenario, Older, object)?;
        }
        let there = scenario.root.must("pacman -Qq")?.stdout;
        let is_gone = !there.lines().any(|name| old.contains(&name));
        scenario.expect(is_gone, || format!("{old:?} gave no way to {new:?}"));
    }
    Ok(())
}

/// Whoever wants a failed build to fail gets no failed transaction from pacman, which asks no hook, but an error in it.
pub(super) fn on_failure(scenario: &Scenario) -> Result<()> {
    scenario.prepare("echo 'on_failure=\"fail\"' >> /etc/dkms/framework.conf")?;
    let step = scenario.upgrade(&scenario.environment.linux(Lts))?;
    step.succeeds(scenario).reports(scenario, &["command failed to execute correctly"]);
    scenario.expect_state("acpi-call", scenario.environment.release(Lts), Some("installed"))?;
    scenario.prepare("sed -i /on_failure/d /etc/dkms/framework.conf")
}
