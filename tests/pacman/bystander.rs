//! Packages without a module: one that has nothing to do with us, and one whose hook needs a module.

use anyhow::Result;
use testbed::root::Root;

use super::arch::PACK;
use crate::transaction::counting;

/// Below `/usr/src`, but no module.
pub(super) const UNRELATED: &str = "/srv/pkgs/unrelated-1-1-any.pkg.tar.zst";
/// Has a hook after ours that needs the module twig, and writes down for which kernels it found it.
pub(super) const EAGER: &str = "/srv/pkgs/eager-1-1-any.pkg.tar.zst";

const HOOK: &str = "[Trigger]
Type = Path
Operation = Install
Target = usr/bin/eager

[Action]
When = PostTransaction
Exec = /usr/bin/eager
";

const SCRIPT: &str = r#"#!/bin/bash
for kernel in /usr/lib/modules/*/kernel; do
    kernel=$(basename "$(dirname "$kernel")")
    modinfo -k "$kernel" twig > /dev/null && grep -q '^updates/dkms/twig[.]ko' "/usr/lib/modules/$kernel/modules.dep" || exit 1
    echo "$kernel" >> /var/log/eager
done
"#;

const FILES: [(&str, &str); 3] = [
    ("srv/unrelated/usr/src/unrelated-1/README", "no module\n"),
    ("srv/eager/usr/bin/eager", SCRIPT),
    ("srv/eager/usr/share/libalpm/hooks/80-eager.hook", HOOK),
];

fn line() -> String {
    format!(
        "set -e; chmod 0755 /srv/eager/usr/bin/eager; {PACK} /srv/unrelated unrelated 1-1
         {PACK} /srv/eager eager 1-1 'depend = twig-dkms'; rm -r /srv/unrelated /srv/eager"
    )
}

/// What they are made of.
pub(super) fn recipe() -> String {
    let texts: Vec<&str> = FILES.iter().flat_map(|(path, text)| [*path, *text]).collect();
    texts.join("\n") + &line()
}

/// Makes them in a root.
pub(super) fn write(root: &Root) -> Result<()> {
    counting::write(root, &FILES)?;
    root.must(&line()).map(drop)
}
