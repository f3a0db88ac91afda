//! What rpm has to say after every transaction, and our hooks called as it calls them for all that is there.

/// Files of packages that are not there, but for those that one of ours displaced.
pub(super) const PACKAGES: &str = r#"
rpm -Va --nodeps --nomtime --nofiledigest 2>&1 | grep missing | while read -r line; do
    compgen -G "/var/lib/dkms/*/original_module/*/*/${line##*/}" > /dev/null || echo "$line"
done
"#;

/// Every path that one of the triggers names; removals name none.
pub(super) const HOOKS: &str = r#"
find /usr/src /lib/modules/ /usr/lib/modules | sort > /tmp/targets
/usr/lib/dkms/hook installed < /tmp/targets || echo "installed ended with $?"
/usr/lib/dkms/hook removed < /dev/null || echo "removed ended with $?"
for kernel in /usr/lib/modules/*/vmlinuz; do
    kernel=$(basename "$(dirname "$kernel")")
    /usr/lib/kernel/install.d/40-dkms.install add "$kernel" /boot/x "/usr/lib/modules/$kernel/vmlinuz" || echo "the plugin ended with $?"
done
"#;
