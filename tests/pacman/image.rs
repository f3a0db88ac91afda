//! Whether the initramfs of a kernel holds the module that is installed for it.

use anyhow::Result;

use super::releases::Kernel;
use super::scenario::Scenario;

/// The image is a list of hashes and names.
const HOLDS: &str = r#"
cd "/usr/lib/modules/$kernel" || exit
here=$(echo updates/dkms/$object.ko*)
grep -qFx "$(sha256sum "$here")" "/boot/initramfs-$base.img" || echo "the initramfs of $kernel has not the $object that is installed"
"#;

/// Expects the very object in the image.
pub(super) fn holds(scenario: &Scenario, kernel: Kernel, object: &str) -> Result<()> {
    let (base, release) = (kernel.base(), scenario.environment.release(kernel));
    let said = scenario.root.bash(&format!("base={base} kernel={release} object={object}{HOLDS}"))?;
    scenario.complain(&format!("{}{}", said.stdout, said.stderr));
    Ok(())
}
