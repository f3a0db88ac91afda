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
    boot: Boot,
    pub(super) modprobe: ModprobeConf,
}

impl Machine {
    pub(super) fn gather(setup: &Setup) -> Result<Self, Error> {
        let firmware = Firmware::gather(setup);
        let boot = Boot::gather(setup, &firmware);
        Ok(Self { boot, modprobe: ModprobeConf::gather(&setup.root)?, firmware })
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

    /// Where the initial file system of a kernel lies.
    pub(super) fn initial_file_system(&self, setup: &Setup, release: &str) -> Option<PathBuf> {
        let of_entry = || {
            let mut paths = self.boot.entries_of(release).flat_map(|entry| entry.initrds.iter().rev());
            paths.find(|path| setup.root.is_file(path)).cloned()
        };
        place::find(setup, release).or_else(of_entry)
    }

    pub(super) fn circumstances<'a>(&'a self, setup: &'a Setup, kernel: &'a AtBoot) -> Circumstances<'a> {
        Circumstances { kernel, firmware: &self.firmware, distribution: &setup.distribution }
    }
}
