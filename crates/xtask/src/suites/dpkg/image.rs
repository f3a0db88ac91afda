//! Whether the initramfs of a kernel holds the module that is installed for it.

use anyhow::Result;

use super::stage::{Stage, Step};

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

/// Expects the very object in the image.
pub(super) fn holds(stage: &Stage, kernel: &str, object: &str) -> Result<()> {
    let said = stage.root.bash(&format!("kernel={kernel} object={object}{HOLDS}"))?;
    stage.complain(&format!("{}{}", said.stdout, said.stderr));
    Ok(())
}

/// Expects that nothing of this name is in the image.
pub(super) fn lacks(stage: &Stage, kernel: &str, object: &str) -> Result<()> {
    // An image that cannot be listed lacks nothing; that is no answer.
    let said = stage.root.must(&format!(
        "lsinitramfs /boot/initrd.img-{kernel} > /tmp/listed && [ -s /tmp/listed ] || exit 3
         grep '/{object}[.]ko' /tmp/listed || [ $? = 1 ]"
    ))?;
    stage.complain(&said.stdout);
    Ok(())
}

/// Expects that the image was made once, or a second time because modules came after the first.
pub(super) fn once(stage: &Stage, step: &Step, kernel: &str) {
    let times = step.counts.initramfs.iter().filter(|made| *made == kernel).count();
    stage.expect((1..=2).contains(&times), || format!("`{}`: {times} initramfs runs for {kernel}", step.line));
}
