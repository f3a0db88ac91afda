//! Which pair signs where several are there: what the kernel takes, in a fixed order, and never a replaced one.

use super::*;
use crate::facts::firmware::signature_list::tests::{OURS, certificate};
use crate::facts::kernel::KernelConfig;
use crate::layout::{AKMODS_KEY_PAIR, MOK_VARIABLES, SBCTL_KEY_PAIR, SHIM_KEY_PAIR};
use crate::setup::distribution::Distribution;
use crate::testing;

const OTHER: &[u8] = include_bytes!("../../../../tests/fixtures/signatures/ca.der");
const OURS_PEM: &[u8] = include_bytes!("../../../../tests/fixtures/signatures/ours.pem");
const DKMS_KEY_PAIR: [&str; 2] = ["/var/lib/dkms/mok.key", "/var/lib/dkms/mok.pub"];
const CONFIG: &str = "\
CONFIG_MODULE_SIG=y
CONFIG_SECONDARY_TRUSTED_KEYRING=y
CONFIG_SECURITY_LOCKDOWN_LSM=y
CONFIG_SECURITY_LOCKDOWN_LSM_EARLY=y
CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y
CONFIG_LOAD_UEFI_KEYS=y
CONFIG_INTEGRITY_MACHINE_KEYRING=y
CONFIG_IMA_SECURE_AND_OR_TRUSTED_BOOT=y
";

struct Machine {
    _directory: tempfile::TempDir,
    setup: Setup,
    config: &'static str,
}

impl Machine {
    fn new(distribution: &str) -> Self {
        let (_directory, mut setup) = testing::setup();
        setup.distribution = Distribution::parse(distribution);
        Self { _directory, setup, config: CONFIG }
    }

    fn pair(self, [key, path]: [&str; 2], certificate: &[u8]) -> Self {
        testing::write(&self.setup, key, "key");
        testing::write(&self.setup, path, certificate);
        self
    }

    /// shim's table, in which Secure Boot is off: it may be on at the next boot.
    fn firmware(self, name: &str, der: &[u8]) -> Self {
        for (name, value) in [("SecureBoot", vec![0]), ("MokListTrustedRT", vec![1]), (name, certificate(der))] {
            testing::write(&self.setup, &format!("{MOK_VARIABLES}/{name}"), value);
        }
        self
    }

    fn key(&self) -> String {
        let mut kernel = testing::kernel("6.1.0");
        kernel.config = KernelConfig::new("/c".into(), self.config.into());
        places(&self.setup, &kernel).key
    }
}

#[test]
fn the_first_pair_that_the_kernel_takes() {
    for (habit, distribution) in [(DKMS_KEY_PAIR, "ID=debian"), (SHIM_KEY_PAIR, "ID=ubuntu")] {
        let machine = || Machine::new(distribution);
        assert_eq!(machine().key(), habit[0], "nothing is there");
        assert_eq!(machine().pair(AKMODS_KEY_PAIR, OURS).key(), habit[0], "nothing is known of the firmware");
        let enrolled = |pairs: &[[&str; 2]]| {
            let machine = pairs.iter().fold(machine(), |machine, pair| machine.pair(*pair, OURS));
            machine.firmware("MokListRT", OURS).key()
        };
        assert_eq!(enrolled(&[AKMODS_KEY_PAIR]), AKMODS_KEY_PAIR[0]);
        assert_eq!(enrolled(&[AKMODS_KEY_PAIR, SHIM_KEY_PAIR]), SHIM_KEY_PAIR[0]);
        assert_eq!(enrolled(&[AKMODS_KEY_PAIR, SHIM_KEY_PAIR, DKMS_KEY_PAIR]), DKMS_KEY_PAIR[0]);
        let second = machine().pair(DKMS_KEY_PAIR, OTHER).pair(AKMODS_KEY_PAIR, OURS).firmware("MokListRT", OURS);
        assert_eq!(second.key(), AKMODS_KEY_PAIR[0]);
        let none = machine().pair(AKMODS_KEY_PAIR, OURS).firmware("MokListRT", OTHER);
        assert_eq!(none.key(), habit[0], "none is taken");
    }
}

#[test]
fn a_key_of_the_firmware_signs_only_where_platform_is_asked() {
    let sbctl = |distribution: &str| {
        let machine = Machine::new(distribution).pair(SBCTL_KEY_PAIR, OURS_PEM);
        machine.firmware("db", OURS).key()
    };
    assert_eq!(sbctl("ID=debian"), SBCTL_KEY_PAIR[0]);
    assert_eq!(sbctl("ID=arch"), DKMS_KEY_PAIR[0]);
    assert_eq!(sbctl("ID=fedora"), DKMS_KEY_PAIR[0], "that is not known");
}

#[test]
fn settings_come_before_what_is_enrolled_and_damage_is_passed_over() {
    let enrolled = || Machine::new("ID=debian").pair(AKMODS_KEY_PAIR, OURS).firmware("MokListRT", OURS);
    let mut configured = enrolled();
    let source = dkms_conf::Source::new("framework.conf", "mok_signing_key=/k\n");
    configured.setup.framework = dkms_conf::FrameworkConfig::parse(&[source]).0;
    assert_eq!(configured.key(), "/k");
    assert_eq!(enrolled().pair(SHIM_KEY_PAIR, b"damaged").key(), AKMODS_KEY_PAIR[0]);
    let half = enrolled();
    testing::write(&half.setup, SHIM_KEY_PAIR[0], "key");
    assert_eq!(half.key(), AKMODS_KEY_PAIR[0]);
    let mut deaf = enrolled();
    deaf.config = "CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_FORCE=y\n";
    assert_eq!(deaf.key(), DKMS_KEY_PAIR[0], "this kernel takes none of them");
}

#[test]
fn where_only_the_usual_pair_is_there_the_firmware_is_not_asked() {
    let usual = Machine::new("ID=debian").pair(DKMS_KEY_PAIR, OURS).firmware("MokListRT", OURS);
    let log = std::sync::Arc::default();
    let setup = Setup { root: usual.setup.root.logged(&log), ..usual.setup.clone() };
    assert_eq!(Machine { setup, ..usual }.key(), DKMS_KEY_PAIR[0]);
    log.with(|entries| assert!(!entries.is_untrackable && !entries.paths.is_empty()));
}
