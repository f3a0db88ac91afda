//! One kernel as found: its module directory, its headers, its configuration.

use std::path::PathBuf;

use crate::target::KernelId;

/// A kernel and what is there of it.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Release and architecture.
    pub id: KernelId,
    /// `I/K`.
    pub directory: PathBuf,
    /// Whether `I/K` exists.
    pub present: bool,
    /// Whether the image's own modules are there, not only a `build` link.
    pub image: bool,
    /// Where to build against: `I/K/build` or what `--kernelsourcedir` said.
    pub source_dir: PathBuf,
    /// State of the headers.
    pub headers: Headers,
    /// Its configuration; empty without headers.
    pub config: KernelConfig,
    /// How its own modules are compressed.
    pub compression: Compression,
}

/// Whether a kernel can be built against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Headers {
    /// Everything that a build needs is there.
    Complete,
    /// Something is missing.
    Missing {
        /// The first thing that was looked for and not found.
        path: PathBuf,
        /// Package that has it on this distribution, when known.
        package: Option<String>,
    },
}

/// A kernel configuration: `include/config/auto.conf` or `.config`.
#[derive(Clone, Debug, Default)]
pub struct KernelConfig {
    /// The file; `None` if there is none.
    pub path: Option<PathBuf>,
    /// Its text.
    text: String,
}

impl KernelConfig {
    /// From the text of a file.
    pub fn new(path: PathBuf, text: String) -> Self {
        Self { path: Some(path), text }
    }

    /// Value of `CONFIG_NAME` as written (`y`, `m`, `"text"`); `None` if it is not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut rest = self.text.as_str();
        while let Some(at) = rest.find(name) {
            let starts_line = at == 0 || rest.as_bytes()[at - 1] == b'\n';
            let after = &rest[at + name.len()..];
            match after.strip_prefix('=') {
                Some(value) if starts_line => return value.lines().next(),
                _ => rest = after,
            }
        }
        None
    }

    /// Whether `CONFIG_NAME` is `y` or `m`.
    pub fn enabled(&self, name: &str) -> bool {
        matches!(self.get(name), Some("y" | "m"))
    }

    /// Value of `CONFIG_NAME` without its quotes.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|value| value.trim_matches('"'))
    }
}

/// How a kernel's modules are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// `.ko`
    None,
    /// `.ko.gz`
    Gzip,
    /// `.ko.xz`
    Xz,
    /// `.ko.zst`
    Zstd,
}

impl Compression {
    /// What follows `.ko` in a file name.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Xz => ".xz",
            Compression::Zstd => ".zst",
        }
    }

    /// All four, plain first: the order in which files are looked for.
    pub const ALL: [Compression; 4] = [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_lines_are_found_whole() {
        let config = KernelConfig::new(
            "/c".into(),
            "# CONFIG_A is not set\nCONFIG_AB=m\nCONFIG_B=y\nCONFIG_T=\"gcc-12 x\"\n".into(),
        );
        assert_eq!(config.get("CONFIG_A"), None);
        assert!(config.enabled("CONFIG_AB") && config.enabled("CONFIG_B"));
        assert_eq!(config.text("CONFIG_T"), Some("gcc-12 x"));
    }
}
