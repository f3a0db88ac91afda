#!/bin/bash
# Makes a disk image that is one FAT file system with the path that firmware starts from removable media.
# usage: disk.sh LOADER PACKAGES KERNEL INITRAMFS COMMAND_LINE OUT
#   LOADER: grub (shim, GRUB), systemd-boot (shim, systemd-boot), bare (systemd-boot alone)
set -euo pipefail
loader=$1 packages=$2 kernel=$3 initramfs=$4 line=$5 out=$6
# The firmware takes one with fewer clusters than FAT32 has for another kind, whatever it says.
size=$(( ($(stat -c %s "$kernel") + $(stat -c %s "$initramfs")) / 1048576 + 64 ))
rm -f "$out"
truncate -s "${size}M" "$out"
mkfs.vfat -F 32 -s 1 "$out" > /dev/null 2>&1
export MTOOLS_SKIP_CHECK=1
directory() { mmd -i "$out" "::$1"; }
put() { mcopy -i "$out" "$1" "::$2"; }
text() { mcopy -i "$out" - "::$1"; }
directory /EFI; directory /EFI/BOOT
put "$kernel" /vmlinuz; put "$initramfs" /initrd
first=BOOTX64.EFI
if [[ $loader != bare ]]; then
  put "$packages/usr/lib/shim/shimx64.efi.signed" /EFI/BOOT/BOOTX64.EFI
  put "$packages/usr/lib/shim/mmx64.efi.signed" /EFI/BOOT/mmx64.efi
  first=grubx64.efi
fi
if [[ $loader == grub ]]; then
  put "$packages/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" /EFI/BOOT/grubx64.efi
  # The signed image has this prefix built in.
  directory /EFI/debian
  printf 'set timeout=0\nsearch --set=root --file /vmlinuz\nlinux /vmlinuz %s\ninitrd /initrd\nboot\n' "$line" | text /EFI/debian/grub.cfg
else
  put "$packages/usr/lib/systemd/boot/efi/systemd-bootx64.efi.signed" /EFI/BOOT/$first
  directory /loader; directory /loader/entries
  printf 'title suite\nlinux /vmlinuz\ninitrd /initrd\noptions %s\n' "$line" | text /loader/entries/suite.conf
  printf 'timeout 0\ndefault suite.conf\n' | text /loader/loader.conf
fi
