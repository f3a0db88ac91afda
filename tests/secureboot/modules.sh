#!/bin/bash
# Makes key pairs that differ in one thing each, and one module signed in every way that is to be told apart.
# usage: modules.sh RELEASE     in a directory of its own; leaves keys/NAME.{key,der} and modules/*
set -euo pipefail
release=$1
mkdir -p keys modules work

# pair NAME EXTENSIONS: a certificate that vouches for itself
pair() {
  printf '[req]\ndistinguished_name=n\nprompt=no\nx509_extensions=e\n[n]\nCN=suite %s\n[e]\nsubjectKeyIdentifier=hash\n%b' "$1" "$2" > work/request
  openssl req -new -x509 -newkey rsa:2048 -nodes -sha256 -days 36500 -config work/request -outform DER \
    -keyout "keys/$1.key" -out "keys/$1.der" 2> work/openssl.log || { cat work/openssl.log; exit 1; }
}
authority='basicConstraints=critical,CA:TRUE\n' end='basicConstraints=critical,CA:FALSE\n'
# What dkms makes, and a second one like it.
pair ours "${authority}keyUsage=critical,keyCertSign\nextendedKeyUsage=codeSigning\n"
pair foreign "${authority}extendedKeyUsage=codeSigning\n"
# As openssl makes one unasked; as shim-signed of Ubuntu does; an authority, and a signer below it.
pair plain "$end"
pair modules-only "${end}extendedKeyUsage=codeSigning,1.3.6.1.4.1.2312.16.1.2\n"
pair authority "${authority}keyUsage=critical,keyCertSign\n"
openssl req -new -newkey rsa:2048 -nodes -subj '/CN=suite leaf' -keyout keys/leaf.key -out work/leaf.csr 2> /dev/null
openssl x509 -inform DER -in keys/authority.der -out work/authority.pem
openssl x509 -req -in work/leaf.csr -CA work/authority.pem -CAkey keys/authority.key -CAcreateserial -days 36500 \
  -outform DER -out keys/leaf.der -extfile <(printf '%bextendedKeyUsage=codeSigning\n' "$end") 2> /dev/null
# Dates of the past: no clock is asked.
openssl req -new -newkey rsa:2048 -nodes -subj '/CN=suite expired' -keyout keys/expired.key -out work/expired.csr 2> /dev/null
openssl x509 -req -in work/expired.csr -key keys/expired.key -not_before 20200101000000Z -not_after 20210101000000Z \
  -outform DER -out keys/expired.der -extfile <(printf '%bextendedKeyUsage=codeSigning\n' "$authority") 2> /dev/null

cat > work/sbtest.c <<'C'
#include <linux/module.h>
static int __init begin(void) { return 0; }
static void __exit end(void) { }
module_init(begin);
module_exit(end);
MODULE_LICENSE("GPL");
C
echo 'obj-m := sbtest.o' > work/Makefile
make -s -C "/lib/modules/$release/build" M="$PWD/work" modules
signer=$(readlink -f "/lib/modules/$release/build/scripts/sign-file")
cd modules
# sign KEY IN OUT [DIGEST]
sign() { "$signer" "${4:-sha256}" "../keys/$1.key" "../keys/$1.der" "$2.ko" "$3.ko"; }
cp ../work/sbtest.ko unsigned.ko
for key in ours foreign plain modules-only authority leaf expired; do sign $key unsigned $key; done
for digest in sha1 sha512 sha3-256; do sign ours unsigned ours-$digest $digest; done
# One of the kernel's own, which alone is called by another name.
own=$(find "/lib/modules/$release/kernel" -name 'dummy.ko*' | head -n 1)
case $own in *.xz) xz -dc "$own" ;; *.zst) zstd -dqc "$own" ;; *) cat "$own" ;; esac > vendor.ko
# Two signatures: a kernel looks at the last one.
sign foreign ours ours+foreign
sign ours foreign foreign+ours
sign foreign vendor vendor+foreign
sign ours vendor vendor+ours
# Changed after signing: the object, the signature, the signer's name, the frame of the message, the kind.
size=$(stat -c %s ours.ko)
message=$((16#$(tail -c 32 ours.ko | head -c 4 | xxd -p)))
change() { cp ours.ko "$1.ko"; printf '\x5a' | dd of="$1.ko" bs=1 seek="$2" conv=notrunc status=none; }
change changed 9
change changed-signature $((size - 40 - 8))
change changed-signer $((size - 40 - 256 - 44))
change changed-frame $((size - 40 - message))
change changed-kind $((size - 40 + 2))
change changed-padding $((size - 40 + 6))
head -c $((size - 1)) ours.ko > cut.ko
# Revoked by its hash in a scenario of its own.
sign modules-only ours hashed
# A signature is no section.
cp ours.ko stripped.ko
strip -g stripped.ko
