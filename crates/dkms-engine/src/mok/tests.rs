//! Variables as Linux shows them, and a mokutil that does as it is told.

use std::path::Path;

use super::*;
use crate::facts::firmware::Firmware;
use crate::facts::firmware::signature_list::tests::{OURS, certificate};
use crate::layout::{EFI_VARIABLES, MOK_VARIABLES};
use crate::module_file::certificate::Certificate;
use crate::record::Enrollments;
use crate::setup::Setup;
use crate::target::KernelId;
use crate::testing;
use crate::trust::{Enrollment, Need};

const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";
const PEM: &[u8] = include_bytes!("../../../../tests/fixtures/signatures/ours.pem");
const CERTIFICATE: &str = "/var/lib/dkms/mok.pub";
const CONFIG: &str = "CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_FORCE=y\nCONFIG_LOAD_UEFI_KEYS=y\n\
                      CONFIG_SECONDARY_TRUSTED_KEYRING=y\nCONFIG_INTEGRITY_MACHINE_KEYRING=y\nCONFIG_CHECK_CODESIGN_EKU=y\n\
                      CONFIG_INTEGRITY_CA_MACHINE_KEYRING=y\nCONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y\n";

fn variable(setup: &Setup, name: &str, vendor: &str, value: &[u8]) {
    testing::write(setup, &format!("{EFI_VARIABLES}/{name}-{vendor}"), [&[6, 0, 0, 0], value].concat());
}

/// Secure Boot with shim; nothing is enrolled.
fn secure() -> (tempfile::TempDir, Setup) {
    let (directory, setup) = testing::setup();
    variable(&setup, "SecureBoot", GLOBAL, &[1]);
    variable(&setup, "MokListRT", SHIM, &[]);
    (directory, setup)
}

fn ours() -> Certificate {
    Certificate::parse(OURS).unwrap()
}

fn now(setup: &Setup) -> Result<Before, String> {
    before(&Firmware::gather(setup), Path::new(CERTIFICATE), &ours()).map_err(|error| error.to_string())
}

#[test]
fn what_is_so_before() {
    let (_directory, setup) = testing::setup();
    assert!(now(&setup).unwrap_err().contains("was not enrolled"));
    testing::write(&setup, "/sys/firmware/acpi/tables", "");
    assert!(now(&setup).unwrap_err().contains("without EFI"));
    variable(&setup, "SecureBoot", GLOBAL, &[1]);
    assert!(now(&setup).unwrap_err().contains("not in the boot chain"));
    let (_directory, setup) = secure();
    assert_eq!(now(&setup), Ok(Before::Due));
    variable(&setup, "MokNew", SHIM, &certificate(OURS));
    assert_eq!(now(&setup), Ok(Before::Pending));
    variable(&setup, "MokListRT", SHIM, &certificate(OURS));
    assert_eq!(now(&setup), Ok(Before::Enrolled("MokList")));
    let (_directory, setup) = testing::setup();
    testing::write(&setup, &format!("{MOK_VARIABLES}/SecureBoot"), [1]);
    assert!(now(&setup).unwrap_err().contains("only shim's table"));
}

/// A kernel that insists, booted by GRUB.
fn kernel(setup: &Setup, release: &str, config: &str) -> KernelId {
    testing::write(setup, &format!("/lib/modules/{release}/kernel/own.ko"), "");
    testing::write(setup, &format!("/lib/modules/{release}/config"), config);
    KernelId::new(release, "x86_64").unwrap()
}

fn standings(setup: &Setup, kernels: &[KernelId]) -> Vec<Standing> {
    Standing::gather(setup, &Firmware::gather(setup), kernels).unwrap()
}

#[test]
fn a_pair_stands_with_each_kernel() {
    let (_directory, setup) = secure();
    let kernels = [kernel(&setup, "6.12", CONFIG), kernel(&setup, "6.13", "CONFIG_MODULES=y\n")];
    let states = |setup: &Setup| {
        let found = standings(setup, &kernels);
        assert_eq!(found.len(), 1, "one pair for both");
        found[0].kernels.iter().map(|(_, enrollment)| enrollment.clone()).collect::<Vec<_>>()
    };
    assert_eq!(states(&setup), [Enrollment::NoPair, Enrollment::NotNeeded]);
    testing::write(&setup, CERTIFICATE, PEM);
    assert!(matches!(&states(&setup)[..], [Enrollment::Unusable { reason }, _] if reason.contains("is missing")));
    testing::write(&setup, "/var/lib/dkms/mok.key", "key");
    let never_read = &states(&setup)[0];
    assert_eq!((never_read.name(), never_read.need()), ("never-read", Need::Something));
    let readers = CONFIG.to_owned() + "CONFIG_HAVE_ARCH_GET_SECUREBOOT=y\n";
    kernel(&setup, "6.12", &readers);
    assert_eq!(states(&setup)[0], Enrollment::Absent);
    Enrollments::remember(&setup, &setup.root.writable(), &ours(), Path::new(CERTIFICATE)).unwrap();
    assert_eq!(states(&setup)[0], Enrollment::Lost);
    variable(&setup, "MokNew", SHIM, &certificate(OURS));
    assert_eq!(states(&setup)[0], Enrollment::Pending);
    variable(&setup, "MokListRT", SHIM, &certificate(OURS));
    let found = standings(&setup, &kernels).remove(0);
    assert_eq!(found.enrolled, ["MokList", "MokNew"]);
    assert!(matches!(found.kernels[0].1, Enrollment::Counted { .. }));
    assert_eq!(found.limits.len(), 1, "no keyUsage, which that kernel asks of its owner's keys: {:?}", found.limits);
    testing::write(&setup, CERTIFICATE, "damaged");
    assert!(matches!(&states(&setup)[0], Enrollment::Unusable { reason } if reason.contains("not a certificate")));
}

#[test]
fn each_kernel_may_have_a_pair_of_its_own() {
    let (_directory, mut setup) = secure();
    let kernels = [kernel(&setup, "6.12", CONFIG), kernel(&setup, "6.13", CONFIG)];
    let source =
        dkms_conf::Source::new("framework.conf", "mok_signing_key=/k/$kernelver\nmok_certificate=/c/$kernelver\n");
    setup.framework = dkms_conf::FrameworkConfig::parse(&[source]).0;
    let found = standings(&setup, &kernels);
    assert_eq!(found.iter().map(|pair| pair.key.as_str()).collect::<Vec<_>>(), ["/k/6.12", "/k/6.13"]);
}

#[test]
fn the_entry_that_boots_a_kernel_has_its_command_line() {
    let (_directory, setup) = secure();
    let kernels = [kernel(&setup, "6.12", &CONFIG.replace("CONFIG_MODULE_SIG_FORCE=y\n", ""))];
    let name = |setup: &Setup| standings(setup, &kernels)[0].kernels[0].1.name();
    assert_eq!(name(&setup), "unknown", "nothing says how it is booted");
    let entry = "title x\nversion 6.12\nlinux /vmlinuz-6.12\noptions quiet";
    testing::write(&setup, "/boot/loader/entries/x.conf", entry);
    testing::write(&setup, "/boot/extlinux/extlinux.conf", "label a\n linux /vmlinuz-6.12\n append quiet\n");
    testing::write(&setup, "/boot/vmlinuz-6.12", "");
    assert_eq!(name(&setup), "not-needed");
    testing::write(
        &setup,
        "/boot/extlinux/extlinux.conf",
        "label a\n linux /vmlinuz-6.12\n append module.sig_enforce\n",
    );
    testing::write(&setup, "/boot/loader/entries/x.conf", format!("{entry} module.sig_enforce"));
    assert_eq!(name(&setup), "no-pair");
}
