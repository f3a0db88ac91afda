//! What is the same for all kernels of the machine.

use std::path::PathBuf;

use crate::error::Error;
use crate::facts::at_boot::AtBoot;
use crate::facts::boot::{Boot, Next};
use crate::facts::command_line::CommandLine;
use crate::facts::firmware::Firmware;
use crate::facts::image::place;
use crate::facts::kernel::KernelConfig;
use crate::facts::modprobe_conf::ModprobeConf;
use crate::setup::Setup;
use crate::trust::Circumstances;

/// The machine between two boots.
pub(super) struct Machine {
    firmware: Firmware,
    /// As it will be if what shim is asked for is confirmed, where that matters.
    confirmed: Option<Firmware>,
    boot: Boot,
    pub(super) modprobe: ModprobeConf,
}

impl Machine {
    pub(super) fn gather(setup: &Setup) -> Result<Self, Error> {
        let firmware = Firmware::gather(setup);
        let boot = Boot::gather(setup, &firmware);
        let confirmed = match &firmware {
            Firmware::Efi(efi) => efi.confirmed().map(|efi| Firmware::Efi(Box::new(efi))),
            Firmware::Bios | Firmware::Unknown { .. } => None,
        };
        Ok(Self { boot, modprobe: ModprobeConf::gather(&setup.root)?, firmware, confirmed })
    }

    /// The release of the kernel that boots next.
    ///
    /// # Errors
    /// A fragment saying why that cannot be told.
    pub(super) fn next(&self) -> Result<String, String> {
        match &self.boot.next {
            Next::CannotTell { reason } => Err(reason.clone()),
            Next::Entry(_) => {
                let entry = self.boot.next_entry();
                let name = || entry.map(|entry| entry.title.clone()).unwrap_or_default();
                let release = entry.and_then(|entry| entry.release.clone());
                release.ok_or_else(|| format!("which kernel the entry `{}` starts is not known", name()))
            }
        }
    }

    /// What a kernel is booted with.
    pub(super) fn command_line(&self, release: &str, config: &KernelConfig) -> Option<CommandLine> {
        self.boot.command_line(release, config)
    }

    /// Where the initial file system of a kernel lies: what its entry names comes before where it usually is.
    ///
    /// # Errors
    /// A fragment saying why that cannot be looked at.
    pub(super) fn initial_file_system(&self, setup: &Setup, release: &str) -> Option<Result<PathBuf, String>> {
        let next = self.boot.next_entry().filter(|entry| entry.release.as_deref() == Some(release));
        let entry = next.or_else(|| self.boot.entries_of(release).next());
        // Of several the last one is not the microcode.
        let named = entry.and_then(|entry| entry.initrds.iter().rev().find(|path| setup.root.is_file(path)).cloned());
        let unified = entry.filter(|entry| entry.uki && named.is_none());
        match unified {
            Some(entry) => {
                Some(Err(format!("it is in the unified image `{}`, which is not unpacked", entry.image.display())))
            }
            None => named.or_else(|| place::find(setup, release)).map(Ok),
        }
    }

    pub(super) fn circumstances<'a>(&'a self, setup: &'a Setup, kernel: &'a AtBoot) -> Circumstances<'a> {
        Circumstances { kernel, firmware: &self.firmware, distribution: &setup.distribution }
    }

    /// The same after a person has confirmed what shim is asked for; `None` where nothing is.
    pub(super) fn confirmed<'a>(&'a self, setup: &'a Setup, kernel: &'a AtBoot) -> Option<Circumstances<'a>> {
        let firmware = self.confirmed.as_ref()?;
        Some(Circumstances { kernel, firmware, distribution: &setup.distribution })
    }
}
