//! Files of the boot loader specification, type 1: a kernel in each.
//!
//! Source: uapi-group/specifications, `boot_loader_specification.md`.

use std::path::{Path, PathBuf};

use super::entry::Written;
use crate::system::root::{Kind, Root};

/// The directory, on the partition of the boot loader.
pub(super) const DIRECTORY: &str = "loader/entries";
/// Longer files and more of them are nobody's.
const MAX_BYTES: u64 = 64 << 10;
const MAX_FILES: usize = 1024;

/// One of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snippet {
    /// Its name without `.conf` and without counters.
    pub(super) name: String,
    /// The name as it is, without `.conf`.
    pub(super) file: String,
    pub(super) tries: Tries,
    pub(super) title: Option<String>,
    pub(super) sort_key: Option<String>,
    pub(super) machine_id: Option<String>,
    pub(super) version: Option<String>,
    pub(super) architecture: Option<String>,
    /// What `linux`, `efi` or `uki` names.
    pub(super) image: Option<String>,
    /// Whether it was `linux`, the only one that GRUB knows.
    pub(super) linux: bool,
    pub(super) initrds: Vec<String>,
    pub(super) options: Vec<String>,
}

/// Counters of boot assessment in the name of a file: `NAME+LEFT-DONE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tries {
    pub(super) left: Option<u32>,
    pub(super) done: u32,
}

impl Tries {
    /// The counters in a name without suffix, and what is before them.
    pub(super) fn of(name: &str) -> (&str, Self) {
        let counters = name.rsplit_once('+').and_then(|(before, counters)| {
            let (left, done) = counters.split_once('-').unwrap_or((counters, "0"));
            let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
            Some((before, Self { left: Some(number(left)?), done: number(done)? }))
        });
        counters.unwrap_or((name, Self::default()))
    }

    /// Marked bad: no try is left.
    pub(super) fn is_bad(self) -> bool {
        self.left == Some(0)
    }
}

/// All of a directory, in order of names.
pub(super) fn list(root: &Root, directory: &Path) -> Vec<Snippet> {
    let entries = root.list(directory).unwrap_or_default();
    let files = entries.into_iter().filter(|(_, kind)| *kind != Kind::Directory).filter_map(|(name, _)| {
        let file = name.to_str()?.strip_suffix(".conf").filter(|file| !file.is_empty() && !file.starts_with('.'))?;
        let content = root.read_bounded(&directory.join(&name), MAX_BYTES).ok()?;
        Some(Snippet::parse(file, &String::from_utf8_lossy(&content)))
    });
    files.take(MAX_FILES).collect()
}

impl Snippet {
    fn parse(file: &str, text: &str) -> Self {
        let (name, tries) = Tries::of(file);
        let mut all = Self { name: name.to_owned(), file: file.to_owned(), tries, ..Self::default() };
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.split_once([' ', '\t']) else { continue };
            let value = value.trim().to_owned();
            match key {
                "title" => all.title = Some(value),
                "sort-key" => all.sort_key = Some(value),
                "machine-id" => all.machine_id = Some(value),
                "version" => all.version = Some(value),
                "architecture" => all.architecture = Some(value),
                "linux" => (all.image, all.linux) = (Some(value), true),
                "efi" | "uki" => (all.image, all.linux) = (Some(value), false),
                "initrd" => all.initrds.push(value),
                "options" => all.options.push(value),
                _ => {}
            }
        }
        all
    }

    /// As an entry is written; `None` if it starts no kernel that is on a disk.
    pub(super) fn written(&self, options: Option<String>) -> Option<Written> {
        Some(Written {
            id: self.name.clone(),
            title: self.title.clone().unwrap_or_else(|| self.name.clone()),
            version: self.version.clone(),
            options,
            image: self.image.clone()?,
            initrds: self.initrds.clone(),
        })
    }

    /// Whether it is for machines of this kind, as `uname -m` calls them.
    pub(super) fn fits(&self, machine: &str) -> bool {
        let ours = match machine {
            "x86_64" => "x64",
            "aarch64" => "aa64",
            "i686" | "i586" | "i386" => "ia32",
            other => other,
        };
        self.architecture.as_deref().is_none_or(|written| written.eq_ignore_ascii_case(ours))
    }
}

/// Where GRUB and zipl look: `/boot` is theirs.
pub(super) fn of_boot() -> PathBuf {
    Path::new(crate::layout::BOOT).join(DIRECTORY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn keys_and_counters() {
        let (_directory, setup) = testing::setup();
        let text = "# made by kernel-install\ntitle  Arch Linux\nversion\t6.12.1-arch1-1\nsort-key arch\nmachine-id 0123\narchitecture X64\n\
                    linux /0123/6.12.1-arch1-1/linux\ninitrd /intel-ucode.img\ninitrd /0123/6.12.1-arch1-1/initrd\noptions root=/dev/a\n\
                    options quiet\nnonsense\n";
        testing::write(&setup, "/efi/loader/entries/arch-6.12.1+2-1.conf", text);
        testing::write(&setup, "/efi/loader/entries/old.conf.bak", text);
        let found = list(&setup.root, Path::new("/efi/loader/entries"));
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((only.name.as_str(), only.tries), ("arch-6.12.1", Tries { left: Some(2), done: 1 }));
        assert_eq!((only.title.as_deref(), only.sort_key.as_deref()), (Some("Arch Linux"), Some("arch")));
        assert_eq!(only.initrds, ["/intel-ucode.img", "/0123/6.12.1-arch1-1/initrd"]);
        assert_eq!(only.options, ["root=/dev/a", "quiet"]);
        assert!(only.linux && only.fits("x86_64") && !only.fits("aarch64"));
    }

    #[test]
    fn a_plus_in_a_version_is_no_counter() {
        let none = Tries::default();
        assert_eq!(Tries::of("m-6.12.107+deb13-amd64"), ("m-6.12.107+deb13-amd64", none));
        assert_eq!(
            Tries::of("m-6.12.107+deb13-amd64+0-3"),
            ("m-6.12.107+deb13-amd64", Tries { left: Some(0), done: 3 })
        );
        assert_eq!(Tries::of("a+3"), ("a", Tries { left: Some(3), done: 0 }));
        for name in ["a+", "a+-1", "a+1-", "a+99999999999"] {
            let (_, tries) = Tries::of(name);
            assert!(!tries.is_bad(), "{name}");
        }
    }
}
