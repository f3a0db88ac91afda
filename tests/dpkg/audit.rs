//! What dpkg has to say after every transaction, and how its packages call our hooks.

/// Prints what is not complete.
pub(super) const PACKAGES: &str = r#"
dpkg --audit
dpkg-query -W -f '${db:Status-Status} ${Package}\n' | grep -Ev '^(installed|config-files|not-installed) '
"#;

/// Every hook as package scripts call it, for every kernel and module that is there.
pub(super) const HOOKS: &str = r#"
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
