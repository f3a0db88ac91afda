//! Transactions of kernels that are not the same everywhere.

use anyhow::Result;

use super::Scenario;
use super::fedora::PACK;
use super::kernel::{CORE_SCRIPTS, PARTS};
use crate::transaction::package_manager::{BOTH, Kernel};
use crate::transaction::rows::staying;

/// Packages of the very files of a kernel, in one: the first takes the place of its packages, the other one keeps quiet
/// about them.
const SAME: &str = r#"
set -e
release=NEWER
export ARCH=x86_64
cd /
for part in PARTS; do rpm -ql $part-VERSION | while read -r file; do [ -d $file ] && [ ! -L $file ] || echo $file; done; done > /srv/files
mkdir -p /srv/same/usr/lib/modules/$release/{extra,updates,weak-updates}
xargs -a /srv/files cp -a --parents -t /srv/same
PACK /srv/same kernel-signed NUMBERS 'Provides: kernel-core = VERSION' 'Obsoletes: kernel-core = VERSION' \
    'Obsoletes: kernel-modules = VERSION' "SCRIPTS"
PACK /srv/same kernel-quiet NUMBERS "SCRIPTS"
rm -r /srv/same /srv/files
"#;

/// S26: another package of the same release in the place of its packages, whose scripts are run after the files of the new
/// one came. Then one beside it that has the same files, and the first one goes for good.
pub(super) fn gives_way(scenario: &Scenario) -> Result<()> {
    let newer = scenario.release(Kernel::Newer);
    let (version, number) = scenario.environment.version(Kernel::Newer);
    let script = SAME
        .replace("SCRIPTS", CORE_SCRIPTS)
        .replace("PARTS", &PARTS.join(" "))
        .replace("NUMBERS", &format!("{version} {number}"))
        .replace("VERSION", &format!("{version}-{number}"))
        .replace("NEWER", newer)
        .replace("PACK", PACK);
    scenario.prepare(&script)?;
    let file = |name: &str| format!("/srv/repo/{name}-{version}-{number}.rpm");
    let step = staying::transaction(scenario, &scenario.environment.tool().install(&[], &[file("kernel-signed")]))?;
    step.depmods(scenario, &[]).initramfs(scenario, &[newer]);
    scenario.works("twig", "1.0", &BOTH)?;
    scenario.expect_state("acpi-call", newer, Some("installed"))?;
    scenario.holds(Kernel::Newer, "acpi_call")?;
    is_gone(scenario, PARTS[0])?;

    staying::transaction(scenario, &format!("rpm -i {}", file("kernel-quiet")))?.depmods(scenario, &[]);
    scenario.works("twig", "1.0", &BOTH)?;
    // Its script takes index and image away, and only the index is ours, too.
    let line = scenario.environment.tool().remove(&[format!("kernel-signed-{version}-{number}")]);
    staying::transaction(scenario, &line)?.depmods(scenario, &[newer]);
    for module in ["acpi-call", "twig"] {
        scenario.expect_state(module, newer, Some("installed"))?;
    }
    is_gone(scenario, "kernel-signed")
}

fn is_gone(scenario: &Scenario, package: &str) -> Result<()> {
    let (version, number) = scenario.environment.version(Kernel::Newer);
    let query = scenario.root.bash(&format!("rpm -q {package}-{version}-{number}"))?;
    scenario.expect(query.code != 0, || format!("{package} is there beside the one that took its place"));
    Ok(())
}
