//! Whether the initramfs of a kernel holds the module that is installed for it.

use anyhow::Result;

use super::scenario::{Scenario, Step};

/// Modules may be compressed in one place and not in the other; what counts is the source version that modinfo reads.
const HOLDS: &str = r#"
rm -rf /tmp/image
unmkinitramfs "/boot/initrd.img-$kernel" /tmp/image || exit
here=$(modinfo -k "$kernel" -n "$object") || exit
name=${here##*/}
packed=$(find /tmp/image -name "${name%%.ko*}.ko*" | head -n 1)
[ -n "$packed" ] || { echo "the initramfs of $kernel has no $object"; exit; }
bytes() { case $1 in *.xz) xz -dc "$1" ;; *.zst) zstd -dcq "$1" ;; *.gz) gzip -dc "$1" ;; *) cat "$1" ;; esac; }
cmp -s <(bytes "$packed") <(bytes "$here") || echo "the initramfs of $kernel has another $object than $here"
rm -rf /tmp/image
"#;

/// Lines of bash that tell if the very object is not in the image.
pub(super) fn tells_lack(kernel: &str, object: &str) -> String {
    format!("kernel={kernel} object={object}{HOLDS}")
}

/// Expects the very object in the image.
pub(super) fn holds(scenario: &Scenario, kernel: &str, object: &str) -> Result<()> {
    let said = scenario.root.bash(&tells_lack(kernel, object))?;
    scenario.complain(&format!("{}{}", said.stdout, said.stderr));
    Ok(())
}

/// Lines of bash that tell of objects of this name in the image. One that cannot be listed lacks nothing; that is no answer.
pub(super) fn tells_presence(kernel: &str, object: &str) -> String {
    format!(
        "lsinitramfs /boot/initrd.img-{kernel} > /tmp/listed && [ -s /tmp/listed ] || exit 3
         grep '/{object}[.]ko' /tmp/listed || [ $? = 1 ]"
    )
}

/// Expects that nothing of this name is in the image.
pub(super) fn lacks(scenario: &Scenario, kernel: &str, object: &str) -> Result<()> {
    scenario.complain(&scenario.root.must(&tells_presence(kernel, object))?.stdout);
    Ok(())
}

/// Expects that the image was made once, or a second time because modules came after the first.
pub(super) fn once(scenario: &Scenario, step: &Step, kernel: &str) {
    let times = step.counts.initramfs.iter().filter(|made| *made == kernel).count();
    scenario.expect((1..=2).contains(&times), || format!("`{}`: {times} initramfs runs for {kernel}", step.line));
}
