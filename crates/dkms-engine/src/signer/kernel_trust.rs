//! What the kernel that is built for makes of signatures, asked only where it matters: it takes looks at the firmware and at
//! the kernel's own modules.

use std::cell::OnceCell;

use crate::facts::at_boot::AtBoot;
use crate::facts::firmware::{Efi, Firmware};
use crate::facts::kernel::Kernel;
use crate::module_file::certificate::Certificate;
use crate::setup::Setup;
use crate::trust::{Answer, Circumstances, Enrollment, Insists};

/// One kernel, looked at when it is asked about first.
pub(crate) struct KernelTrust<'a> {
    setup: &'a Setup,
    kernel: &'a Kernel,
    facts: OnceCell<(AtBoot, Firmware)>,
}

impl<'a> KernelTrust<'a> {
    pub(crate) fn new(setup: &'a Setup, kernel: &'a Kernel) -> Self {
        Self { setup, kernel, facts: OnceCell::new() }
    }

    /// Whether the kernel refuses modules without a signature. What cannot be told stops no build.
    pub(crate) fn refuses_unsigned(&self) -> bool {
        matches!(self.circumstances().insists(), Insists::Yes { .. })
    }

    /// Judges a module with all that is appended to it.
    pub(crate) fn judge(&self, module: &[u8]) -> Answer {
        self.circumstances().judge(module)
    }

    /// Whether it takes signatures by a certificate's key when Secure Boot is on, be it on now or not: a switch that is turned
    /// off for a while must not make another key sign.
    pub(crate) fn takes_under_secure_boot(&self, certificate: &Certificate) -> bool {
        let now = self.circumstances();
        let Firmware::Efi(efi) = now.firmware else { return false };
        let on = Firmware::Efi(Box::new(Efi { secure_boot: true, validation_off: false, ..(**efi).clone() }));
        let then = Circumstances { firmware: &on, ..now };
        matches!(Enrollment::of(&then, Some(certificate), false), Enrollment::Counted { .. })
    }

    fn circumstances(&self) -> Circumstances<'_> {
        let Self { setup, kernel: Kernel { id, directory, config, .. }, .. } = self;
        let (kernel, firmware) = self.facts.get_or_init(|| {
            let found = AtBoot::gather(setup, directory, &id.release)
                .unwrap_or_else(|_| AtBoot { release: id.release.clone(), ..AtBoot::default() });
            // A person may have named another configuration to build with, and a kernel of headers alone has no other.
            let named = setup.options.kernel_config.is_some() || found.config.path.is_none();
            let config = if named { config.clone() } else { found.config };
            (AtBoot { config, ..found }, Firmware::gather(setup))
        });
        Circumstances { kernel, firmware, distribution: &setup.distribution }
    }
}
