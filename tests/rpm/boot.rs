//! The unit that looks at the modules of the kernel that boots.

use anyhow::Result;

use super::Stage;
use crate::transaction::door::Kernel;

/// What systemd thinks of the unit, and whether its preset holds.
const JUDGE: &str = r#"
systemd-analyze verify --man=no dkms.service 2>&1 | grep dkms
[ "$(systemctl is-enabled dkms.service)" = enabled ] || echo "the unit is $(systemctl is-enabled dkms.service 2>&1)"
true
"#;

/// It builds what is missing, and nothing else.
pub(super) fn unit(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    let older = stage.release(Kernel::Older);
    stage.complain(&stage.root.must(JUDGE)?.stdout);
    // %v is the running kernel's release.
    let start = format!("$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/dkms.service | sed 's/%v/{older}/')");
    stage.run(&start)?.builds(stage, 0).depmods(stage, &[]);
    stage.prepare(&format!("rm /usr/lib/modules/{older}/extra/twig.ko*"))?;
    stage.run(&start)?.builds(stage, 0).depmods(stage, &[older]);
    stage.prepare(&format!("dkms unbuild twig/1.0 -k {older}"))?;
    stage.run(&start)?.builds(stage, 1).depmods(stage, &[older]);
    stage.expect_row(&format!("twig/1.0, {older}, x86_64: installed"))
}
