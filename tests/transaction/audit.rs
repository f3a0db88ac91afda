//! What has to be true after every transaction, whatever it was.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Environment, Scenario};

/// Every row of `dkms status` against the files, and every file against the rows; PLACE is where modules are, below a
/// kernel's directory. Prints what is wrong.
const AUDIT: &str = r#"
dkms status > /tmp/status || echo "dkms status ended with $?"
: > /tmp/known
while IFS= read -r row; do
    state=${row##*: }
    IFS=', ' read -r spec kernel arch <<< "${row%%: *}"
    case $state in
        installed-weak*) continue ;;
        installed*) ;;
        *) continue ;;
    esac
    tree=/var/lib/dkms/$spec/$kernel/$arch/module
    count=0
    for object in "$tree"/*.ko*; do
        [ -e "$object" ] || continue
        count=$((count + 1)) name=${object##*/}
        place=/lib/modules/$kernel/PLACE/$name
        echo "$place" >> /tmp/known
        [ -e "$place" ] || { echo "$row, but there is no $place"; continue; }
        cmp -s "$object" "$place" || echo "$place is not the object in the tree"
        magic=$(modinfo -F vermagic "$place")
        [ "${magic%% *}" = "$kernel" ] || echo "vermagic of $place is $magic"
        [ -n "$(modinfo -F signer "$place")" ] || echo "$place is not signed"
        grep -q "^PLACE/$name:" "/lib/modules/$kernel/modules.dep" || echo "modules.dep of $kernel does not name $name"
    done
    [ $count -gt 0 ] || echo "$row, but the tree has no object of it"
done < /tmp/status
for place in /lib/modules/*/PLACE/*.ko*; do
    [ ! -e "$place" ] || grep -qFx "$place" /tmp/known || echo "no row of dkms status accounts for $place"
done
for dep in /lib/modules/*/modules.dep; do
    kernel=$(basename "$(dirname "$dep")")
    for name in $(grep -oE '^PLACE/[^:]+' "$dep"); do
        [ -e "/lib/modules/$kernel/$name" ] || echo "modules.dep of $kernel names $name, which is gone"
    done
done
for kernel in /lib/modules/*; do
    [ ! -d "$kernel/weak-updates" ] || find -L "$kernel/weak-updates" -type l -printf '%p leads nowhere\n'
    for link in $(cd "$kernel" && find weak-updates -type l 2> /dev/null); do
        grep -q "^$link:" "$kernel/modules.dep" || echo "modules.dep of ${kernel##*/} does not name $link"
    done
done
find /lib/modules/*/ /var/lib/dkms -name '*.dkms-rs-*' -o -name '.tmp_*'
true
"#;

/// All that a hook might touch, but for what it saw and who wrote last: that is kept by runs that have nothing to do.
const FILES: &str = "find /lib/modules/ /usr/lib/modules/ /var/lib/dkms /boot -path '*/.dkms-rs' -printf '%p %y\\n' \
     -o -path '*/.dkms-rs/seen' -o -path '*/.dkms-rs/lock' -o -printf '%p %y %s %T@ %l\\n' 2>/dev/null | sort -u";

/// The rules that hold after every row.
pub(crate) fn check<E: Environment>(scenario: &Scenario<E>) -> Result<()> {
    let has_dkms = scenario.root.bash("command -v dkms")?.code == 0;
    if !has_dkms {
        return Ok(());
    }
    scenario.complain(&scenario.root.must(&[E::AUDIT, &AUDIT.replace("PLACE", E::PLACE)].concat())?.stdout);
    // A row may end with the original in our place.
    if scenario.is_ours() && scenario.root.bash("test -x /usr/lib/dkms/hook")?.code == 0 {
        again(scenario)?;
    }
    Ok(())
}

/// A second run of every hook builds nothing, says nothing and touches nothing.
fn again<E: Environment>(scenario: &Scenario<E>) -> Result<()> {
    let before = scenario.root.must(FILES)?.stdout;
    let step = scenario.look(E::HOOKS)?;
    let after = scenario.root.must(FILES)?.stdout;
    scenario
        .expect(step.counts.builds.is_empty(), || format!("a second run of the hooks builds {:?}", step.counts.builds));
    // Whoever installs a module again that is known to fail is told so, and to a hook that is what a second run is.
    let said = step.said.lines().find(|line| !line.trim().is_empty() && !line.contains("is known to fail on"));
    scenario.expect(said.is_none(), || format!("a second run of the hooks says\n{}", step.tail(20)));
    let (before, after): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), after.lines().collect());
    let gone: Vec<&str> = before.difference(&after).copied().collect();
    let changed: Vec<&str> = after.difference(&before).copied().collect();
    scenario.expect(changed.is_empty() && gone.is_empty(), || {
        format!("a second run of the hooks changed\n{}\ninto\n{}", gone.join("\n"), changed.join("\n"))
    });
    Ok(())
}
