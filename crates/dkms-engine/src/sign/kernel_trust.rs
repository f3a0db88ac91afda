//! What the kernel that is built for makes of signatures, asked only where it matters: it takes looks at the firmware and at
//! the kernel's own modules.

use std::cell::OnceCell;

use crate::facts::at_boot::AtBoot;
use crate::facts::firmware::Firmware;
use crate::facts::kernel::Kernel;
use crate::setup::Setup;
use crate::trust::{Answer, Circumstances, Insists};

/// One kernel, looked at when it is asked about first.
pub(super) struct KernelTrust<'a> {
    setup: &'a Setup,
    kernel: &'a Kernel,
    facts: OnceCell<(AtBoot, Firmware)>,
}

impl<'a> KernelTrust<'a> {
    pub(super) fn new(setup: &'a Setup, kernel: &'a Kernel) -> Self {
        Self { setup, kernel, facts: OnceCell::new() }
    }

    /// Whether the kernel refuses modules without a signature. What cannot be told stops no build.
    pub(super) fn refuses_unsigned(&self) -> bool {
        matches!(self.circumstances().insists(), Insists::Yes { .. })
    }

    /// Judges a module with all that is appended to it.
    pub(super) fn judge(&self, module: &[u8]) -> Answer {
        self.circumstances().judge(module)
    }

    fn circumstances(&self) -> Circumstances<'_> {
        let Self { setup, kernel: Kernel { id, directory, config, .. }, .. } = self;
        let (kernel, firmware) = self.facts.get_or_init(|| {
            let found = AtBoot::gather(setup, directory, &id.release).unwrap_or_default();
            // A person may have named another configuration to build with, and a kernel of headers alone has no other.
            let named = setup.options.kernel_config.is_some() || found.config.path.is_none();
            let config = if named { config.clone() } else { found.config };
            (AtBoot { config, ..found }, Firmware::gather(setup))
        });
        Circumstances { kernel, firmware, distribution: &setup.distribution }
    }
}
