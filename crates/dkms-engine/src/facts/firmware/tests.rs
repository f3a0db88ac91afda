//! Variables as Linux shows them.

use super::signature_list::tests::{OURS, certificate};
use super::*;
use crate::layout::{EFI_VARIABLES, MOK_VARIABLES};
use crate::testing;

const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const SHIM: &str = "605dab50-e046-4300-abb6-3dd810dd8b23";

fn variable(setup: &Setup, name: &str, vendor: &str, attributes: u8, value: &[u8]) {
    testing::write(setup, &format!("{EFI_VARIABLES}/{name}-{vendor}"), [&[attributes, 0, 0, 0], value].concat());
}

fn efi(setup: &Setup) -> Efi {
    match Firmware::gather(setup) {
        Firmware::Efi(efi) => *efi,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_to_read_is_not_off() {
    let (_directory, setup) = testing::setup();
    assert!(matches!(Firmware::gather(&setup), Firmware::Unknown { .. }));
    testing::write(&setup, "/sys/firmware/acpi/tables", "");
    assert_eq!(Firmware::gather(&setup), Firmware::Bios);
    testing::write(&setup, "/sys/firmware/efi/systab", "");
    assert_eq!(Firmware::gather(&setup).secure_boot(), None, "a kernel without firmware services");
}

#[test]
fn secure_boot_as_the_kernel_sees_it() {
    let (_directory, setup) = testing::setup();
    variable(&setup, "SecureBoot", GLOBAL, 6, &[1]);
    assert_eq!(Firmware::gather(&setup).secure_boot(), Some(true));
    variable(&setup, "MokSBStateRT", SHIM, 7, &[1]);
    assert_eq!(Firmware::gather(&setup).secure_boot(), Some(true), "one that stays is not shim's");
    variable(&setup, "MokSBStateRT", SHIM, 6, &[1]);
    assert_eq!(Firmware::gather(&setup).secure_boot(), Some(false));
    variable(&setup, "MokSBStateRT", SHIM, 6, &[0]);
    variable(&setup, "SetupMode", GLOBAL, 6, &[1]);
    assert_eq!(Firmware::gather(&setup).secure_boot(), Some(false));
}

#[test]
fn the_table_of_shim_is_whole_and_has_no_attributes() {
    let (_directory, setup) = testing::setup();
    testing::write(&setup, &format!("{MOK_VARIABLES}/SecureBoot"), [1]);
    testing::write(&setup, &format!("{MOK_VARIABLES}/MokListRT"), certificate(OURS));
    testing::write(&setup, &format!("{MOK_VARIABLES}/MokListTrustedRT"), [1]);
    let found = efi(&setup);
    assert!(found.secure_boot && found.shim && found.mok_trusted && !found.db_ignored);
    assert_eq!(found.mok.certificates[0].der, OURS);
    assert_eq!(found.pending, None, "requests are in no table");
    variable(&setup, "MokListRT", SHIM, 6, b"cut off");
    variable(&setup, "MokNew", SHIM, 7, &certificate(OURS));
    let found = efi(&setup);
    assert_eq!(found.mok.certificates.len(), 1);
    assert!(found.pending.as_ref().unwrap().enroll.has(&found.mok.certificates[0]));
    assert_eq!(found.confirmed(), None, "it is enrolled");
    testing::write(&setup, &format!("{MOK_VARIABLES}/MokListRT"), "");
    assert_eq!(efi(&setup).confirmed().unwrap().mok.certificates[0].der, OURS);
}

#[test]
fn a_table_that_does_not_say_whether_secure_boot_is_on() {
    let (_directory, setup) = testing::setup();
    testing::write(&setup, &format!("{MOK_VARIABLES}/MokListRT"), certificate(OURS));
    assert_eq!(Firmware::gather(&setup).secure_boot(), None);
    variable(&setup, "SecureBoot", GLOBAL, 6, &[1]);
    assert_eq!(Firmware::gather(&setup).secure_boot(), Some(true));
}

#[test]
fn a_list_that_goes_on_in_other_variables() {
    let (_directory, setup) = testing::setup();
    variable(&setup, "SecureBoot", GLOBAL, 6, &[1]);
    let whole = certificate(OURS);
    variable(&setup, "MokListRT", SHIM, 6, &whole[..300]);
    variable(&setup, "MokListRT1", SHIM, 6, &whole[300..]);
    assert_eq!(efi(&setup).mok.certificates.len(), 1);
}
