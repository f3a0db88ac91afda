//! Transactions of module packages.

use anyhow::Result;

use crate::transaction::package_manager::{
    ACPI_CALL, BOTH, BURR, DUMMY, Kernel, MANUAL, NEVER, Package, PackageManager, SPRIG, SPRIG_NEXT, TWIG, TWIG_BROKEN,
    TWIG_NEXT, linux,
};
use crate::transaction::{Scenario, Step};

/// The verdict that the next transaction, and a person, can read.
const VERDICT: &str = "/var/lib/dkms/.dkms-rs/verdict.json";

/// S1
pub(crate) fn install<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let kernels = BOTH.map(|kernel| scenario.release(kernel));
    scenario.install(&[ACPI_CALL])?.builds(scenario, 2).depmods(scenario, &kernels).initramfs(scenario, &kernels);
    for kernel in BOTH {
        scenario.expect_state("acpi-call", scenario.release(kernel), Some("installed"))?;
        scenario.holds(kernel, "acpi_call")?;
    }
    Ok(())
}

/// S3
pub(crate) fn upgrade_with_kernel<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    scenario.install(&[&linux(Kernel::Newer)[..], &[TWIG_NEXT]].concat())?.builds(scenario, 3);
    scenario.works("twig", "1.1", &BOTH)?;
    for kernel in BOTH {
        scenario.holds(kernel, "acpi_call")?;
    }
    scenario.gone("twig/1.0")
}

/// S4
pub(crate) fn unrelated<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    if scenario.is_ours() {
        // What was put into a layer since our hook last looked has other inodes, and nothing here may call it.
        scenario.prepare(E::CATCH_UP)?;
    }
    let quiet = |step: &Step| {
        step.builds(scenario, 0).depmods(scenario, &[]).initramfs(scenario, &[]);
        let said = step.said.lines().find(|line| line.contains("dkms: ") || line.contains("kernel modules"));
        scenario.expect(said.is_none(), || format!("`{}` speaks of dkms\n{}", step.line, step.tail(20)));
    };
    quiet(&scenario.install(&[Package::Unrelated])?);
    quiet(&scenario.remove(&[Package::Unrelated])?);
    Ok(())
}

/// S9
pub(crate) fn upgrade_to_failing<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let [older, newer] = BOTH.map(|kernel| scenario.release(kernel).as_str());
    let step = scenario.install(&[TWIG_BROKEN])?;
    scenario.no_images(step.builds(scenario, 2).depmods(scenario, &[]));
    step.reports(scenario, &["twig", older, newer, "this twig is broken", "dkms "]);
    let verdict = scenario.root.bash(&format!("cat {VERDICT}"))?.stdout;
    scenario.expect(verdict.contains("twig"), || format!("the stored verdict does not name twig: {verdict}"));
    scenario.works("twig", "1.0", &BOTH)?;
    scenario.install(&[Package::Unrelated])?.builds(scenario, 0);
    // Another transaction that runs our hook.
    scenario.again(&[Package::Headers(Kernel::Newer)])?.builds(scenario, 0);
    scenario.works("twig", "1.0", &BOTH)
}

/// S11
pub(crate) fn remove<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let kernels = BOTH.map(|kernel| scenario.release(kernel));
    scenario.remove(&[ACPI_CALL, DUMMY])?.builds(scenario, 0).depmods(scenario, &kernels).initramfs(scenario, &kernels);
    for kernel in BOTH {
        scenario.is_bare(kernel)?;
        let release = scenario.release(kernel);
        let original = scenario.root.bash(&format!("modinfo -k {release} -n dummy"))?.stdout;
        scenario.expect(original.contains("/kernel/"), || format!("the kernel's own dummy is `{original}`"));
    }
    let left = "dkms status && { ls -d /var/lib/dkms/acpi-call /var/lib/dkms/dummy 2> /dev/null || true; }";
    scenario.complain(&scenario.root.must(left)?.stdout);
    Ok(())
}

/// S28: whoever asks, and whoever comes with one who asks.
pub(crate) fn asks_for_images<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let kernels = BOTH.map(|kernel| scenario.release(kernel));
    for packages in [&[SPRIG][..], &[BURR], &[TWIG, SPRIG_NEXT]] {
        scenario.install(packages)?.builds(scenario, 2 * packages.len()).initramfs(scenario, &kernels);
    }
    for (module, version) in [("sprig", "1.1"), ("burr", "1.0"), ("twig", "1.0")] {
        scenario.works(module, version, &BOTH)?;
    }
    scenario.remove(&[SPRIG_NEXT, BURR])?.builds(scenario, 0);
    for kernel in BOTH {
        scenario.lacks(kernel, "sprig")?;
        scenario.lacks(kernel, "burr")?;
    }
    Ok(())
}

/// S19
pub(crate) fn excluded<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    let kernel = scenario.release(Kernel::Older);
    scenario.no_images(scenario.install(&[NEVER])?.builds(scenario, 0).depmods(scenario, &[]));
    if scenario.is_ours() {
        let plan = scenario.root.bash(&format!("dkms status never; dkms plan -k {kernel}"))?;
        let told = format!("{}{}", plan.stdout, plan.stderr);
        scenario.expect(told.contains("BUILD_EXCLUSIVE_KERNEL"), || {
            format!("nothing names the directive that excludes it\n{told}")
        });
    }
    scenario.expect_state("never", kernel, None)
}

/// S20
pub(crate) fn manual<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    scenario.no_images(scenario.install(&[MANUAL])?.builds(scenario, 0).depmods(scenario, &[]));
    scenario.expect_row("manual/1.0: added")
}

/// S23
pub(crate) fn downgrade<E: PackageManager>(scenario: &Scenario<E>) -> Result<()> {
    scenario.install(&[TWIG])?.builds(scenario, 2);
    scenario.works("twig", "1.0", &BOTH)?;
    scenario.gone("twig/1.1")
}
