//! Whether the inputs of a build changed, and which one did.
//!
//! Each input is kept apart, so that a difference can be named. Reading costs almost nothing when nothing moved: the
//! *stamp* of an input (what `stat` says of its files) is compared first, and only when it differs the content is hashed.
//! A package that is installed again restores the same content under new inodes: other stamp, same content, no build.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One input: what `stat` saw and what was in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Hash over path, mode, size, mtime and inode of its files; empty for an input without files.
    pub stamp: String,
    /// Hash over path, mode and content of its files, or of the text itself; empty if there is none.
    pub content: String,
}

impl Part {
    /// An input that is a text, with no files behind it; an empty one is no input.
    pub fn of_text(text: &str) -> Self {
        let content = if text.is_empty() { String::new() } else { hex(&Sha256::digest(text.as_bytes())) };
        Self { stamp: String::new(), content }
    }
}

/// All inputs of one build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// The source tree with the administrator's patches and scripts.
    pub source: Part,
    /// The effective configuration, evaluated with a fixed number of processors.
    pub config: Part,
    /// Inputs of the kernel by name: `Module.symvers`, `include/config/auto.conf`, `include/generated`, `compiler`.
    pub kernel: BTreeMap<String, Part>,
    /// Content hashes of the fingerprints of the modules that it depends on, by name.
    pub depends: BTreeMap<String, String>,
    /// What signs: digest and certificate.
    pub signer: Part,
    /// The file that a person named in the place of the module's own configuration: no input itself, but where `config`
    /// comes from, and will come from the next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conf: Option<PathBuf>,
}

impl Fingerprint {
    /// One hash over all contents: what dependants keep.
    pub fn content(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        add(&self.source.content);
        add(&self.config.content);
        for (name, part) in &self.kernel {
            add(name);
            add(&part.content);
        }
        for (name, content) in &self.depends {
            add(name);
            add(content);
        }
        add(&self.signer.content);
        hex(&hash.finalize())
    }

    /// The first input whose content differs, in the words of a report; `None` if all are the same.
    pub fn difference(&self, now: &Fingerprint) -> Option<Change> {
        self.differences(now).next()
    }

    /// All inputs whose content differs, in the order of their weight.
    pub fn differences<'a>(&'a self, now: &'a Fingerprint) -> impl Iterator<Item = Change> + 'a {
        fn content(part: Option<&Part>) -> Option<&String> {
            part.map(|part| &part.content)
        }
        let source = (self.source.content != now.source.content).then_some(Change::Source);
        let config = (self.config.content != now.config.content).then_some(Change::Config);
        let kernel = names(&self.kernel, &now.kernel)
            .filter(|name| content(self.kernel.get(*name)) != content(now.kernel.get(*name)))
            .map(|name| Change::Kernel { what: name.clone() });
        let depends = names(&self.depends, &now.depends)
            .filter(|name| self.depends.get(*name) != now.depends.get(*name))
            .map(|name| Change::Dependency { name: name.clone() });
        let signer = (self.signer.content != now.signer.content).then_some(Change::Signer);
        source.into_iter().chain(config).chain(kernel).chain(depends).chain(signer)
    }
}

/// The names in both, each once.
fn names<'a, T>(one: &'a BTreeMap<String, T>, other: &'a BTreeMap<String, T>) -> impl Iterator<Item = &'a String> {
    one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)))
}

/// Which input changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "input")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Change {
    /// The source tree.
    Source,
    /// dkms.conf, an override or a directive.
    Config,
    /// A kernel input.
    Kernel {
        /// Which file, or `compiler`.
        what: String,
    },
    /// A module that it depends on.
    Dependency {
        /// Its name.
        name: String,
    },
    /// Key, certificate or digest.
    Signer,
}

/// SHA-256 of a stream, hexadecimal.
///
/// # Errors
/// What reading gives.
pub fn sha256(mut stream: impl Read) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut stream, &mut hash)?;
    Ok(hex(&hash.finalize()))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(content: &str) -> Part {
        Part { stamp: String::new(), content: content.into() }
    }

    #[test]
    fn names_what_changed() {
        let mut before = Fingerprint { source: part("s"), ..Fingerprint::default() };
        before.kernel.insert("Module.symvers".into(), part("1"));
        let mut now = before.clone();
        now.source.stamp = "moved".into();
        assert_eq!(before.difference(&now), None, "a stamp alone is no difference");
        now.kernel.insert("Module.symvers".into(), part("2"));
        assert_eq!(before.difference(&now), Some(Change::Kernel { what: "Module.symvers".into() }));
        assert_ne!(before.content(), now.content());
        now.source = part("t");
        assert_eq!(before.difference(&now), Some(Change::Source));
        now.kernel.insert("compiler".into(), part("c"));
        now.depends.insert("x".into(), "1".into());
        now.signer = part("k");
        let kernel = |what: &str| Change::Kernel { what: what.into() };
        let depends = Change::Dependency { name: "x".into() };
        let expected = [Change::Source, kernel("Module.symvers"), kernel("compiler"), depends, Change::Signer];
        assert_eq!(before.differences(&now).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn hashes_are_the_usual_ones() {
        assert_eq!(sha256(&b"abc"[..]).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
