//! The unit that looks at the modules of the kernel that boots.

use anyhow::Result;

use super::Scenario;
use crate::transaction::package_manager::Kernel;

/// What systemd thinks of the unit, and whether its preset holds.
const JUDGE: &str = r#"
systemd-analyze verify --man=no dkms.service 2>&1 | grep dkms
[ "$(systemctl is-enabled dkms.service)" = enabled ] || echo "the unit is $(systemctl is-enabled dkms.service 2>&1)"
true
"#;

/// It builds what is missing, and nothing else.
pub(super) fn unit(scenario: &Scenario) -> Result<()> {
    if !scenario.is_ours() {
        return Ok(());
    }
    let older = scenario.release(Kernel::Older);
    scenario.complain(&scenario.root.must(JUDGE)?.stdout);
    // %v is the running kernel's release.
    let start = format!("$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/dkms.service | sed 's/%v/{older}/')");
    scenario.run(&start)?.builds(scenario, 0).depmods(scenario, &[]);
    scenario.prepare(&format!("rm /usr/lib/modules/{older}/extra/twig.ko*"))?;
    scenario.run(&start)?.builds(scenario, 0).depmods(scenario, &[older]);
    scenario.prepare(&format!("dkms unbuild twig/1.0 -k {older}"))?;
    scenario.run(&start)?.builds(scenario, 1).depmods(scenario, &[older]);
    scenario.expect_row(&format!("twig/1.0, {older}, x86_64: installed"))
}
