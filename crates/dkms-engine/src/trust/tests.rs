//! What kernels did in real boots, and what follows from their configuration where none was booted.

mod enrollment;

use super::*;
use crate::facts::command_line::CommandLine;
use crate::facts::firmware::signature_list::SignatureList;
use crate::facts::firmware::{Efi, Firmware};
use crate::facts::kernel::KernelConfig;
use crate::module_file::certificate::Certificate;

const OURS: &[u8] = include_bytes!("../../../../tests/fixtures/signatures/ours.der");
const AUTHORITY: &[u8] = include_bytes!("../../../../tests/fixtures/signatures/ca.der");
const MESSAGE: &[u8] = include_bytes!("../../../../tests/fixtures/signatures/sha512.p7s");

/// Debian 6.12, as far as it matters.
const DEBIAN: &str = "\
CONFIG_MODULE_SIG=y
CONFIG_MODULE_SIG_HASH=\"sha256\"
CONFIG_SECONDARY_TRUSTED_KEYRING=y
CONFIG_SECURITY_LOCKDOWN_LSM=y
CONFIG_SECURITY_LOCKDOWN_LSM_EARLY=y
CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT=y
CONFIG_LOAD_UEFI_KEYS=y
CONFIG_INTEGRITY_MACHINE_KEYRING=y
CONFIG_IMA_ARCH_POLICY=y
CONFIG_IMA_SECURE_AND_OR_TRUSTED_BOOT=y
CONFIG_CRYPTO_SHA512=y
";
/// A mainline kernel of a rolling distribution.
const ARCH: &str = "\
CONFIG_MODULE_SIG=y
CONFIG_MODULE_SIG_HASH=\"sha512\"
CONFIG_SECONDARY_TRUSTED_KEYRING=y
CONFIG_SECURITY_LOCKDOWN_LSM=y
CONFIG_SECURITY_LOCKDOWN_LSM_EARLY=y
CONFIG_LOAD_UEFI_KEYS=y
CONFIG_INTEGRITY_MACHINE_KEYRING=y
";

struct Machine {
    kernel: AtBoot,
    firmware: Firmware,
    distribution: Distribution,
}

fn list(der: &[u8]) -> SignatureList {
    SignatureList { certificates: vec![Certificate::parse(der).unwrap()], ..SignatureList::default() }
}

fn machine(config: &str, change: impl FnOnce(&mut Machine, &mut Efi)) -> Machine {
    let mut machine = Machine {
        kernel: AtBoot {
            release: "6.12.118+deb13-amd64".into(),
            config: KernelConfig::new("/c".into(), config.into()),
            command_line: Some(CommandLine::default()),
            own_signers: Vec::new(),
        },
        firmware: Firmware::Bios,
        distribution: Distribution::parse("ID=debian"),
    };
    let mut efi = Efi { secure_boot: true, shim: true, mok_trusted: true, ..Efi::default() };
    change(&mut machine, &mut efi);
    machine.firmware = Firmware::Efi(Box::new(efi));
    machine
}

fn signed(object: &[u8]) -> Vec<u8> {
    let length = u32::try_from(MESSAGE.len()).unwrap().to_be_bytes();
    [object, MESSAGE, &[0, 0, 2, 0, 0, 0, 0, 0], &length, b"~Module signature appended~\n"].concat()
}

fn judge(machine: &Machine, module: &[u8]) -> Answer {
    let Machine { kernel, firmware, distribution } = machine;
    Circumstances { kernel, firmware, distribution }.judge(module)
}

/// What becomes of a module signed by us, of one changed afterwards, and of one without a signature.
fn three(machine: &Machine) -> [Trust; 3] {
    [signed(b"object\n"), signed(b"0bject\n"), b"object\n".to_vec()].map(|module| judge(machine, &module).trust)
}

use Trust::{Accepted, CannotTell, Refused};

#[test]
fn debian_under_secure_boot() {
    assert_eq!(three(&machine(DEBIAN, |_, _| {})), [Refused; 3]);
    assert_eq!(three(&machine(DEBIAN, |_, efi| efi.mok = list(OURS))), [Accepted, Refused, Refused]);
    assert_eq!(three(&machine(DEBIAN, |_, efi| efi.db = list(OURS))), [Accepted, Refused, Refused]);
    let revoked = machine(DEBIAN, |_, efi| (efi.mok, efi.mokx) = (list(OURS), list(OURS)));
    assert_eq!(three(&revoked), [Accepted, Refused, Refused], "such an entry has no effect there");
    let untrusted = machine(DEBIAN, |_, efi| (efi.mok, efi.mok_trusted) = (list(OURS), false));
    assert_eq!(three(&untrusted), [Accepted, Refused, Refused], "`.platform` is asked");
    let hash: [u8; 32] =
        sha2::Digest::finalize(sha2::Digest::chain_update(sha2::Sha256::default(), signed(b"object\n"))).into();
    let by_hash = machine(DEBIAN, |_, efi| {
        efi.mok = list(OURS);
        efi.mokx.hashes.push(hash);
    });
    assert_eq!(three(&by_hash), [Refused; 3]);
}

#[test]
fn debian_without_secure_boot() {
    let off = |change: fn(&mut Machine, &mut Efi)| {
        machine(DEBIAN, |machine, efi| {
            efi.secure_boot = false;
            change(machine, efi);
        })
    };
    assert_eq!(three(&off(|_, efi| efi.mok = list(OURS))), [Accepted; 3], "no key is known, so nothing is wrong");
    assert_eq!(three(&off(|_, efi| efi.db = list(OURS))), [Accepted, Refused, Accepted], "db is loaded all the same");
    let enforced = off(|machine, efi| {
        efi.mok = list(OURS);
        machine.kernel.command_line = Some(CommandLine::parse("module.sig_enforce=1"));
    });
    assert_eq!(three(&enforced), [Refused; 3]);
    let locked = off(|machine, _| machine.kernel.command_line = Some(CommandLine::parse("lockdown=integrity")));
    assert_eq!(judge(&locked, b"x").insists, Insists::Yes { by_lockdown: true, because: "lockdown=" });
    assert_eq!(three(&locked), [Refused; 3]);
    let insecure = machine(DEBIAN, |_, efi| (efi.mok, efi.validation_off) = (list(OURS), true));
    assert_eq!(three(&insecure), [Accepted; 3]);
}

#[test]
fn firmware_services_that_are_off() {
    let line = |text: &str| {
        let line = Some(CommandLine::parse(text));
        three(&machine(DEBIAN, |machine, efi| (machine.kernel.command_line, efi.mok) = (line, list(OURS))))
    };
    assert_eq!(line("efi=noruntime"), [Refused; 3]);
    let real_time = format!("{DEBIAN}CONFIG_EFI_DISABLE_RUNTIME=y\n");
    let on = |text: &str| {
        let line = Some(CommandLine::parse(text));
        three(&machine(&real_time, |machine, efi| (machine.kernel.command_line, efi.mok) = (line, list(OURS))))
    };
    assert_eq!((on(""), on("efi=debug,runtime")), ([Refused; 3], [Accepted, Refused, Refused]));
}

#[test]
fn a_mainline_kernel_insists_on_nothing_and_loads_no_mok_before_7_1() {
    let arch = |release: &str, text: &str| {
        let line = Some(CommandLine::parse(text));
        machine(ARCH, |machine, efi| {
            (machine.kernel.command_line, machine.kernel.release, efi.mok) = (line, release.to_owned(), list(OURS));
            machine.distribution = Distribution::parse("ID=arch");
        })
    };
    assert_eq!(three(&arch("6.17.1-arch1-1", "")), [Accepted; 3]);
    let enforced = arch("6.17.1-arch1-1", "module.sig_enforce");
    assert_eq!(three(&enforced), [Refused; 3]);
    let Signature::UnknownKey { reason: Some(reason) } = judge(&enforced, &signed(b"object\n")).signature else {
        panic!()
    };
    assert!(reason.contains("never loads a key"), "{reason}");
    let mut newer = arch("7.1.3-arch1-1", "module.sig_enforce");
    newer.kernel.config = KernelConfig::new("/c".into(), format!("{ARCH}CONFIG_HAVE_ARCH_GET_SECUREBOOT=y\n"));
    assert_eq!(three(&newer), [Accepted, Refused, Refused]);
}

#[test]
fn rules_for_certificates() {
    let authorities =
        format!("{DEBIAN}CONFIG_INTEGRITY_CA_MACHINE_KEYRING=y\nCONFIG_INTEGRITY_CA_MACHINE_KEYRING_MAX=y\n");
    let on = |distribution: &str| {
        machine(&authorities, |machine, efi| {
            efi.mok = list(OURS);
            machine.distribution = Distribution::parse(distribution);
        })
    };
    assert_eq!(three(&on("ID=rhel\nID_LIKE=fedora")), [Accepted, Refused, Refused], "by `.platform`");
    assert_eq!(three(&on("ID=fedora")), [CannotTell, CannotTell, Refused]);
    let code = format!("{DEBIAN}CONFIG_CHECK_CODESIGN_EKU=y\n");
    assert_eq!(three(&machine(&code, |_, efi| efi.mok = list(OURS)))[0], Accepted);
    let found = Certificate::parse(AUTHORITY).unwrap();
    assert_eq!(found.code_signing, None);
    let revoking = format!("{DEBIAN}CONFIG_SYSTEM_REVOCATION_LIST=y\n");
    let revoked = machine(&revoking, |_, efi| (efi.mok, efi.dbx) = (list(OURS), list(OURS)));
    assert_eq!(judge(&revoked, &signed(b"object\n")).signature, Signature::Revoked { by: "dbx" });
    let by_hash = machine(DEBIAN, |_, efi| {
        efi.mok = list(OURS);
        efi.dbx.certificate_hashes.push(efi.mok.certificates[0].signed_part_hash);
    });
    assert_eq!(three(&by_hash), [Refused; 3]);
}

#[test]
fn digests() {
    let without = DEBIAN.replace("CONFIG_CRYPTO_SHA512=y", "CONFIG_CRYPTO_SHA512=m");
    let found = judge(&machine(&without, |_, efi| efi.mok = list(OURS)), &signed(b"object\n"));
    assert_eq!(found.signature, Signature::Unsupported { what: "the digest sha512".into() });
    assert_eq!(found.trust, Refused);
}

#[test]
fn what_is_not_known_is_not_fine() {
    let mut dark = machine(DEBIAN, |_, _| {});
    dark.firmware = Firmware::Unknown { reason: "why".into() };
    assert_eq!(three(&dark), [CannotTell; 3]);
    let without_line = machine(ARCH, |machine, efi| (machine.kernel.command_line, efi.secure_boot) = (None, false));
    assert_eq!(three(&without_line), [CannotTell; 3]);
    let without_config = machine("", |machine, _| machine.kernel.config = KernelConfig::default());
    assert_eq!(three(&without_config)[2], CannotTell);
    let without_signatures = machine("CONFIG_MODULES=y\n", |_, _| {});
    assert_eq!(three(&without_signatures), [Accepted; 3]);
    dark.kernel.own_signers = vec![crate::module_file::signature::message::Message::parse(MESSAGE).unwrap().signer];
    assert_eq!(three(&dark)[0], Accepted, "the key is the kernel's own");
}

#[test]
fn a_message_with_more_than_a_module_may_have_is_refused_whoever_signed() {
    let attributes = include_bytes!("../../../../tests/fixtures/signatures/attributes.p7s");
    let length = u32::try_from(attributes.len()).unwrap().to_be_bytes();
    let module =
        [b"object\n", &attributes[..], &[0, 0, 2, 0, 0, 0, 0, 0], &length, b"~Module signature appended~\n"].concat();
    let found = judge(&machine(ARCH, |_, efi| efi.secure_boot = false), &module);
    assert_eq!((found.trust, found.signature, found.insists), (Refused, Signature::Wrong, Insists::No));
}

#[test]
fn what_a_policy_of_ima_may_refuse_is_not_accepted() {
    let by_arch = "CONFIG_IMA_ARCH_POLICY=y\nCONFIG_IMA_APPRAISE=y\n";
    assert_eq!(three(&machine(by_arch, |_, _| {})), [CannotTell; 3]);
    assert_eq!(three(&machine(by_arch, |_, efi| efi.secure_boot = false)), [Accepted; 3]);
    let required = format!("{DEBIAN}CONFIG_IMA_APPRAISE_REQUIRE_MODULE_SIGS=y\n");
    assert_eq!(three(&machine(&required, |_, efi| efi.mok = list(OURS))), [CannotTell, Refused, Refused]);
}

#[test]
fn a_request_to_switch_validation_leaves_open_whether_it_is_on() {
    let asked = machine(DEBIAN, |_, efi| {
        let pending = crate::facts::firmware::Pending { validation: true, ..Default::default() };
        (efi.validation_off, efi.pending) = (true, Some(pending));
    });
    assert_eq!(three(&asked)[2], CannotTell);
}
