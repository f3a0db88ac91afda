//! Each row of the table of states, with what mends it.

use super::*;
use crate::facts::firmware::Pending;

fn at(machine: &Machine) -> Enrollment {
    asked(machine, false)
}

fn asked(machine: &Machine, requested: bool) -> Enrollment {
    judged(machine, OURS, requested)
}

fn judged(machine: &Machine, der: &[u8], requested: bool) -> Enrollment {
    let Machine { kernel, firmware, distribution } = machine;
    let on = Circumstances { kernel, firmware, distribution };
    Enrollment::of(&on, Some(&Certificate::parse(der).unwrap()), requested)
}

fn hindered(machine: &Machine) -> Obstacle {
    match at(machine) {
        Enrollment::Hindered { obstacle, .. } => obstacle,
        other => panic!("{other:?}"),
    }
}

fn requests(enroll: &[u8], remove: &[u8]) -> Option<Pending> {
    let of = |der: &[u8]| if der.is_empty() { SignatureList::default() } else { list(der) };
    Some(Pending { enroll: of(enroll), remove: of(remove), validation: false })
}

fn line(machine: &mut Machine, text: &str) {
    machine.kernel.command_line = Some(CommandLine::parse(text));
}

#[test]
fn enrolled_and_counted() {
    let counted = |ring| Enrollment::Counted { ring };
    assert_eq!(at(&machine(DEBIAN, |_, efi| efi.mok = list(OURS))), counted(Ring::Machine));
    assert_eq!(at(&machine(DEBIAN, |_, efi| efi.db = list(OURS))), counted(Ring::Platform));
    let signers = || vec![crate::module_file::signature::message::Message::parse(MESSAGE).unwrap().signer];
    assert_eq!(at(&machine(DEBIAN, |machine, _| machine.kernel.own_signers = signers())), counted(Ring::Builtin));
    assert_eq!(counted(Ring::Machine).need(), Need::Nothing);
}

#[test]
fn nothing_insists() {
    assert_eq!(at(&machine(ARCH, |_, _| {})), Enrollment::NotNeeded);
    assert_eq!(at(&machine(DEBIAN, |_, efi| efi.secure_boot = false)), Enrollment::NotNeeded);
    assert_eq!(at(&machine("CONFIG_MODULES=y\n", |_, _| {})), Enrollment::NotNeeded);
    let mut bios = machine(DEBIAN, |_, _| {});
    bios.firmware = Firmware::Bios;
    assert_eq!(at(&bios), Enrollment::NotNeeded);
    assert_eq!((Enrollment::NotNeeded.need(), Enrollment::NotNeeded.mend()), (Need::Nothing, None));
}

#[test]
fn absent_pending_lost() {
    let with = |pending: Option<Pending>| machine(DEBIAN, |_, efi| efi.pending = pending.clone());
    for (pending, requested, expected) in [
        (requests(b"", b""), false, Enrollment::Absent),
        (requests(AUTHORITY, b""), false, Enrollment::Absent),
        (None, false, Enrollment::Absent),
        (requests(OURS, b""), false, Enrollment::Pending),
        (requests(OURS, b""), true, Enrollment::Pending),
        (requests(b"", b""), true, Enrollment::Lost),
    ] {
        let found = asked(&with(pending), requested);
        assert_eq!(found.need(), Need::Something);
        assert_eq!(found, expected);
    }
    assert_eq!(asked(&with(None), true).need(), Need::Unknown, "whether the request is still there cannot be read");
    assert_eq!(Enrollment::Lost.mend().as_deref(), Some("dkms mok enroll"));
    let enrolled = machine(DEBIAN, |_, efi| (efi.mok, efi.pending) = (list(OURS), requests(b"", b"")));
    assert_eq!(asked(&enrolled, true), Enrollment::Counted { ring: Ring::Machine }, "the request was confirmed");
}

#[test]
fn about_to_be_removed() {
    let going = |config: &str| machine(config, |_, efi| (efi.mok, efi.pending) = (list(OURS), requests(b"", OURS)));
    assert_eq!(at(&going(DEBIAN)), Enrollment::GoingAway);
    assert_eq!(at(&going(ARCH)), Enrollment::NotNeeded);
    assert_eq!(Enrollment::GoingAway.mend().as_deref(), Some("mokutil --revoke-delete"));
    let also_in_db = machine(DEBIAN, |_, efi| {
        (efi.mok, efi.db, efi.pending) = (list(OURS), list(OURS), requests(b"", OURS));
    });
    assert_eq!(at(&also_in_db), Enrollment::Counted { ring: Ring::Platform });
}

#[test]
fn the_owner_is_not_trusted() {
    let insisting = format!("{ARCH}CONFIG_HAVE_ARCH_GET_SECUREBOOT=y\nCONFIG_MODULE_SIG_FORCE=y\n");
    let untrusted = |enrolled: bool| {
        machine(&insisting, |machine, efi| {
            (efi.mok_trusted, machine.distribution) = (false, Distribution::parse("ID=arch"));
            if enrolled {
                efi.mok = list(OURS);
            }
        })
    };
    assert_eq!(hindered(&untrusted(true)), Obstacle::NotTrusted);
    assert!(at(&untrusted(true)).mend().unwrap().starts_with("mokutil --trust-mok"));
    assert_eq!(at(&untrusted(false)), Enrollment::Absent, "first things first");
}

#[test]
fn the_kernel_leaves_the_firmware_alone() {
    for enrolled in [true, false] {
        let off = machine(DEBIAN, |machine, efi| {
            line(machine, "efi=noruntime");
            if enrolled {
                efi.mok = list(OURS);
            }
        });
        assert_eq!(hindered(&off), Obstacle::ServicesOff, "importing alone would not do");
        assert_eq!(at(&off).mend().as_deref(), Some("boot the kernel with efi=runtime"));
    }
}

#[test]
fn a_kernel_that_never_reads_keys_of_the_owner() {
    let arch = |shim| {
        machine(ARCH, |machine, efi| {
            line(machine, "module.sig_enforce=1");
            (efi.mok, efi.shim, machine.distribution) = (list(OURS), shim, Distribution::parse("ID=arch"));
        })
    };
    assert_eq!(hindered(&arch(true)), Obstacle::NeverRead);
    assert_eq!(at(&arch(true)).name(), "never-read");
    let without_keys = DEBIAN.replace("CONFIG_LOAD_UEFI_KEYS=y\n", "");
    assert_eq!(hindered(&machine(&without_keys, |_, efi| efi.mok = list(OURS))), Obstacle::KeysNotLoaded);
}

#[test]
fn secure_boot_is_off_and_the_kernel_is_told_to_insist() {
    let off = |config: &str, text: &str| {
        machine(config, |machine, efi| {
            line(machine, text);
            (efi.secure_boot, efi.mok) = (false, list(OURS));
        })
    };
    let told = off(DEBIAN, "module.sig_enforce=1");
    assert_eq!(hindered(&told), Obstacle::SecureBootOff);
    assert_eq!(at(&told).mend().as_deref(), Some("take module.sig_enforce off the kernel's command line"));
    let built = off(&format!("{DEBIAN}CONFIG_MODULE_SIG_FORCE=y\n"), "");
    assert!(at(&built).mend().unwrap().contains("turn Secure Boot on"));
    let mut bios = told;
    bios.firmware = Firmware::Bios;
    assert_eq!(hindered(&bios), Obstacle::SecureBootOff);
}

#[test]
fn no_shim_in_the_chain() {
    let none = |config: &str, distribution: &str| {
        machine(config, |machine, efi| {
            line(machine, "module.sig_enforce=1");
            (efi.shim, efi.mok_trusted, machine.distribution) = (false, false, Distribution::parse(distribution));
        })
    };
    assert_eq!(at(&none(DEBIAN, "ID=debian")), Enrollment::NoShim);
    assert!(Enrollment::NoShim.mend().unwrap().contains("db"));
    assert_eq!(hindered(&none(ARCH, "ID=arch")), Obstacle::NotAsked, "db would not help");
}

#[test]
fn revoked() {
    let revoking = format!("{DEBIAN}CONFIG_SYSTEM_REVOCATION_LIST=y\n");
    let with = |config: &str| machine(config, |_, efi| (efi.mok, efi.mokx) = (list(OURS), list(OURS)));
    assert_eq!(hindered(&with(&revoking)), Obstacle::Revoked { by: "MokListX" });
    assert_eq!(at(&with(DEBIAN)), Enrollment::Counted { ring: Ring::Machine }, "it has no effect there");
    let by_hash = machine(DEBIAN, |_, efi| {
        efi.dbx.certificate_hashes.push(Certificate::parse(OURS).unwrap().signed_part_hash);
    });
    assert_eq!(hindered(&by_hash), Obstacle::Revoked { by: "dbx" });
    assert!(at(&by_hash).mend().unwrap().contains("dkms mok generate"));
}

#[test]
fn a_certificate_that_does_not_fit() {
    let code = format!("{DEBIAN}CONFIG_CHECK_CODESIGN_EKU=y\n");
    let authority = |enrolled: &[u8]| {
        let found = machine(&code, |_, efi| efi.mok = list(enrolled));
        judged(&found, AUTHORITY, false)
    };
    for enrolled in [AUTHORITY, OURS] {
        assert!(matches!(authority(enrolled), Enrollment::Hindered { obstacle: Obstacle::NotForCode, .. }));
    }
    let authorities = format!(
        "{ARCH}CONFIG_INTEGRITY_CA_MACHINE_KEYRING=y\nCONFIG_MODULE_SIG_FORCE=y\nCONFIG_HAVE_ARCH_GET_SECUREBOOT=y\n"
    );
    let unfit = machine(&authorities, |_, efi| efi.mok = list(OURS));
    assert_eq!(hindered(&unfit), Obstacle::NotAuthority);
    assert_eq!(
        judged(&machine(&authorities, |_, efi| efi.mok = list(AUTHORITY)), AUTHORITY, false).need(),
        Need::Nothing
    );
}

#[test]
fn limits_are_told_wherever_it_is_enrolled() {
    let of = |config: &str, der: &[u8]| {
        let Machine { kernel, firmware, distribution } = &machine(config, |_, efi| efi.mok = list(der));
        limits(&Circumstances { kernel, firmware, distribution }, &Certificate::parse(der).unwrap())
    };
    let every = format!("{DEBIAN}CONFIG_INTEGRITY_CA_MACHINE_KEYRING=y\nCONFIG_CHECK_CODESIGN_EKU=y\n");
    assert_eq!(of(&every, OURS), [Obstacle::NotAuthority], "it has no keyUsage");
    assert_eq!(of(&every, AUTHORITY), [Obstacle::NotForCode]);
    assert_eq!(of(DEBIAN, OURS), []);
    let mut curve = Certificate::parse(OURS).unwrap();
    curve.key_kind = "EC";
    let Machine { kernel, firmware, distribution } = &machine(DEBIAN, |_, efi| efi.mok = list(OURS));
    let on = Circumstances { kernel, firmware, distribution };
    assert_eq!(limits(&on, &curve), [Obstacle::KeyUnsupported { kind: "EC" }]);
    assert!(matches!(Enrollment::of(&on, Some(&curve), false), Enrollment::Hindered { .. }));
}

#[test]
fn what_cannot_be_told() {
    let mut dark = machine(DEBIAN, |_, _| {});
    dark.firmware = Firmware::Unknown { reason: "why".into() };
    assert_eq!(at(&dark), Enrollment::CannotTell { reason: "why".into() });
    let without_config = machine("", |machine, _| machine.kernel.config = KernelConfig::default());
    assert_eq!(at(&without_config).need(), Need::Unknown);
    let authorities = format!("{DEBIAN}CONFIG_INTEGRITY_CA_MACHINE_KEYRING=y\n");
    let fedora = machine(&authorities, |machine, efi| {
        (efi.mok, machine.distribution) = (list(OURS), Distribution::parse("ID=fedora"));
    });
    assert_eq!(at(&fedora).need(), Need::Unknown, "whether `.platform` is asked");
}

#[test]
fn no_pair_yet() {
    let without = |config: &str| {
        let Machine { kernel, firmware, distribution } = &machine(config, |_, _| {});
        Enrollment::of(&Circumstances { kernel, firmware, distribution }, None, false)
    };
    assert_eq!((without(DEBIAN), without(ARCH)), (Enrollment::NoPair, Enrollment::NotNeeded));
    let Machine { kernel, firmware, distribution } = &machine(DEBIAN, |_, _| {});
    let unusable = Enrollment::unusable(&Circumstances { kernel, firmware, distribution }, "half".into());
    assert_eq!((unusable.need(), unusable.reason().as_str()), (Need::Something, "half"));
}

#[test]
fn every_state_that_needs_something_says_what() {
    let because = "CONFIG_MODULE_SIG_FORCE";
    let obstacles = [
        Obstacle::ServicesOff,
        Obstacle::KeysNotLoaded,
        Obstacle::Revoked { by: "dbx" },
        Obstacle::KeyUnsupported { kind: "EC" },
        Obstacle::NotForCode,
        Obstacle::NotAuthority,
        Obstacle::SecureBootOff,
        Obstacle::NeverRead,
        Obstacle::DbIgnored,
        Obstacle::NotTrusted,
        Obstacle::NotAsked,
    ];
    let hindered = obstacles.map(|obstacle| Enrollment::Hindered { obstacle, because });
    let others = [
        Enrollment::NoPair,
        Enrollment::Unusable { reason: "x".into() },
        Enrollment::Absent,
        Enrollment::Pending,
        Enrollment::Lost,
        Enrollment::GoingAway,
        Enrollment::NoShim,
    ];
    for state in hindered.into_iter().chain(others) {
        assert_eq!(state.need(), Need::Something);
        assert!(!state.reason().is_empty() && state.mend().is_some_and(|mend| !mend.is_empty()), "{state:?}");
    }
}
