#!/bin/busybox sh
# Says on the console what this kernel makes of every module, one `vm: ...` a line, and switches the machine off.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t securityfs securityfs /sys/kernel/security
exec > /dev/console 2>&1
dmesg -n 1
echo
echo "vm: kernel $(uname -r)"
echo "vm: lockdown $(cat /sys/kernel/security/lockdown)"
for file in /modules/*.ko; do
    if said=$(insmod "$file" 2>&1); then
        rmmod dummy 2> /dev/null || rmmod sbtest
        echo "vm: module ${file##*/} loaded"
    else
        echo "vm: module ${file##*/} ${said##*: }"
    fi
done
echo "vm: end"
poweroff -f
