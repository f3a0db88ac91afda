//! Every path of ours, in one file: the only place where an absolute path is a string constant.
//!
//! All paths are *in-root*: absolute, and meant to be resolved by [`crate::system::root::Root`]. The tree's shape is the
//! original's; what is ours alone lives in dot files, which the original's globs do not see:
//!
//! ```text
//! T/.dkms-rs/lock                        held by the process that writes
//! T/.dkms-rs/failed/M/V/K/A/record.json  why the last build failed, with the fingerprint it failed for
//! T/.dkms-rs/failed/M/V/K/A/make.log
//! T/.dkms-rs/attempts/M/V/K/A/           what is remembered of the last two attempts to build, and the log of the first of them
//! T/.dkms-rs/enrollments.json            which certificates shim was asked to enrol, and when
//! T/.dkms-rs/verdict.json                what the last transaction left, T/.dkms-rs/motd in words while it is bad
//! T/.dkms-rs/retiring/M/V                its package asked for removal during an upgrade; it goes when a successor is there
//! T/.dkms-rs/going/K                     a package said that this kernel goes; the transaction's end sees whether it is gone
//! T/.dkms-rs/initramfs-pending/K         the initramfs is still to be made again for this kernel
//! T/M/V/K/A/.record.json                 how this build came about; moves and dies with it
//! T/M/V/K/A/.installed.json              which files of it were placed where
//! T/M/V/.work-XXXX/                      a build in progress
//! ```

use std::path::{Path, PathBuf};

use crate::target::{KernelId, ModuleId, Target};

/// Prefix of everything that is being staged beside its destination; a run begins by sweeping what bears it.
pub const STAGED_PREFIX: &str = ".dkms-rs-staged-";
/// What follows the name of a displaced module in the file that says where it was.
pub const ORIGIN_SUFFIX: &str = ".origin";
/// Prefix of private work directories below `T/M/V`.
pub const WORK_PREFIX: &str = ".work-";
/// Where programs are looked for after the caller's `PATH`.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The home directory of who has none in a hook.
pub const HOME_OF_ROOT: &str = "/root";
/// The os-release files, first existing one counts.
pub const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];
/// Red Hat's historic place for `ADDON_MODULES_DIR`.
pub const MODULE_INIT_TOOLS: &str = "/etc/sysconfig/module-init-tools";
/// The framework configuration file; fragments are in the directory of the same name with `.d`.
pub const FRAMEWORK_CONF: &str = "/etc/dkms/framework.conf";
/// Fragments of the framework configuration, read in name order.
pub const FRAMEWORK_CONF_D: &str = "/etc/dkms/framework.conf.d";
/// Overrides, patches and scripts of the administrator.
pub const CONFIG_DIR: &str = "/etc/dkms";
/// Flag file: while it exists nothing is built automatically.
pub const NO_AUTOINSTALL: &str = "/etc/dkms/no-autoinstall";
/// Lists of modules whose installation is always forced.
pub const FORCE_LISTS: &str = "/usr/share/dkms/modules_to_force_install";
/// Module directories of kernels, in the order in which they are looked at; on merged systems they are the same.
pub const MODULE_DIRS: [&str; 2] = ["/lib/modules", "/usr/lib/modules"];
/// Files in the module directory of a kernel that only its own packages bring.
pub const KERNELS_OWN: [&str; 3] = ["vmlinuz", "modules.order", "modules.builtin"];
/// `System.map` files of kernels.
pub const BOOT: &str = "/boot";
/// Where boot loaders find what kernel-install gives them.
pub const BOOT_PARTITIONS: [&str; 3] = ["/efi", "/boot", "/boot/efi"];
/// Where GRUB's menu is, as its makers call the directory.
pub const GRUB_CONFIGS: [&str; 2] = ["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"];
/// Menus of extlinux, which U-Boot reads, too.
pub const EXTLINUX_CONFIGS: [&str; 2] = ["/boot/extlinux/extlinux.conf", "/boot/extlinux.conf"];
/// What zipl, the boot loader of s390, is configured with.
pub const ZIPL_CONF: &str = "/etc/zipl.conf";
/// There where OPAL is the firmware, which boots with petitboot.
pub const OPAL: &str = "/sys/firmware/opal";
/// Presets of mkinitcpio, one for each kernel package.
pub const MKINITCPIO_PRESETS: &str = "/etc/mkinitcpio.d";
/// Trees whose files say something else at every look.
pub const VOLATILE: [&str; 3] = ["/dev", "/proc", "/sys"];
/// What the kernel tells of the firmware.
pub const FIRMWARE: &str = "/sys/firmware";
/// What it tells if EFI has booted it.
pub const EFI: &str = "/sys/firmware/efi";
/// The table that shim leaves in memory, a file for each variable.
pub const MOK_VARIABLES: &str = "/sys/firmware/efi/mok-variables";
/// What the firmware tells the kernel: EFI variables.
pub const EFI_VARIABLES: &str = "/sys/firmware/efi/efivars";
/// The kernel's lockdown mode.
pub const LOCKDOWN: &str = "/sys/kernel/security/lockdown";
/// Whether the running kernel insists on signed modules.
pub const SIG_ENFORCE: &str = "/sys/module/module/parameters/sig_enforce";
/// What dpkg keeps of each package: its scripts among them.
pub const DPKG_INFO: &str = "/var/lib/dpkg/info";
/// What dpkg knows of each package.
pub const DPKG_STATUS: &str = "/var/lib/dpkg/status";
/// What dpkg keeps of triggers: a file for each with the packages that are interested, and `Unincorp` with those that were
/// activated last.
pub const DPKG_TRIGGERS: &str = "/var/lib/dpkg/triggers";
/// Where pacman's hook files are: those of packages, and those of the administrator, which override them.
pub const ALPM_HOOKS: [&str; 2] = ["/usr/share/libalpm/hooks", "/etc/pacman.d/hooks"];
/// What pacman keeps of each installed package.
pub const PACMAN_DATABASE: &str = "/var/lib/pacman/local";
/// Modules that the running kernel has loaded.
pub const LOADED_MODULES: &str = "/sys/module";
/// What lives from one hook to the next of the same transaction.
pub const RUN: &str = "/run/dkms-rs";
/// Debian's note that a restart is due, and beside it the packages that want it.
pub const REBOOT_REQUIRED: [&str; 2] = ["/run/reboot-required", "/run/reboot-required.pkgs"];
/// Configuration of depmod, the first directory that has a file of some name wins.
pub const DEPMOD_D: [&str; 4] = ["/etc/depmod.d", "/run/depmod.d", "/usr/lib/depmod.d", "/lib/depmod.d"];
/// Configuration of modprobe, likewise.
pub const MODPROBE_D: [&str; 5] =
    ["/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"];
/// Facts about processes.
pub const PROC: &str = "/proc";
/// Devices that are present, each with the alias of the module that it wants.
pub const DEVICES: &str = "/sys/devices";
/// Where a kernel has links to modules of other kernels, below `I/K`; depmod looks here last.
pub const WEAK_UPDATES: &str = "weak-updates";
/// SUSE's program that links modules into other kernels of the same interface.
pub const WEAK_MODULES_2: &str = "/usr/lib/module-init-tools/weak-modules2";
/// There while systemd is the service manager.
pub const SYSTEMD_RUNNING: &str = "/run/systemd/system";
/// The machine-owner key that Ubuntu's `shim-signed` keeps, and its certificate.
pub const SHIM_KEY_PAIR: [&str; 2] = ["/var/lib/shim-signed/mok/MOK.priv", "/var/lib/shim-signed/mok/MOK.der"];
/// The pair that akmods makes and enrols (kmodgenca); both are links.
pub const AKMODS_KEY_PAIR: [&str; 2] =
    ["/etc/pki/akmods/private/private_key.priv", "/etc/pki/akmods/certs/public_key.der"];
/// The pair of the firmware's db that sbctl keeps.
pub const SBCTL_KEY_PAIR: [&str; 2] = ["/var/lib/sbctl/keys/db/db.key", "/var/lib/sbctl/keys/db/db.pem"];
/// Settings of Gentoo's package manager.
pub const PORTAGE_CONF: &str = "/etc/portage/make.conf";
/// The root directory of the machine's first process, on the host: what is no chroot has the same.
pub const FIRST_ROOT: &str = "/proc/1/root";
/// A shell for commands that are shell by definition (`MAKE`, scripts with arguments).
pub const SHELL: &str = "/bin/bash";

/// Where Debian keeps the programs of a kernel's build system.
pub fn kbuild(version: &str) -> PathBuf {
    Path::new("/usr/lib").join(format!("linux-kbuild-{version}"))
}

/// Where the versions of a kernel's symbols may be written, best first: Red Hat's kernel packages bring them, others leave
/// them to the headers.
pub fn symbol_tables(directory: &Path, release: &str) -> Vec<PathBuf> {
    let beside = ["symvers.gz", "symvers.xz", "symvers.zst"].map(|name| directory.join(name));
    let boot = ["gz", "xz"].map(|suffix| Path::new(BOOT).join(format!("symvers-{release}.{suffix}")));
    beside.into_iter().chain(boot).chain([directory.join("build/Module.symvers")]).collect()
}

/// A directory of kernel headers among the sources.
pub fn kernel_headers(name: &str) -> PathBuf {
    Path::new("/usr/src").join(name)
}

/// The trees a run works on, after command line and framework.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The dkms tree `T`.
    pub tree: PathBuf,
    /// The source tree `S`.
    pub source: PathBuf,
    /// The install tree `I`: one directory per kernel release.
    pub install: PathBuf,
    /// Where tarballs are unpacked.
    pub temporary: PathBuf,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            tree: "/var/lib/dkms".into(),
            source: "/usr/src".into(),
            install: "/lib/modules".into(),
            temporary: "/tmp".into(),
        }
    }
}

impl Layout {
    /// `T/M`
    pub fn module(&self, name: &str) -> PathBuf {
        self.tree.join(name)
    }

    /// `T/M/V`
    pub fn version(&self, module: &ModuleId) -> PathBuf {
        self.module(&module.name).join(&module.version)
    }

    /// `T/M/V/source`, the link to the source tree.
    pub fn source_link(&self, module: &ModuleId) -> PathBuf {
        self.version(module).join("source")
    }

    /// `T/M/V/build`: where builds believe they are, and where a failed build's log is linked.
    pub fn build(&self, module: &ModuleId) -> PathBuf {
        self.version(module).join("build")
    }

    /// `T/M/V/tarball`
    pub fn tarballs(&self, module: &ModuleId) -> PathBuf {
        self.version(module).join("tarball")
    }

    /// `T/M/V/K/A`: one finished build.
    pub fn built(&self, target: &Target) -> PathBuf {
        self.version(&target.module).join(&target.kernel.release).join(&target.kernel.arch)
    }

    /// `T/M/V/K/A/module`: its objects; the directory that makes a target count as built.
    pub fn objects(&self, target: &Target) -> PathBuf {
        self.built(target).join("module")
    }

    /// `T/M/V/K/A/log/make.log`
    pub fn make_log(&self, target: &Target) -> PathBuf {
        self.built(target).join("log/make.log")
    }

    /// `T/M/V/K/A/.record.json`
    pub fn record(&self, target: &Target) -> PathBuf {
        self.built(target).join(".record.json")
    }

    /// `T/M/V/K/A/.installed.json`
    pub fn manifest(&self, target: &Target) -> PathBuf {
        self.built(target).join(".installed.json")
    }

    /// `T/M/V/K/A/.journal.json`: an installation or its removal that has begun and not ended.
    pub fn journal(&self, target: &Target) -> PathBuf {
        self.built(target).join(".journal.json")
    }

    /// There while files of a kernel have changed and depmod has not run.
    pub fn depmod_pending(&self, release: &str) -> PathBuf {
        self.state().join("depmod-pending").join(release)
    }

    /// There while a kernel's modules are newer than its initramfs.
    pub fn initramfs_pending(&self, release: &str) -> PathBuf {
        self.state().join("initramfs-pending").join(release)
    }

    /// There from when a script says that a kernel goes until it is seen whether it is gone.
    pub fn going(&self, release: &str) -> PathBuf {
        self.state().join("going").join(release)
    }

    /// Directory of the notes of [`Layout::retiring`].
    pub fn retirements(&self) -> PathBuf {
        self.state().join("retiring")
    }

    /// There while a module version waits for its successor.
    pub fn retiring(&self, module: &ModuleId) -> PathBuf {
        self.retirements().join(&module.name).join(&module.version)
    }

    /// What a look saw after which nothing was to be done.
    pub fn seen(&self) -> PathBuf {
        self.state().join("seen")
    }

    /// Which certificates shim was asked to enrol.
    pub fn enrollments(&self) -> PathBuf {
        self.state().join("enrollments.json")
    }

    /// What the last transaction left, for programs.
    pub fn verdict(&self) -> PathBuf {
        self.state().join("verdict.json")
    }

    /// The same in words for users who log in, there while something will not work.
    pub fn motd(&self) -> PathBuf {
        self.state().join("motd")
    }

    /// Where `--rpm_safe_upgrade` leaves its word; only root enters.
    pub fn rpm_upgrades(&self) -> PathBuf {
        self.state().join("rpm-upgrades")
    }

    /// `T/M/kernel-K-A`, the link that says which version is active.
    pub fn active_link(&self, name: &str, kernel: &KernelId) -> PathBuf {
        self.module(name).join(format!("kernel-{}-{}", kernel.release, kernel.arch))
    }

    /// `T/M/original_module/K/A`: what our modules displaced.
    pub fn originals(&self, name: &str, kernel: &KernelId) -> PathBuf {
        self.module(name).join("original_module").join(&kernel.release).join(&kernel.arch)
    }

    /// `S/M-V`
    pub fn source_tree(&self, module: &ModuleId) -> PathBuf {
        self.source.join(module.dashed())
    }

    /// `I/K`
    pub fn kernel(&self, release: &str) -> PathBuf {
        self.install.join(release)
    }

    /// `I/K/build`
    pub fn kernel_build(&self, release: &str) -> PathBuf {
        self.kernel(release).join("build")
    }

    /// `T/.dkms-rs`: state that is ours alone.
    pub fn state(&self) -> PathBuf {
        self.tree.join(".dkms-rs")
    }

    /// The writers' lock.
    pub fn lock(&self) -> PathBuf {
        self.state().join("lock")
    }

    /// Directory of the failure record and log of one target.
    pub fn failed(&self, target: &Target) -> PathBuf {
        self.failed_module(&target.module).join(&target.kernel.release).join(&target.kernel.arch)
    }

    /// Where the log of a failed build is kept.
    pub fn failed_log(&self, target: &Target) -> PathBuf {
        self.failed(target).join("make.log")
    }

    /// Directory of all failure records of one module version.
    pub fn failed_module(&self, module: &ModuleId) -> PathBuf {
        self.failures().join(&module.name).join(&module.version)
    }

    /// Directory of all failure records.
    pub fn failures(&self) -> PathBuf {
        self.state().join("failed")
    }

    /// Directory of what is remembered of the last attempts to build one target.
    pub fn attempts(&self, target: &Target) -> PathBuf {
        self.attempts_of(&target.module).join(&target.kernel.release).join(&target.kernel.arch)
    }

    /// The same of all targets of one module version.
    pub fn attempts_of(&self, module: &ModuleId) -> PathBuf {
        self.all_attempts().join(&module.name).join(&module.version)
    }

    /// The same of everything.
    pub fn all_attempts(&self) -> PathBuf {
        self.state().join("attempts")
    }

    /// What is remembered of the last attempt.
    pub fn last_attempt(&self, target: &Target) -> PathBuf {
        self.attempts(target).join("last.json")
    }

    /// What is remembered of the attempt before it.
    pub fn previous_attempt(&self, target: &Target) -> PathBuf {
        self.attempts(target).join("previous.json")
    }

    /// The log of the attempt before it.
    pub fn previous_log(&self, target: &Target) -> PathBuf {
        self.attempts(target).join("previous.log")
    }

    /// Log of the last post_transaction command.
    pub fn post_transaction_log(&self) -> PathBuf {
        self.tree.join("post_transaction.log")
    }

    /// Machine-owner key and certificate that are made when nothing else is configured.
    pub fn default_key_pair(&self) -> (PathBuf, PathBuf) {
        (self.tree.join("mok.key"), self.tree.join("mok.pub"))
    }

    /// Override files of one target in reading order; the kernel ones only if `kernel` is given.
    pub fn overrides(&self, module: &ModuleId, kernel: Option<&KernelId>) -> Vec<PathBuf> {
        let (m, v) = (&module.name, &module.version);
        let mut names = vec![format!("{m}.conf"), format!("{m}-{v}.conf")];
        if let Some(KernelId { release: k, arch: a }) = kernel {
            names.push(format!("{m}-{v}-{k}.conf"));
            names.push(format!("{m}-{v}-{k}-{a}.conf"));
            names.push(format!("{m}--{k}.conf"));
            names.push(format!("{m}--{k}-{a}.conf"));
        }
        names.into_iter().map(|name| Path::new(CONFIG_DIR).join(name)).collect()
    }

    /// The administrator's own patches and scripts for a module.
    pub fn administrator_files(&self, name: &str) -> PathBuf {
        Path::new(CONFIG_DIR).join(name)
    }
}
