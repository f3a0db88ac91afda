//! What a kernel will be when it boots, whether it runs now or not: the half of what decides about signatures that is its own.

use std::path::Path;

use crate::error::Error;
use crate::facts::command_line::CommandLine;
use crate::facts::kernel::KernelConfig;
use crate::facts::own_signers;
use crate::module_file::signature::message::SignerId;
use crate::setup::Setup;

/// A kernel at its boot.
#[derive(Clone, Debug, Default)]
pub struct AtBoot {
    /// `uname -r`.
    pub release: String,
    /// Its configuration, for which no headers are needed.
    pub config: KernelConfig,
    /// What its boot loader passes to it; `None` if that is not known.
    pub command_line: Option<CommandLine>,
    /// Who signed its own modules.
    pub own_signers: Vec<SignerId>,
}

impl AtBoot {
    /// Looks; `directory` is the kernel's, where its modules are.
    ///
    /// # Errors
    /// `Io` for a configuration that is there and cannot be read.
    pub fn gather(setup: &Setup, directory: &Path, release: &str) -> Result<Self, Error> {
        Ok(Self {
            release: release.to_owned(),
            config: KernelConfig::of_image(&setup.root, directory, release)?,
            command_line: None,
            own_signers: own_signers::of_kernel(&setup.root, directory),
        })
    }
}
