//! The first question: does this kernel refuse modules without a signature that it trusts?

use super::Circumstances;
use crate::facts::command_line::CommandLine;

/// Whether a kernel insists on signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Insists {
    /// It loads any module, and notes down that it is tainted.
    No,
    /// It refuses.
    Yes {
        /// By `sig_enforce`: it answers "Key was rejected by service"; by lockdown alone: "Operation not permitted".
        by_lockdown: bool,
        /// What makes it so: an option of its configuration or of its command line.
        because: &'static str,
    },
    /// Cannot be told.
    Unknown {
        /// What is not known, as a fragment.
        reason: String,
    },
}

impl Insists {
    pub(super) fn of(on: &Circumstances<'_>) -> Self {
        if on.kernel.config.path.is_none() {
            return Self::Unknown { reason: "the kernel's configuration is missing".into() };
        }
        if !on.kernel.config.enabled("CONFIG_MODULE_SIG") {
            return Self::No;
        }
        let yes = |by_lockdown, because| Self::Yes { by_lockdown, because };
        match (enforced(on), locked_down(on)) {
            (Found::Yes(because), _) => yes(false, because),
            (_, Found::Yes(because)) => yes(true, because),
            (Found::Unknown(reason), _) | (_, Found::Unknown(reason)) => Self::Unknown { reason },
            (Found::No, Found::No) => Self::No,
        }
    }
}

enum Found {
    Yes(&'static str),
    No,
    Unknown(String),
}

/// `sig_enforce`: built in, asked for, or switched on by the architecture's policy of IMA.
fn enforced(on: &Circumstances<'_>) -> Found {
    let config = &on.kernel.config;
    if config.enabled("CONFIG_MODULE_SIG_FORCE") {
        return Found::Yes("CONFIG_MODULE_SIG_FORCE");
    }
    if on.kernel.command_line.as_ref().is_some_and(|line| line.switches_on("module.sig_enforce")) {
        return Found::Yes("module.sig_enforce");
    }
    let by_policy = if config.enabled("CONFIG_IMA_ARCH_POLICY") { on.secure_boot() } else { Some(false) };
    match by_policy {
        Some(true) => Found::Yes("CONFIG_IMA_ARCH_POLICY under Secure Boot"),
        Some(false) => unknown_line(on).or_else(|| appraised(on)).map_or(Found::No, Found::Unknown),
        None => Found::Unknown(firmware(on)),
    }
}

/// A policy of IMA may want signatures of its own.
pub(super) fn appraised(on: &Circumstances<'_>) -> Option<String> {
    let config = &on.kernel.config;
    // The architecture's policy wants it of kernels that do not look at signatures of modules themselves.
    let by_arch = !config.enabled("CONFIG_MODULE_SIG") && config.enabled("CONFIG_IMA_ARCH_POLICY");
    if by_arch && config.enabled("CONFIG_IMA_APPRAISE") && on.secure_boot() != Some(false) {
        return Some("CONFIG_IMA_ARCH_POLICY wants signatures by keys of IMA under Secure Boot".into());
    }
    if config.enabled("CONFIG_IMA_APPRAISE_REQUIRE_MODULE_SIGS") {
        return Some("CONFIG_IMA_APPRAISE_REQUIRE_MODULE_SIGS wants signatures by keys of IMA".into());
    }
    let policies = on.kernel.command_line.as_ref()?.values("ima_policy").flatten();
    let wants = policies.flat_map(|value| value.split('|')).any(|one| one.trim() == "secure_boot");
    // The built-in policy `secure_boot` appraises modules, where IMA can.
    (wants && on.kernel.config.enabled("CONFIG_IMA_APPRAISE"))
        .then(|| "ima_policy=secure_boot wants signatures by keys of IMA".into())
}

/// Lockdown counts only where its security module runs.
fn locked_down(on: &Circumstances<'_>) -> Found {
    let config = &on.kernel.config;
    if !config.enabled("CONFIG_SECURITY_LOCKDOWN_LSM") {
        return Found::No;
    }
    let listed = |list: &str| list.split(',').any(|one| one.trim() == "lockdown");
    let chosen = on.kernel.command_line.as_ref().and_then(|line| line.last("lsm"));
    let runs = config.enabled("CONFIG_SECURITY_LOCKDOWN_LSM_EARLY")
        || listed(chosen.or(config.text("CONFIG_LSM")).unwrap_or_default());
    if !runs {
        return unknown_line(on).map_or(Found::No, Found::Unknown);
    }
    for option in ["CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY", "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY"] {
        if config.enabled(option) {
            return Found::Yes(option);
        }
    }
    let asked = |line: &CommandLine| {
        line.values("lockdown").flatten().any(|mode| matches!(mode, "integrity" | "confidentiality"))
    };
    if on.kernel.command_line.as_ref().is_some_and(asked) {
        return Found::Yes("lockdown=");
    }
    let follows = if config.enabled("CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT") { on.secure_boot() } else { Some(false) };
    match follows {
        Some(true) => Found::Yes("CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT under Secure Boot"),
        Some(false) => unknown_line(on).map_or(Found::No, Found::Unknown),
        None => Found::Unknown(firmware(on)),
    }
}

fn unknown_line(on: &Circumstances<'_>) -> Option<String> {
    on.kernel.command_line.is_none().then(|| "what it will be booted with is not known".to_owned())
}

/// Why the firmware cannot be asked.
fn firmware(on: &Circumstances<'_>) -> String {
    match on.firmware {
        crate::facts::firmware::Firmware::Unknown { reason } => reason.clone(),
        _ => "Secure Boot is not known".into(),
    }
}
