//! Transactions of kernels that are not the same everywhere.

use anyhow::Result;

use super::arch::{PACK, pacman};
use super::ground::Kernel::{self, Lts, Newer, Older};
use super::image;
use super::stage::Stage;
use crate::transaction::rows::staying;

/// S2 as it is on Arch: the new kernel takes the place of the old one, which may be the running one.
pub(super) fn upgrade(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    let step = stage.upgrade(&stage.ground.linux(Newer))?;
    step.builds(stage, 2).depmods(stage, &[newer]).initramfs(stage, &[newer]);
    let blamed = step.said.lines().find(|line| line.contains("warning") || line.contains("rror"));
    stage.expect(blamed.is_none(), || format!("`{}`: {}", step.line, step.tail(20)));
    for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
        stage.expect_state(module, newer, Some("installed"))?;
        image::holds(stage, Newer, object)?;
        stage.expect_state(module, stage.ground.release(Lts), Some("installed"))?;
    }
    nothing_left(stage, Older)
}

/// Of a kernel that is gone there is nothing, neither where it was nor in the tree.
fn nothing_left(stage: &Stage, kernel: Kernel) -> Result<()> {
    let release = stage.ground.release(kernel);
    let left = format!(
        "find /usr/lib/modules/{release} /var/lib/dkms/*/*/{release} /var/lib/dkms/*/kernel-{release}-* 2> /dev/null || true"
    );
    stage.complain(&stage.root.must(&left)?.stdout);
    Ok(())
}

/// S27 as it is on Arch: the kernel that the module works on goes in the transaction that brings the other one.
pub(super) fn excluded_by_next(stage: &Stage) -> Result<()> {
    let newer = stage.ground.release(Newer);
    stage.prepare(&format!(
        "echo 'if [ \"$kernelver\" = \"{newer}\" ]; then BUILD_EXCLUSIVE_KERNEL=\"^2[.]4\"; fi' > /etc/dkms/twig.conf"
    ))?;
    let step = stage.upgrade(&stage.ground.linux(Newer))?;
    step.builds(stage, 0)
        .reports(stage, &[&format!("twig/1.0 will be missing on {newer}: "), "BUILD_EXCLUSIVE_KERNEL"]);
    nothing_left(stage, Older)?;
    let again = stage.upgrade(&stage.ground.linux(Newer))?;
    again.builds(stage, 0);
    stage.expect(!again.said.contains("will be missing"), || format!("it was told again\n{}", again.tail(20)));
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
pub(super) fn gives_way(stage: &Stage) -> Result<()> {
    let (older, version) = (stage.ground.release(Older), stage.root.must(&SAME.replace("PACK", PACK))?.stdout);
    let file = |name: &&str| format!("/srv/pkgs/{name}-{}-any.pkg.tar.zst", version.trim());
    for (old, new) in [
        (&["linux"][..], &["linux-signed"][..]),
        (&["linux-signed"], &["linux-image", "linux-modules"]),
        (&["linux-image", "linux-modules"], &["linux"]),
    ] {
        let files: Vec<String> = new.iter().map(file).collect();
        let step = staying::transaction(stage, &pacman(&format!("--ask 4 -U {}", files.join(" "))))?;
        step.depmods(stage, &[]).initramfs(stage, &[older]);
        for (module, object) in [("acpi-call", "acpi_call"), ("twig", "twig")] {
            stage.expect_state(module, older, Some("installed"))?;
            image::holds(stage, Older, object)?;
        }
        let there = stage.root.must("pacman -Qq")?.stdout;
        let is_gone = !there.lines().any(|name| old.contains(&name));
        stage.expect(is_gone, || format!("{old:?} gave no way to {new:?}"));
    }
    Ok(())
}

/// Whoever wants a failed build to fail gets no failed transaction from pacman, which asks no hook, but an error in it.
pub(super) fn on_failure(stage: &Stage) -> Result<()> {
    stage.prepare("echo 'on_failure=\"fail\"' >> /etc/dkms/framework.conf")?;
    let step = stage.upgrade(&stage.ground.linux(Lts))?;
    step.succeeds(stage).reports(stage, &["command failed to execute correctly"]);
    stage.expect_state("acpi-call", stage.ground.release(Lts), Some("installed"))?;
    stage.prepare("sed -i /on_failure/d /etc/dkms/framework.conf")
}
