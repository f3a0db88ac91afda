//! Transactions of module packages.

use anyhow::Result;

use super::ground::Kernel::{Newer, Older};
use super::stage::Stage;
use super::{image, made};
use crate::transaction::rows;

/// S4, and a package that nothing of ours has to do with.
pub(super) fn unrelated(stage: &Stage) -> Result<()> {
    rows::modules::unrelated(stage)?;
    for line in ["install hello", "remove hello"] {
        let step = stage.apt(line)?;
        step.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
        stage.expect(!step.said.contains("dkms"), || format!("`{}` speaks of dkms\n{}", step.line, step.tail(20)));
    }
    Ok(())
}

/// S26 of a module: another package has the same source.
pub(super) fn gives_way(stage: &Stage) -> Result<()> {
    let step = stage.apt(&format!("install {}", made::TWIG_RENAMED))?;
    step.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    for kernel in [stage.ground.release(Older), stage.ground.release(Newer)] {
        stage.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
        image::holds(stage, kernel, "twig")?;
    }
    let gone = stage.root.must("dpkg-query -W -f '${db:Status-Status}' twig-dkms 2> /dev/null || true")?.stdout;
    stage.expect(gone != "installed", || "both packages are there".into());
    // For good, though its source is left behind.
    stage.prepare("cp -a /usr/src/twig-1.0 /srv/kept")?;
    stage.apt("remove bough-dkms")?.builds(stage, 0);
    stage.complain(&stage.root.must("dkms status && { ls -d /var/lib/dkms/twig 2> /dev/null || true; }")?.stdout);
    Ok(())
}

/// S28, and dpkg without apt, which runs the triggers of each call in another order.
pub(super) fn asks_for_images(stage: &Stage) -> Result<()> {
    rows::modules::asks_for_images(stage)?;
    let kernels = [stage.ground.release(Older), stage.ground.release(Newer)];
    let step = stage.run(&format!("dpkg -i {} {}", made::SPRIG, made::TRUNK))?;
    step.builds(stage, 4).initramfs(stage, &kernels);
    for kernel in kernels {
        image::holds(stage, kernel, "sprig")?;
        image::holds(stage, kernel, "trunk")?;
    }
    Ok(())
}
