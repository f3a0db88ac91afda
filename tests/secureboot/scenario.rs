//! The machines that are booted: boot chain, state of the firmware, command line.

/// What starts what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    Grub,
    SystemdBoot,
    /// systemd-boot without shim.
    Bare,
}

impl Chain {
    pub(super) fn name(self) -> &'static str {
        match self {
            Chain::Grub => "grub",
            Chain::SystemdBoot => "systemd-boot",
            Chain::Bare => "bare",
        }
    }
}

/// Which kernel is booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Booted {
    /// The one that the modules are built for.
    Theirs,
    /// Preemptible everywhere. Of a module that it would accept it says that its format is invalid.
    RealTime,
    /// Newer than those of the stable release; the same.
    Backport,
}

/// A change of the variable store. Names are those of key pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Enrolled with shim.
    Mok(&'static str),
    /// Forbidden by shim.
    MokX(&'static str),
    /// The hash of a module, forbidden by shim.
    MokXHash(&'static str),
    /// Among the firmware's own keys.
    Db(&'static str),
    /// Debian's key for boot loaders, which a machine without shim needs.
    DbOfDebian,
    /// Forbidden by the firmware.
    Dbx(&'static str),
    /// `mokutil --untrust-mok` was confirmed.
    Untrust,
    /// `mokutil --disable-validation` was confirmed.
    Insecure,
    /// Asked for, not confirmed.
    Pending(&'static str),
}

/// One machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) chain: Chain,
    pub(super) kernel: Booted,
    pub(super) secure_boot: bool,
    pub(super) line: &'static str,
    pub(super) changes: &'static [Change],
    /// A person answers MokManager, and the machine is booted once more.
    pub(super) answered: bool,
    /// Played in every run of all suites.
    pub(super) telling: bool,
}

use Change::{Db, DbOfDebian, Dbx, Insecure, Mok, MokX, MokXHash, Pending, Untrust};

const MOKS: [Change; 5] = [Mok("ours"), Mok("plain"), Mok("modules-only"), Mok("expired"), Mok("authority")];
const DBS: [Change; 5] = [Db("ours"), Db("plain"), Db("modules-only"), Db("expired"), Db("authority")];

const fn on(name: &'static str, changes: &'static [Change]) -> Scenario {
    let (kernel, chain) = (Booted::Theirs, Chain::Grub);
    Scenario { name, chain, kernel, secure_boot: true, line: "", changes, answered: false, telling: false }
}

const fn off(name: &'static str, line: &'static str, changes: &'static [Change]) -> Scenario {
    Scenario { secure_boot: false, line, ..on(name, changes) }
}

const fn telling(scenario: Scenario) -> Scenario {
    Scenario { telling: true, ..scenario }
}

const fn with(kernel: Booted, scenario: Scenario) -> Scenario {
    Scenario { kernel, ..scenario }
}

const fn by(chain: Chain, scenario: Scenario) -> Scenario {
    Scenario { chain, ..scenario }
}

pub(super) const ALL: [Scenario; 24] = [
    telling(on("none", &[])),
    telling(on("mok", &MOKS)),
    telling(on("db", &DBS)),
    by(Chain::SystemdBoot, on("systemd-boot", &[Mok("ours")])),
    by(Chain::Bare, on("bare", &[DbOfDebian, Db("ours")])),
    on("untrusted", &[MOKS[0], MOKS[1], MOKS[2], Untrust]),
    on("insecure", &[MOKS[0], MOKS[1], Insecure]),
    on("revoked", &[MOKS[0], MOKS[1], MOKS[2], MokX("ours")]),
    on("revoked-hash", &[MOKS[0], MOKS[1], MOKS[2], MokXHash("hashed")]),
    on("revoked-dbx", &[MOKS[0], MOKS[1], MOKS[2], Dbx("ours")]),
    off("off", "", &MOKS),
    off("off-locked", "lockdown=integrity", &MOKS),
    telling(off("off-enforced", "module.sig_enforce=1", &MOKS)),
    off("off-db-enforced", "module.sig_enforce=1", &DBS),
    off("off-db", "", &DBS),
    Scenario { line: "efi=noruntime", ..on("no-services", &MOKS) },
    with(Booted::RealTime, on("real-time", &MOKS)),
    with(Booted::RealTime, Scenario { line: "efi=runtime", ..on("real-time-services", &MOKS) }),
    with(Booted::Backport, on("backport", &MOKS)),
    with(Booted::Backport, on("backport-untrusted", &[MOKS[0], MOKS[1], MOKS[2], Untrust])),
    with(Booted::Backport, on("backport-db", &DBS)),
    with(Booted::Backport, off("backport-off-enforced", "module.sig_enforce=1", &MOKS)),
    on("missed", &[Pending("ours")]),
    telling(Scenario { answered: true, ..on("answered", &[Pending("ours")]) }),
];
