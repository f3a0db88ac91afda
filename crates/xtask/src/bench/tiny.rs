//! A tree with many installed modules for many kernels, made by really installing them.
//!
//! Compiling hundreds of modules would take longer than everything that is measured with them. So one tiny module is
//! compiled once, and the make command of each copy writes another name and another release of the same length over
//! those in the object. All the rest (copy, sign, compress, install, record) is what any module gets.

use anyhow::{Result, ensure};
use testbed::layer::{self, Kernels, Layer};
use testbed::root::Root;

use super::contest::Contest;

/// How large the tree is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) modules: usize,
    pub(super) kernels: usize,
}

impl Size {
    pub(super) fn rows(self) -> usize {
        self.modules * self.kernels
    }
}

/// One real kernel, and others that are copies of its headers under releases of the same length.
const KERNELS: &str = r#"
set -e
for ((k = 1; k < KERNELS; k++)); do
    fake=$(printf '%s' "$real" | sed "s/cloud/fak$(printf %02d $k)/")
    cp -a /usr/src/linux-headers-$real /usr/src/linux-headers-$fake
    sed -i "s/$real/$fake/" /usr/src/linux-headers-$fake/include/generated/utsrelease.h
    echo $fake > /usr/src/linux-headers-$fake/include/config/kernel.release
    mkdir -p /lib/modules/$fake/kernel
    touch /lib/modules/$fake/modules.order /lib/modules/$fake/modules.builtin
    ln -s /usr/src/linux-headers-$fake /lib/modules/$fake/build
done
"#;

const MODULES: &str = r#"
set -e
mkdir /opt/tiny
cd /opt/tiny
cat > tiny00.c << END
#include <linux/module.h>
MODULE_DESCRIPTION("takes part in a benchmark");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
END
echo 'obj-m := tiny00.o' > Kbuild
make -s -C /lib/modules/$real/build M=/opt/tiny modules
for ((m = 0; m < MODULES; m++)); do
    name=$(printf tiny%02d $m)
    mkdir /usr/src/$name-1.0
    cp tiny00.ko /usr/src/$name-1.0/object
    cat > /usr/src/$name-1.0/dkms.conf << END
PACKAGE_NAME="$name"
PACKAGE_VERSION="1.0"
BUILT_MODULE_NAME="$name"
DEST_MODULE_LOCATION="/updates/dkms"
MAKE="sed -e s/$real/\$kernelver/g -e s/tiny00/$name/g object > $name.ko"
CLEAN="true"
AUTOINSTALL="yes"
END
    $dkms add $name/1.0
done
"#;

/// One run per kernel, which both sides understand.
const INSTALL: &str = r#"
set -e
cd /lib/modules
for kernel in *; do $dkms autoinstall -k $kernel; done
"#;

/// A root with both programs and `size` modules, all installed for all kernels by `contest.ours`.
///
/// What is installed is not kept in a layer: a copied file is another file to what remembers its inode, and reading
/// all of them again is not what status does on a machine.
pub(super) fn root(contest: &Contest, size: Size) -> Result<Root> {
    root_over(&contest.over(&layer::kernel(&Kernels::of_archive()?)?)?, contest.ours, size)
}

/// The same with the program `dkms` of the layer `below`, which has one real kernel.
pub(super) fn root_over(below: &Layer, dkms: &str, size: Size) -> Result<Root> {
    let kernels = Kernels::of_archive()?;
    let Size { modules, kernels: count } = size;
    ensure!(modules <= 100 && count <= 100, "names of tiny modules and kernels have two digits");
    let known = format!("real={} dkms={dkms}", kernels.older);
    let start = [KERNELS.replace("KERNELS", &count.to_string()), MODULES.replace("MODULES", &modules.to_string())];
    let start = start.map(|script| format!("{known}{script}"));
    let layer = below.extend(&format!("tiny-{modules}x{count}"), &start.concat(), |root| {
        start.iter().try_for_each(|script| root.must(script).map(drop))
    })?;
    let root = Root::over(&layer)?;
    let install = format!("{known}{INSTALL}");
    let done = root.command(3600, &["bash", "-c", &install]).checked()?;
    let shown = root.must(&format!("{dkms} status"))?.stdout;
    let rows = shown.lines().filter(|line| line.ends_with(": installed")).count();
    ensure!(rows == size.rows(), "the tree has {rows} installed rows, not {}\n{}", size.rows(), done.tail());
    Ok(root)
}
