//! What has to be true after every transaction, whatever it was.

use std::collections::BTreeSet;

use anyhow::Result;

use super::stage::Stage;

/// Every row of `dkms status` against the files, and every file against the rows. Prints what is wrong.
const AUDIT: &str = r#"
dpkg --audit
dpkg-query -W -f '${db:Status-Status} ${Package}\n' | grep -Ev '^(installed|config-files|not-installed) '
dkms status > /tmp/status || echo "dkms status ended with $?"
: > /tmp/known
while IFS= read -r row; do
    state=${row##*: }
    IFS=', ' read -r spec kernel arch <<< "${row%%: *}"
    case $state in installed*) ;; *) continue ;; esac
    tree=/var/lib/dkms/$spec/$kernel/$arch/module
    count=0
    for object in "$tree"/*.ko*; do
        [ -e "$object" ] || continue
        count=$((count + 1)) name=${object##*/}
        place=/lib/modules/$kernel/updates/dkms/$name
        echo "$place" >> /tmp/known
        [ -e "$place" ] || { echo "$row, but there is no $place"; continue; }
        cmp -s "$object" "$place" || echo "$place is not the object in the tree"
        magic=$(modinfo -F vermagic "$place")
        [ "${magic%% *}" = "$kernel" ] || echo "vermagic of $place is $magic"
        [ -n "$(modinfo -F signer "$place")" ] || echo "$place is not signed"
        grep -q "^updates/dkms/$name:" "/lib/modules/$kernel/modules.dep" || echo "modules.dep of $kernel does not name $name"
    done
    [ $count -gt 0 ] || echo "$row, but the tree has no object of it"
done < /tmp/status
for place in /lib/modules/*/updates/dkms/*.ko*; do
    [ ! -e "$place" ] || grep -qFx "$place" /tmp/known || echo "no row of dkms status accounts for $place"
done
for dep in /lib/modules/*/modules.dep; do
    kernel=$(basename "$(dirname "$dep")")
    for name in $(grep -oE '^updates/dkms/[^:]+' "$dep"); do
        [ -e "/lib/modules/$kernel/$name" ] || echo "modules.dep of $kernel names $name, which is gone"
    done
done
find /lib/modules/*/ /var/lib/dkms -name '*.dkms-rs-*' -o -name '.tmp_*'
true
"#;

/// All that a hook might touch.
const FILES: &str =
    "find /lib/modules/ /usr/lib/modules/ /var/lib/dkms /boot -printf '%p %y %s %T@ %l\\n' 2>/dev/null | sort -u";

/// Every hook as package scripts call it, for every kernel and module that is there.
const HOOKS: &str = r#"
/usr/lib/dkms/hook triggered "/usr/src /lib/modules /usr/lib/modules" || echo "triggered ended with $?"
for image in /boot/vmlinuz-*; do
    [ -e "$image" ] || continue
    kernel=${image#/boot/vmlinuz-}
    /etc/kernel/postinst.d/dkms "$kernel" "$image" || echo "postinst.d ended with $?"
    /etc/kernel/header_postinst.d/dkms "$kernel" || echo "header_postinst.d ended with $?"
done
for package in $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' '*-dkms' 2>/dev/null | sed -n 's/^installed //p'); do
    conf=$(dpkg -L "$package" | grep '^/usr/src/[^/]*/dkms.conf$') || continue
    name=$(sed -n 's/^PACKAGE_NAME="\?\([^"]*\)"\?$/\1/p' "$conf")
    version=$(sed -n 's/^PACKAGE_VERSION="\?\([^"]*\)"\?$/\1/p' "$conf")
    /usr/lib/dkms/common.postinst "$name" "$version" "/usr/share/$package" "" "$version" || echo "common.postinst ended with $?"
done
"#;

/// The rules that hold after every row.
pub(crate) fn check(stage: &Stage) -> Result<()> {
    let has_dkms = stage.root.bash("command -v dkms")?.code == 0;
    if !has_dkms {
        return Ok(());
    }
    stage.complain(&stage.root.must(AUDIT)?.stdout);
    // A row may end with the original in our place.
    if stage.is_ours() && stage.root.bash("test -x /usr/lib/dkms/hook")?.code == 0 {
        again(stage)?;
    }
    Ok(())
}

/// A second run of every hook builds nothing, says nothing and touches nothing.
fn again(stage: &Stage) -> Result<()> {
    let before = stage.root.must(FILES)?.stdout;
    let step = stage.look(HOOKS)?;
    let after = stage.root.must(FILES)?.stdout;
    stage
        .expect(step.counts.builds.is_empty(), || format!("a second run of the hooks builds {:?}", step.counts.builds));
    stage.expect(step.said.trim().is_empty(), || format!("a second run of the hooks says\n{}", step.tail(20)));
    let (before, after): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), after.lines().collect());
    let gone: Vec<&str> = before.difference(&after).copied().collect();
    let changed: Vec<&str> = after.difference(&before).copied().collect();
    stage.expect(changed.is_empty() && gone.is_empty(), || {
        format!("a second run of the hooks changed\n{}\ninto\n{}", gone.join("\n"), changed.join("\n"))
    });
    Ok(())
}
