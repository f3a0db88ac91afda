//! What a front door wants: the only thing in which they differ.

use std::collections::BTreeSet;

use crate::target::{KernelId, ModuleId, Target};

/// What is to be true after the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// These targets are built.
    Built(Request),
    /// These targets are installed.
    Installed(Request),
    /// These targets are not installed.
    Uninstalled(BTreeSet<Target>),
    /// These targets are neither installed nor built.
    Unbuilt(BTreeSet<Target>),
    /// As `Unbuilt`; the module version is registered no longer if nothing built is left of it.
    Removed {
        /// The module version.
        module: ModuleId,
        /// For which kernels.
        targets: BTreeSet<Target>,
    },
    /// Every registered module that wants it is built and installed for these kernels.
    Autoinstalled {
        /// Which kernels.
        kernels: BTreeSet<KernelId>,
        /// Install again what is installed.
        force: bool,
        /// This module alone, with what it depends on.
        only: Option<String>,
    },
    /// The same for all kernels that modules are kept for, and what waited for a successor is gone where it has one.
    Reconciled {
        /// Which kernels.
        kernels: BTreeSet<KernelId>,
        /// Kernels that nothing is done for yet, because the package manager has not come to their end.
        waiting: BTreeSet<KernelId>,
    },
    /// What was installed just now is linked into these kernels where it fits and they have nothing of their own, and is no
    /// longer linked where it does not.
    WeaklyLinked {
        /// What was installed.
        installed: BTreeSet<Target>,
        /// Which kernels.
        kernels: BTreeSet<KernelId>,
    },
    /// Nothing of ours is left for a kernel.
    KernelGone {
        /// Which kernel.
        kernel: KernelId,
        /// Only modules that come back by themselves (AUTOINSTALL): the kernel is about to be unpacked again.
        autoinstalled_only: bool,
    },
}

/// Targets that a person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// In the order in which they were named.
    pub targets: Vec<Target>,
    /// Do it again although it is done; go on although a dependency is missing.
    pub force: bool,
}
