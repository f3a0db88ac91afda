//! Weak modules, on what its os-release calls RHEL: kernels without headers that are made of the files of another one, and
//! tell the versions of their symbols.

use anyhow::Result;

use super::Stage;
use super::fedora::PACK;
use super::kernel::{CORE_SCRIPTS, HEADERS};
use crate::suites::transaction::Step;
use crate::suites::transaction::door::{Door, Kernel, LEAF, TRUNK, linux};

/// Packages of a kernel that is called otherwise and is the same, but for the versions that CHANGE changes, and its headers.
const LIKE: &str = r#"
set -e
older=OLDER release=NEW
export ARCH=x86_64
modules=usr/lib/modules/$release
mkdir -p /srv/core/$modules/{extra,updates,weak-updates} /srv/devel/usr/src/kernels
cp -a /usr/lib/modules/$older/{kernel,modules.order,modules.builtin,modules.builtin.modinfo,vmlinuz} /srv/core/$modules
# What one of ours displaced is in the other one.
cp /var/lib/dkms/dummy/original_module/$older/x86_64/dummy.ko* /srv/core/$modules/kernel/drivers/net
ln -s /usr/src/kernels/$release /srv/core/$modules/build
CHANGE /usr/lib/modules/$older/build/Module.symvers | gzip > /srv/core/$modules/symvers.gz
PACK /srv/core kernel-core VERSION 'Provides: installonlypkg(kernel), multiversion(kernel)' "SCRIPTS"
cp -a /usr/src/kernels/$older /srv/devel/usr/src/kernels/$release
sed -i "s/$older/$release/" /srv/devel/usr/src/kernels/$release/include/{generated/utsrelease.h,config/kernel.release}
PACK /srv/devel HEADERS VERSION 'Provides: installonlypkg(kernel), multiversion(kernel)'
rm -r /srv/core /srv/devel
"#;

/// A kernel that is much like the older one.
struct Like {
    release: String,
    /// Version and release of its packages.
    version: [String; 2],
}

impl Like {
    /// Packs it. `change` is a program that reads a table of symbols and prints another one.
    fn pack(stage: &Stage, name: &str, number: u32, change: &str) -> Result<Like> {
        let older = stage.release(Kernel::Older);
        let release = format!("{older}.{name}");
        let (version, _) = stage.ground.version(Kernel::Older);
        let version = [version, number.to_string()];
        let script = LIKE
            .replace("SCRIPTS", CORE_SCRIPTS)
            .replace("OLDER", older)
            .replace("NEW", &release)
            .replace("CHANGE", change)
            .replace("VERSION", &version.join(" "))
            .replace("HEADERS", HEADERS)
            .replace("PACK", PACK);
        stage.prepare(&script)?;
        Ok(Like { release, version })
    }

    fn install(&self, stage: &Stage, package: &str) -> Result<Step> {
        let file = format!("/srv/repo/{package}-{}.rpm", self.version.join("-"));
        stage.run(&stage.ground.tool().install(&[file], &[]))
    }

    /// Expects a module of another kernel in its index and its image.
    fn borrows(&self, stage: &Stage, module: &str, from: &str) -> Result<()> {
        let release = &self.release;
        stage.expect_row(&format!("{module}, 1.0, {release}, x86_64: installed-weak from {from}"))?;
        let said = stage.root.bash(&format!(
            "cd /usr/lib/modules/{release} && link=$(echo weak-updates/{module}.ko*)
             [ \"$(readlink $link)\" = \"/lib/modules/{from}/extra/${{link##*/}}\" ] || echo \"$link leads to $(readlink $link)\"
             grep -q \"^$link:\" modules.dep || echo \"modules.dep does not name $link\"
             grep -qFx \"$(sha256sum $link)\" /boot/initramfs-{release}.img || echo \"the image has not $link\""
        ))?;
        stage.complain(&format!("{}{}", said.stdout, said.stderr));
        Ok(())
    }

    /// Expects nothing of a module.
    fn lacks(&self, stage: &Stage, module: &str) -> Result<()> {
        let left = format!(
            "dkms status {module} -k {0} | grep -v ': added$'; find /usr/lib/modules/{0} -name '{module}.ko*'",
            self.release
        );
        stage.complain(&stage.root.bash(&left)?.stdout);
        Ok(())
    }
}

/// What fits is lent, and what is lent stays until there is something better.
pub(super) fn lend(stage: &Stage) -> Result<()> {
    if !stage.is_ours() {
        return Ok(());
    }
    let older = stage.release(Kernel::Older);
    stage.prepare(
        "sed -i 's/^ID=.*/ID=\"rhel\"\\nID_LIKE=\"fedora\"/; s/^VERSION_ID=.*/VERSION_ID=\"9.4\"/' /usr/lib/os-release
         echo 'NO_WEAK_MODULES=\"yes\"' > /etc/dkms/twig.conf",
    )?;
    // Our package wants headers to be there, whatever kernel they are for.
    stage.prepare(&format!(
        "mkdir -p /srv/none/usr/share/none; echo > /srv/none/usr/share/none/file
         {PACK} /srv/none no-headers 1 1 'Provides: kernel-devel-matched'; rm -r /srv/none; rpm -i /srv/repo/no-headers-1-1.rpm"
    ))?;
    let same = Like::pack(stage, "same", 7, "cat")?;
    let change = "awk -F '\\t' -v OFS='\\t' '$2 == \"acpi_evaluate_object\" { $1 = \"0x00000001\" } 1'";
    let other = Like::pack(stage, "other", 8, change)?;

    // A kernel of the same interface, without headers.
    let step = same.install(stage, "kernel-core")?;
    let versions = format!("grep -q '^CONFIG_MODVERSIONS=y' /usr/lib/modules/{older}/build/.config");
    if stage.root.bash(&versions)?.code != 0 {
        // Newer releases of Debian do without; nobody can tell what fits.
        step.builds(stage, 0).reports(stage, &["trunk", &same.release]);
        return same.lacks(stage, "trunk");
    }
    let images = vec![&same.release; if stage.ground.comes_late() { 2 } else { 1 }];
    step.builds(stage, 0).depmods(stage, &[&same.release]).initramfs(stage, &images);
    for module in ["trunk", "leaf"] {
        same.borrows(stage, module, older)?;
    }
    stage.expect_state("acpi-call", &same.release, Some("installed-weak"))?;
    same.lacks(stage, "twig")?;
    // The kernel has one itself, which depmod would prefer.
    stage.expect_state("dummy", &same.release, None)?;

    // One that differs in what one module needs.
    let step = other.install(stage, "kernel-core")?;
    step.builds(stage, 0).depmods(stage, &[&other.release]).reports(stage, &["acpi-call", &other.release]);
    for module in ["trunk", "leaf"] {
        other.borrows(stage, module, older)?;
    }
    other.lacks(stage, "acpi_call")?;

    // The kernel that everything was built for goes, and nothing can be built for the others.
    stage.remove(&linux(Kernel::Older))?.builds(stage, 0).depmods(stage, &[]).initramfs(stage, &[]);
    for (kernel, module) in [(&same, "trunk"), (&same, "leaf"), (&other, "trunk"), (&other, "leaf")] {
        kernel.borrows(stage, module, older)?;
    }

    // Now it can, for one of them, and that lends to the other.
    let both = [&same.release, &other.release];
    let step = same.install(stage, HEADERS)?;
    step.builds(stage, 5).depmods(stage, &both).initramfs(stage, &both);
    for module in ["trunk", "leaf"] {
        stage.expect_row(&format!("{module}/1.0, {}, x86_64: installed", same.release))?;
        other.borrows(stage, module, &same.release)?;
    }
    let left = format!(
        "ls -d /usr/lib/modules/{older} /var/lib/dkms/*/*/{older} /usr/lib/modules/{}/weak-updates/*",
        same.release
    );
    stage.complain(&stage.root.bash(&left)?.stdout);

    // A person installs for one kernel, and the other one may have it, too.
    stage.prepare(&format!(
        "rm /etc/dkms/twig.conf; dkms uninstall twig/1.0 -k {0}; dkms install twig/1.0 -k {0}",
        same.release
    ))?;
    stage.expect_row(&format!("twig, 1.0, {}, x86_64: installed-weak from {}", other.release, same.release))?;
    stage.prepare(&format!("dkms uninstall twig/1.0 -k {}", same.release))?;
    other.lacks(stage, "twig")?;
    stage.prepare(&format!("dkms install twig/1.0 -k {}", same.release))?;

    // What is lent goes with what it leads to, and with the kernel that has it.
    stage.remove(&[TRUNK, LEAF])?.builds(stage, 0).depmods(stage, &both);
    for module in ["trunk", "leaf"] {
        other.lacks(stage, module)?;
    }
    let gone = format!("kernel-core-{}", other.version.join("-"));
    stage.run(&stage.ground.tool().remove(&[gone]))?.builds(stage, 0).depmods(stage, &[]);
    let left = format!("ls -d /usr/lib/modules/{}; dkms status | grep weak", other.release);
    stage.complain(&stage.root.bash(&left)?.stdout);
    Ok(())
}
