//! Transactions of module packages.

use anyhow::Result;

use super::environment::Kernel::{Newer, Older};
use super::scenario::Scenario;
use super::{image, test_packages};
use crate::transaction::rows;

/// S4, and a package that nothing of ours has to do with.
pub(super) fn unrelated(scenario: &Scenario) -> Result<()> {
    rows::modules::unrelated(scenario)?;
    for line in ["install hello", "remove hello"] {
        let step = scenario.apt(line)?;
        step.builds(scenario, 0).depmods(scenario, &[]).initramfs(scenario, &[]);
        scenario.expect(!step.said.contains("dkms"), || format!("`{}` speaks of dkms\n{}", step.line, step.tail(20)));
    }
    Ok(())
}

/// S26 of a module: another package has the same source.
pub(super) fn gives_way(scenario: &Scenario) -> Result<()> {
    let step = scenario.apt(&format!("install {}", test_packages::TWIG_RENAMED))?;
    step.builds(scenario, 0).depmods(scenario, &[]).initramfs(scenario, &[]);
    for kernel in [scenario.environment.release(Older), scenario.environment.release(Newer)] {
        scenario.expect_row(&format!("twig/1.0, {kernel}, x86_64: installed"))?;
        image::holds(scenario, kernel, "twig")?;
    }
    let gone = scenario.root.must("dpkg-query -W -f '${db:Status-Status}' twig-dkms 2> /dev/null || true")?.stdout;
    scenario.expect(gone != "installed", || "both packages are there".into());
    // For good, though its source is left behind.
    scenario.prepare("cp -a /usr/src/twig-1.0 /srv/kept")?;
    scenario.apt("remove bough-dkms")?.builds(scenario, 0);
    scenario.complain(&scenario.root.must("dkms status && { ls -d /var/lib/dkms/twig 2> /dev/null || true; }")?.stdout);
    Ok(())
}

/// S28, and dpkg without apt, which runs the triggers of each call in another order.
pub(super) fn asks_for_images(scenario: &Scenario) -> Result<()> {
    rows::modules::asks_for_images(scenario)?;
    let kernels = [scenario.environment.release(Older), scenario.environment.release(Newer)];
    let step = scenario.run(&format!("dpkg -i {} {}", test_packages::SPRIG, test_packages::TRUNK))?;
    step.builds(scenario, 4).initramfs(scenario, &kernels);
    for kernel in kernels {
        image::holds(scenario, kernel, "sprig")?;
        image::holds(scenario, kernel, "trunk")?;
    }
    Ok(())
}
