//! Whether the running kernel will insist on signed modules: Secure Boot, lockdown, the kernel's own setting.
//!
//! Only the machine that runs can be asked; a root that is an image of another machine has no firmware. "Unknown" is
//! not "off": a report must not promise what was not looked at.

use std::path::Path;

use crate::facts::kernel::KernelConfig;
use crate::layout::{EFI_VARIABLES, LOCKDOWN, SIG_ENFORCE};
use crate::system::root::Root;

/// The vendor number of the variables that the UEFI specification itself defines.
const GLOBAL_VARIABLE: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// State of the firmware's Secure Boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firmware {
    /// On, and not in set-up mode.
    Secure,
    /// Off, in set-up mode, or a firmware without it.
    Insecure,
    /// Nothing to read it from: no EFI, a container, another machine's root.
    Unknown,
}

/// What insists on signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecureBoot {
    /// Secure Boot.
    pub firmware: Firmware,
    /// Whether the running kernel is locked down.
    pub locked_down: bool,
    /// Whether the running kernel insists by a parameter, whatever the firmware says.
    pub by_parameter: bool,
}

impl SecureBoot {
    /// Looks.
    pub fn gather(root: &Root) -> Self {
        let text = |path: &str| root.read_to_string(Path::new(path)).unwrap_or_default();
        let lockdown = text(LOCKDOWN);
        Self {
            firmware: firmware(root),
            locked_down: lockdown.contains("[integrity]") || lockdown.contains("[confidentiality]"),
            by_parameter: text(SIG_ENFORCE).trim() == "Y",
        }
    }

    /// Whether a kernel with this configuration refuses unsigned modules on this machine: when it was made so, or runs
    /// locked down, which distributions tie to Secure Boot.
    pub fn enforcing(&self, config: &KernelConfig) -> bool {
        config.enabled("CONFIG_MODULE_SIG_FORCE")
            || self.by_parameter
            || self.locked_down
            || (self.firmware == Firmware::Secure && config.enabled("CONFIG_MODULE_SIG"))
    }
}

fn firmware(root: &Root) -> Firmware {
    let directory = Path::new(EFI_VARIABLES);
    // Four bytes of attributes come first.
    let variable = |name: &str| {
        let path = directory.join(format!("{name}-{GLOBAL_VARIABLE}"));
        root.read_bounded(&path, 16).ok()?.get(4).copied()
    };
    match (variable("SecureBoot"), variable("SetupMode")) {
        (Some(1), setup) if setup != Some(1) => Firmware::Secure,
        (Some(_), _) => Firmware::Insecure,
        // EFI variables without this one: a firmware that does not know it.
        (None, _) if root.list(directory).is_ok_and(|entries| !entries.is_empty()) => Firmware::Insecure,
        _ => Firmware::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn config(text: &str) -> KernelConfig {
        KernelConfig::new("/c".into(), text.into())
    }

    #[test]
    fn the_firmware_is_read_and_absence_is_not_off() {
        let (_directory, setup) = testing::setup();
        assert_eq!(SecureBoot::gather(&setup.root).firmware, Firmware::Unknown);
        let variable = |name: &str| format!("{EFI_VARIABLES}/{name}-{GLOBAL_VARIABLE}");
        testing::write(&setup, &variable("SecureBoot"), [6, 0, 0, 0, 1]);
        assert_eq!(SecureBoot::gather(&setup.root).firmware, Firmware::Secure);
        testing::write(&setup, &variable("SetupMode"), [6, 0, 0, 0, 1]);
        assert_eq!(SecureBoot::gather(&setup.root).firmware, Firmware::Insecure);
    }

    #[test]
    fn enforcing() {
        let (_directory, setup) = testing::setup();
        let nothing = SecureBoot::gather(&setup.root);
        assert!(!nothing.enforcing(&config("CONFIG_MODULE_SIG=y\n")));
        assert!(nothing.enforcing(&config("CONFIG_MODULE_SIG_FORCE=y\n")));
        testing::write(&setup, LOCKDOWN, "none [integrity] confidentiality\n");
        assert!(SecureBoot::gather(&setup.root).enforcing(&config("")));
        testing::write(&setup, LOCKDOWN, "[none] integrity confidentiality\n");
        testing::write(&setup, SIG_ENFORCE, "Y\n");
        assert!(SecureBoot::gather(&setup.root).enforcing(&config("")));
    }
}
