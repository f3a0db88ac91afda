//! Kernels without headers that are made of the files of another one, and tell the versions of their symbols.

use anyhow::Result;

use super::Scenario;
use super::fedora::PACK;
use super::kernel::{CORE_SCRIPTS, HEADERS};
use crate::transaction::Step;
use crate::transaction::package_manager::Kernel;

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
pub(super) struct Like {
    pub(super) release: String,
    /// Version and release of its packages.
    pub(super) version: [String; 2],
}

impl Like {
    /// Packs it. `change` is a program that reads a table of symbols and prints another one.
    pub(super) fn pack(scenario: &Scenario, name: &str, number: u32, change: &str) -> Result<Like> {
        let older = scenario.release(Kernel::Older);
        let release = format!("{older}.{name}");
        let (version, _) = scenario.environment.version(Kernel::Older);
        let version = [version, number.to_string()];
        let script = LIKE
            .replace("SCRIPTS", CORE_SCRIPTS)
            .replace("OLDER", older)
            .replace("NEW", &release)
            .replace("CHANGE", change)
            .replace("VERSION", &version.join(" "))
            .replace("HEADERS", HEADERS)
            .replace("PACK", PACK);
        scenario.prepare(&script)?;
        Ok(Like { release, version })
    }

    pub(super) fn install(&self, scenario: &Scenario, package: &str) -> Result<Step> {
        scenario.run(&scenario.environment.tool().install(&[self.file(package)], &[]))
    }

    /// The file of one of its packages.
    pub(super) fn file(&self, package: &str) -> String {
        format!("/srv/repo/{package}-{}.rpm", self.version.join("-"))
    }

    /// Expects a module of another kernel in its index and its image.
    pub(super) fn is_linked(&self, scenario: &Scenario, module: &str, from: &str) -> Result<()> {
        let release = &self.release;
        scenario.expect_row(&format!("{module}, 1.0, {release}, x86_64: installed-weak from {from}"))?;
        let said = scenario.root.bash(&format!(
            "cd /usr/lib/modules/{release} && link=$(echo weak-updates/{module}.ko*)
             [ \"$(readlink $link)\" = \"/lib/modules/{from}/extra/${{link##*/}}\" ] || echo \"$link leads to $(readlink $link)\"
             grep -q \"^$link:\" modules.dep || echo \"modules.dep does not name $link\"
             grep -qFx \"$(sha256sum $link)\" /boot/initramfs-{release}.img || echo \"the image has not $link\""
        ))?;
        scenario.complain(&format!("{}{}", said.stdout, said.stderr));
        Ok(())
    }

    /// Expects nothing of a module.
    pub(super) fn lacks(&self, scenario: &Scenario, module: &str) -> Result<()> {
        let left = format!(
            "dkms status {module} -k {0} | grep -v ': added$'; find /usr/lib/modules/{0} -name '{module}.ko*'",
            self.release
        );
        scenario.complain(&scenario.root.bash(&left)?.stdout);
        Ok(())
    }
}

/// The root is one of Red Hat's.
pub(super) fn red_hat(scenario: &Scenario) -> Result<()> {
    // Our package wants headers to be there, whatever kernel they are for.
    scenario.prepare(&format!(
        "set -e; sed -i 's/^ID=.*/ID=\"rhel\"\\nID_LIKE=\"fedora\"/; s/^VERSION_ID=.*/VERSION_ID=\"9.4\"/' /usr/lib/os-release
         mkdir -p /srv/none/usr/share/none; echo > /srv/none/usr/share/none/file
         {PACK} /srv/none no-headers 1 1 'Provides: kernel-devel-matched'; rm -r /srv/none; rpm -i /srv/repo/no-headers-1-1.rpm"
    ))
}
