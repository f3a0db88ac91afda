//! What pacman has to say after every transaction, and our hook called as pacman calls it for all that is there.

/// Files that packages own and that are not there, but for those that one of ours displaced, and a lock that nobody holds.
pub(super) const PACKAGES: &str = r#"
pacman -Qkq 2>&1 | while read -r line; do
    compgen -G "/var/lib/dkms/*/original_module/*/*/${line##*/}" > /dev/null || echo "$line"
done
[ ! -e /var/lib/pacman/db.lck ] || echo "pacman left its lock"
"#;

/// Every path that one of the triggers names.
pub(super) const HOOKS: &str = r#"
cd /
line=$(sed -n 's/^Exec = //p' /usr/share/libalpm/hooks/70-dkms-install.hook)
sed -n 's/^Target = //p' /usr/share/libalpm/hooks/70-dkms-install.hook | while IFS= read -r target; do
    compgen -G "$target"
done | sort -u > /tmp/targets
$line < /tmp/targets || echo "$line ended with $?"
"#;
