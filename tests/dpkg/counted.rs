//! A root that counts: every `make`, `depmod` and `mkinitramfs` writes a line before it does its work.
//!
//! The programs are put aside by dpkg-divert, so an upgrade of their packages does not undo it. What is counted thus does
//! not depend on what any dkms says of itself.

use anyhow::Result;
use testbed::layer::Layer;

use crate::transaction::counts::LOGS;

/// Modules that the initramfs has to hold if they are there: MODULES=list puts no others in, which makes it cheap.
const WANTED: &str = "acpi_call dm_writeboost v4l2loopback twig picky trunk leaf";

/// A make also tells which parts of the compiler dpkg has not finished, or of kernels not even unpacked; what is unpacked
/// and has no postinst is finished, but for dpkg's word. `make` runs from a
/// name that sub-makes inherit as `$(MAKE)`, so only the first one of a build passes here. depmod is a link to a program
/// that looks at its own name.
const SETUP: &str = r#"
set -e
apt-get install -y -q --no-install-recommends initramfs-tools zstd
echo 'MODULES=list
COMPRESS=zstd
COMPRESSLEVEL=1' > /etc/initramfs-tools/conf.d/counted
printf '%s\n' $WANTED >> /etc/initramfs-tools/modules
mkdir -p /usr/lib/counted $LOGS
put_aside() { # path, new path
    dpkg-divert --quiet --local --rename --divert "$2" --add "$1"
    cat > "$1"
    chmod 0755 "$1"
}
put_aside /usr/bin/make /usr/lib/counted/make << 'END'
#!/bin/sh
if [ "${MAKELEVEL:-0}" = 0 ]; then
    read -r _ _ _ _ group _ < /proc/self/stat
    unsettled=$(dpkg-query -W -f '${db:Status-Status}:${binary:Package}\n' 'gcc*' 'cpp*' 'binutils*' 'libc6*' 'make' 'linux-*' |
        while IFS=: read -r state package; do
            case $state:$package in
                half-installed:*) ;;
                unpacked:linux-* | half-configured:linux-*) continue ;;
                unpacked:*) [ -e "/var/lib/dpkg/info/$package.postinst" ] || continue ;;
                half-configured:*) ;;
                *) continue ;;
            esac
            printf '%s:%s ' "$state" "$package"
        done)
    printf '%s\t%s\t%s\t%s %s\t%s\t%s\t%s\n' "$module" "$module_version" "$kernelver" $PPID "$group" "$PWD" "$unsettled" "$*" >> $LOGS/make
fi
exec /usr/lib/counted/make "$@"
END
depmod=$(dpkg -L kmod | grep 'sbin/depmod$')
ln -s /usr/bin/kmod /usr/lib/counted/depmod
put_aside "$depmod" "$depmod.real" << 'END'
#!/bin/sh
printf '%s\t%s\n' "$(tr '\0' ' ' < /proc/$PPID/cmdline)" "$*" >> $LOGS/depmod
exec /usr/lib/counted/depmod "$@"
END
put_aside /usr/sbin/mkinitramfs /usr/sbin/mkinitramfs.real << 'END'
#!/bin/sh
printf '%s\n' "$*" >> $LOGS/mkinitramfs
exec /usr/sbin/mkinitramfs.real "$@"
END
sed -i "s,[$]LOGS,$LOGS,g" /usr/bin/make "$depmod" /usr/sbin/mkinitramfs
"#;

/// Counting programs over `below`.
pub(super) fn layer(below: &Layer) -> Result<Layer> {
    let line = format!("WANTED='{WANTED}' LOGS={LOGS}{SETUP}");
    below.extend("counted", &line, |root| {
        // The lists in the tools may be older than what the archive still has.
        if root.bash("apt-get install -y -q --download-only --no-install-recommends initramfs-tools")?.code != 0 {
            root.must("apt-get update -q")?;
        }
        root.must(&line).map(drop)
    })
}
