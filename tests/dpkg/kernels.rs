//! Transactions of kernels and headers.

use anyhow::Result;

use super::environment::Kernel::{Newer, PlainNewer};
use super::image;
use super::scenario::Scenario;
use crate::transaction::rows;

/// S2 with all that the ordinary flavour allows
pub(super) fn install_for_five(scenario: &Scenario) -> Result<()> {
    let newer = scenario.environment.release(PlainNewer);
    let step = scenario.apt(&scenario.environment.install(PlainNewer))?;
    step.builds(scenario, 5);
    for module in ["acpi-call", "ddcci", "evdi", "v4l2loopback", "dm-writeboost"] {
        scenario.expect_state(module, newer, Some("installed"))?;
    }
    image::holds(scenario, newer, "v4l2loopback")?;
    image::once(scenario, &step, newer);
    Ok(())
}

/// S6, and the very reason.
pub(super) fn headers_again(scenario: &Scenario) -> Result<()> {
    rows::kernels::headers_again(scenario)?;
    // apt speaks of headers, too; the file that changed is named by us alone.
    let reason = "the kernel's include/generated changed";
    let said: String = scenario.steps().iter().map(|step| step.said.as_str()).collect();
    scenario.expect(said.contains(reason), || format!("the reason is not `{reason}`\n{said}"));
    Ok(())
}

/// S12, with nothing left that dpkg would stumble over.
pub(super) fn remove(scenario: &Scenario) -> Result<()> {
    rows::kernels::remove(scenario)?;
    for step in scenario.steps() {
        step.depmods(scenario, &[]);
        scenario.expect(!step.said.contains("not empty"), || {
            format!("dpkg met a directory that is not empty\n{}", step.tail(20))
        });
    }
    Ok(())
}

/// Run by each script of a kernel's package: tells when the modules of the kernel that it is about are not there.
const WATCH: &str = r#"
set -e
for phase in preinst postinst prerm postrm; do
    mkdir -p /etc/kernel/$phase.d
    cat > /etc/kernel/$phase.d/zz-watch << 'END'
#!/bin/sh
for module in acpi_call twig; do
    ls /lib/modules/"$1"/updates/dkms/$module.ko* > /dev/null 2>&1 || echo "$0 $DEB_MAINT_PARAMS: $module is not there" >> /var/log/lacking
done
END
    chmod 0755 /etc/kernel/$phase.d/zz-watch
done
touch /var/log/lacking
"#;

/// S26: the headers stay, so apt brings the unsigned kernel in the place of the signed one, whose purge comes last.
pub(super) fn gives_way(scenario: &Scenario) -> Result<()> {
    let newer = scenario.environment.release(Newer);
    scenario.prepare(WATCH)?;
    // Scripts of Debian take the index of a kernel away with what they purge.
    let purge = scenario.apt(&format!("purge linux-image-{newer}"))?;
    purge.builds(scenario, 0).depmods(scenario, &[newer]);
    scenario.apt(&format!("install linux-image-{newer}"))?.builds(scenario, 0).depmods(scenario, &[]);
    for module in ["acpi-call", "twig"] {
        scenario.expect_state(module, newer, Some("installed"))?;
    }
    image::holds(scenario, newer, "twig")?;
    scenario.complain(&scenario.root.must("cat /var/log/lacking")?.stdout);
    let said = format!("{}{}", purge.said, scenario.root.must("ls /var/lib/dkms/.dkms-rs")?.stdout);
    scenario.expect(!said.contains("dkms: removed"), || format!("something was removed\n{said}"));
    scenario.expect(!said.contains("going"), || "a kernel is still said to go".into());
    Ok(())
}

/// Whoever wants a failed build to fail the transaction says so, and can go on when the module is gone.
pub(super) fn on_failure(scenario: &Scenario) -> Result<()> {
    scenario.prepare("echo 'on_failure=\"fail\"' >> /etc/dkms/framework.conf")?;
    let step = scenario.apt(&scenario.environment.install(Newer))?;
    scenario.expect(step.exit != 0, || format!("`{}` ended with 0 although on_failure is fail", step.line));
    scenario.expect_state("acpi-call", scenario.environment.release(Newer), Some("installed"))?;
    scenario.prepare("sed -i /on_failure/d /etc/dkms/framework.conf")?;
    scenario.run("dpkg --configure -a && apt-get -y -q remove picky-dkms")?.builds(scenario, 0);
    Ok(())
}
