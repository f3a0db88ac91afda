//! Which compiler and linker a kernel was made with, and which of them this machine can offer.
//!
//! The kernel's configuration decides. Only modules that use `$CC` or `$(KERNEL_CC)` in their own Makefiles notice:
//! the kernel's build system chooses by itself. Read when something is about to be built, not before.

use std::path::Path;

use crate::facts::kernel::{Kernel, KernelConfig};
use crate::setup::Setup;

/// What make and scripts get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiler {
    /// `CC` and `KERNEL_CC`, when a choice was made.
    pub cc: Option<String>,
    /// `LD` and `KERNEL_LD`, when a choice was made.
    pub ld: Option<String>,
    /// Whether `LLVM=1` belongs on the command line.
    pub llvm: bool,
    /// The compiler that the configuration names, if the search path does not have it.
    pub missing: Option<String>,
}

impl Compiler {
    /// Decides for one kernel.
    pub fn gather(setup: &Setup, kernel: &Kernel) -> Self {
        let available = |name: &str| {
            let is_there = |directory: std::path::PathBuf| setup.root.is_executable(&directory.join(name));
            setup.environment.search_path().into_iter().any(is_there)
        };
        let config = &kernel.config;
        let mut compiler = Self {
            cc: kernel_variables(setup, &kernel.source_dir),
            llvm: if config.path.is_some() {
                config.enabled("CONFIG_CC_IS_CLANG")
            } else {
                made_by_clang(setup, &kernel.source_dir)
            },
            ..Self::default()
        };
        if let Some(name) = named(config) {
            if available(name) {
                compiler.cc = Some(name.to_owned());
            } else {
                compiler.missing = Some(name.to_owned());
            }
        }
        if config.enabled("CONFIG_CC_IS_CLANG") && available("clang") {
            compiler.cc = Some("clang".into());
        }
        if config.enabled("CONFIG_LD_IS_LLD") && available("ld.lld") {
            compiler.ld = Some("ld.lld".into());
        }
        compiler
    }
}

/// The text in which a kernel remembers its compiler, such as `gcc-14 (Debian 14.2.0-19) 14.2.0`.
pub fn version_text(config: &KernelConfig) -> Option<&str> {
    config.text("CONFIG_CC_VERSION_TEXT")
}

fn named(config: &KernelConfig) -> Option<&str> {
    let word = version_text(config)?.split_whitespace().next()?;
    (!word.contains('/')).then_some(word)
}

/// `CC` out of the `.kernelvariables` that Debian's headers carry: assignments in the language of make.
fn kernel_variables(setup: &Setup, source_dir: &Path) -> Option<String> {
    let content = setup.root.read_bounded(&source_dir.join(".kernelvariables"), 1 << 16).ok()?;
    let text = String::from_utf8_lossy(&content);
    let lookup = |name: &str| {
        let mut value = None;
        for line in text.lines() {
            let line = line.trim();
            let line = line.strip_prefix("override ").unwrap_or(line).trim_start();
            let Some(rest) = line.strip_prefix(name).map(str::trim_start) else { continue };
            if let Some(rest) = ["=", ":=", "?="].iter().find_map(|operator| rest.strip_prefix(operator)) {
                value = Some(rest.trim());
            }
        }
        value
    };
    let cc = expand(lookup("CC")?, &lookup, 0);
    Some(cc.trim().to_owned()).filter(|cc| !cc.is_empty())
}

/// Variables and `$(if ...)`; other functions of make come out empty.
fn expand<'a>(value: &'a str, lookup: &dyn Fn(&str) -> Option<&'a str>, depth: usize) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("$(").filter(|_| depth < 8) {
        result.push_str(&rest[..at]);
        let inner = &rest[at + 2..];
        let Some(end) = closing(inner) else { return result };
        let (call, after) = (&inner[..end], &inner[end + 1..]);
        rest = after;
        if let Some(arguments) = call.strip_prefix("if ") {
            let mut parts = split_arguments(arguments).into_iter();
            let condition = expand(parts.next().unwrap_or_default(), lookup, depth + 1);
            let (then, otherwise) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let chosen = if condition.trim().is_empty() { otherwise } else { then };
            result.push_str(&expand(chosen, lookup, depth + 1));
        } else if !call.contains(' ') {
            result.push_str(&lookup(call).map(|value| expand(value, lookup, depth + 1)).unwrap_or_default());
        }
    }
    result.push_str(rest);
    result
}

fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn split_arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Without a configuration there is only what compilers leave in the `.comment` section of what they made.
fn made_by_clang(setup: &Setup, source_dir: &Path) -> bool {
    use object::read::elf::{FileHeader, SectionHeader};
    let Ok(content) = setup.root.read_bounded(&source_dir.join("vmlinux"), 1 << 30) else { return false };
    let comment = || {
        let data = content.as_slice();
        let header = object::elf::FileHeader64::<object::Endianness>::parse(data).ok()?;
        let endian = header.endian().ok()?;
        let sections = header.sections(endian, data).ok()?;
        let (_, section) = sections.section_by_name(endian, b".comment")?;
        section.data(endian, data).ok()
    };
    comment().is_some_and(|text| text.windows(5).any(|word| word == b"clang"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::KernelId;
    use crate::testing;

    fn compiler(config: &str, variables: &str, programs: &[&str]) -> Compiler {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/lib/modules/6.1/build/include/config/auto.conf", config);
        if !variables.is_empty() {
            testing::write(&setup, "/lib/modules/6.1/build/.kernelvariables", variables);
        }
        for program in programs {
            let path = format!("/usr/bin/{program}");
            testing::write(&setup, &path, "");
            setup.root.writable().set_mode(Path::new(&path), 0o755).unwrap();
        }
        let id = KernelId::new("6.1", "x86_64").unwrap();
        let kernel = Kernel::gather(&setup, &id).unwrap();
        Compiler::gather(&setup, &kernel)
    }

    #[test]
    fn the_configured_compiler_counts_if_it_is_there() {
        let config = "CONFIG_CC_VERSION_TEXT=x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0\n";
        let found = compiler(config, "", &["x86_64-linux-gnu-gcc-14"]);
        assert_eq!(found, Compiler { cc: Some("x86_64-linux-gnu-gcc-14".into()), ..Compiler::default() });
        let found = compiler(&config.replace('=', "=\"").replace(".0\n", ".0\"\n"), "", &["gcc"]);
        assert_eq!(found, Compiler { missing: Some("x86_64-linux-gnu-gcc-14".into()), ..Compiler::default() });
    }

    #[test]
    fn clang_kernels() {
        let config = "CONFIG_CC_VERSION_TEXT=clang version 18\nCONFIG_CC_IS_CLANG=y\nCONFIG_LD_IS_LLD=y\n";
        let expected =
            Compiler { cc: Some("clang".into()), ld: Some("ld.lld".into()), llvm: true, ..Compiler::default() };
        assert_eq!(compiler(config, "", &["clang", "ld.lld"]), expected);
        assert!(compiler(config, "", &[]).llvm);
    }

    #[test]
    fn debian_variables() {
        let variables = "override ARCH = x86\nCCACHE = ccache\n\
            CC = $(if $(DEBIAN_KERNEL_USE_CCACHE),$(CCACHE)) $(CROSS_COMPILE)gcc-14\n\
            override CROSS_COMPILE = x86_64-linux-gnu-\n";
        assert_eq!(compiler("", variables, &[]).cc.as_deref(), Some("x86_64-linux-gnu-gcc-14"));
        assert_eq!(compiler("", "CC := $(shell evil)\n", &[]).cc, None);
    }
}
