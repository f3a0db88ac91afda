//! For which machine a kernel's modules are, as ELF files tell it.

use object::elf::{self, Machine};

use super::kernel::KernelConfig;

/// The ELF machine of a kernel's modules: by its configuration, which knows that a 64-bit processor may run a
/// 32-bit kernel, else by the name of the architecture. `None` for one that we do not know.
pub fn expected(config: &KernelConfig, arch: &str) -> Option<Machine> {
    const BY_OPTION: [(&str, Machine); 11] = [
        ("CONFIG_X86_64", elf::EM_X86_64),
        ("CONFIG_X86_32", elf::EM_386),
        ("CONFIG_ARM64", elf::EM_AARCH64),
        ("CONFIG_ARM", elf::EM_ARM),
        ("CONFIG_PPC64", elf::EM_PPC64),
        ("CONFIG_PPC32", elf::EM_PPC),
        ("CONFIG_S390", elf::EM_S390),
        ("CONFIG_RISCV", elf::EM_RISCV),
        ("CONFIG_LOONGARCH", elf::EM_LOONGARCH),
        ("CONFIG_SPARC64", elf::EM_SPARCV9),
        ("CONFIG_MIPS", elf::EM_MIPS),
    ];
    if config.path.is_some() {
        if let Some((_, machine)) = BY_OPTION.iter().find(|(name, _)| config.enabled(name)) {
            return Some(*machine);
        }
    }
    Some(match arch {
        "x86_64" | "amd64" => elf::EM_X86_64,
        "i386" | "i486" | "i586" | "i686" => elf::EM_386,
        "aarch64" | "arm64" => elf::EM_AARCH64,
        "ppc64" | "ppc64le" => elf::EM_PPC64,
        "ppc" => elf::EM_PPC,
        "s390x" => elf::EM_S390,
        "riscv64" => elf::EM_RISCV,
        "loongarch64" => elf::EM_LOONGARCH,
        arm if arm.starts_with("arm") => elf::EM_ARM,
        mips if mips.starts_with("mips") => elf::EM_MIPS,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines() {
        let config = KernelConfig::new("/c".into(), "CONFIG_X86_32=y\n".into());
        assert_eq!(expected(&config, "x86_64"), Some(elf::EM_386));
        assert_eq!(expected(&KernelConfig::default(), "aarch64"), Some(elf::EM_AARCH64));
        assert_eq!(expected(&KernelConfig::default(), "noarch"), None);
    }
}
