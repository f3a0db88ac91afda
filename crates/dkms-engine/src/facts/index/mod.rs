//! depmod's index of a kernel's modules: which file `modprobe NAME` loads.
//!
//! kmod's modprobe reads `modules.dep.bin` alone; busybox, and some images, have the text `modules.dep` alone. Both say the
//! same where depmod was not stopped in between: it writes the text first. When a path became the one that counts, and by
//! which search order, is depmod's business. `kmod: tools/depmod.c`, `libkmod/libkmod-index.c`.

mod text;
mod trie;

use std::path::Path;

use crate::error::Error;
use crate::module_file::compression::Compression;
use crate::system::root::{Meta, Root};

/// The text.
pub const TEXT: &str = "modules.dep";
/// The same for modprobe.
pub const BINARY: &str = "modules.dep.bin";
/// Larger ones are none; that of 6000 modules has 2 MB.
pub const MAX_INDEX_BYTES: u64 = 64 << 20;

/// Name of the module in a file called so, as a kernel and its index call it: with `_` for `-`.
pub fn module_name(file: &str) -> Option<String> {
    Compression::of_file_name(file).map(|(name, _)| in_kernel(name))
}

/// A module's name as a kernel and its index have it.
pub fn in_kernel(name: &str) -> String {
    name.replace('-', "_")
}

/// Both forms, as far as they are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    binary: Option<Vec<u8>>,
    text: Option<Vec<u8>>,
    /// When the one that counts was written.
    made: Option<i64>,
}

impl Index {
    /// Reads the index in a kernel's module directory.
    ///
    /// # Errors
    /// `Io` for a file that is there and cannot be read.
    pub fn read(root: &Root, directory: &Path) -> Result<Self, Error> {
        let mut index = Self::default();
        for (name, content) in [(TEXT, &mut index.text), (BINARY, &mut index.binary)] {
            let path = directory.join(name);
            if let Some(meta) = root.meta(&path) {
                *content = Some(root.read_bounded(&path, MAX_INDEX_BYTES)?);
                index.made = Some(meta.mtime);
            }
        }
        Ok(index)
    }

    /// The file that kmod's modprobe, or busybox, would miss.
    pub fn lacks(&self) -> Option<&'static str> {
        let binary = self.binary.is_none().then_some(BINARY);
        binary.or_else(|| self.text.is_none().then_some(TEXT))
    }

    /// The path that is listed for a module: relative to the directory of the index, or absolute. `None` if none is.
    ///
    /// # Errors
    /// A fragment saying why the index cannot be read.
    pub fn find(&self, module: &str) -> Result<Option<String>, String> {
        find(self.binary.as_deref(), self.text.as_deref(), module)
    }

    /// Whether a file was written after the index. One that was moved into its place with an older time is not seen.
    pub fn is_older_than(&self, file: &Meta) -> bool {
        self.made.is_none_or(|made| made < file.mtime)
    }
}

/// [`Index::find`] in the contents of `modules.dep.bin` and `modules.dep`.
///
/// # Errors
/// A fragment saying why they cannot be read.
pub fn find(binary: Option<&[u8]>, text: Option<&[u8]>, module: &str) -> Result<Option<String>, String> {
    let module = in_kernel(module);
    let line = match (binary, text) {
        (Some(binary), _) => trie::find(binary, module.as_bytes()).map_err(|reason| format!("{BINARY}: {reason}"))?,
        (None, Some(text)) => text::find(text, &module),
        (None, None) => return Err(format!("there is neither {BINARY} nor {TEXT}")),
    };
    let path = line.and_then(|line| line.split(|byte| *byte == b':').next());
    Ok(path.map(|path| String::from_utf8_lossy(path).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_modprobe_would_load() {
        let (_directory, setup) = testing::setup();
        let directory = Path::new("/lib/modules/6.1");
        let index = Index::read(&setup.root, directory).unwrap();
        assert_eq!((index.lacks(), index.find("a").is_err()), (Some(BINARY), true));
        let text = "kernel/a.ko:\nupdates/dkms/a-b.ko.xz: kernel/a.ko\nkernel/abc.ko:\n";
        testing::write(&setup, "/lib/modules/6.1/modules.dep", text);
        let by_text = Index::read(&setup.root, directory).unwrap();
        testing::write(&setup, "/lib/modules/6.1/modules.dep.bin", trie::tests::three());
        let whole = Index::read(&setup.root, directory).unwrap();
        assert_eq!((by_text.lacks(), whole.lacks()), (Some(BINARY), None));
        for index in [by_text, whole] {
            assert_eq!(index.find("a-b").unwrap().as_deref(), Some("updates/dkms/a-b.ko.xz"));
            assert_eq!(index.find("a_b").unwrap().as_deref(), Some("updates/dkms/a-b.ko.xz"));
            assert_eq!(index.find("a").unwrap().as_deref(), Some("kernel/a.ko"));
            assert_eq!(index.find("abc").unwrap().as_deref(), Some("kernel/abc.ko"));
            for absent in ["", "ab", "abcd", "b", "ko"] {
                assert_eq!(index.find(absent).unwrap(), None, "{absent}");
            }
        }
    }

    #[test]
    fn what_came_after_the_index() {
        let (_directory, setup) = testing::setup();
        let (list, module) = ("/lib/modules/6.1/modules.dep", "/lib/modules/6.1/updates/x.ko");
        testing::write(&setup, list, "");
        testing::write(&setup, module, "");
        let is_older = |module_at: i64| {
            setup.root.writable().set_mtime(Path::new(list), 50).unwrap();
            setup.root.writable().set_mtime(Path::new(module), module_at).unwrap();
            let index = Index::read(&setup.root, Path::new("/lib/modules/6.1")).unwrap();
            index.is_older_than(&setup.root.meta(Path::new(module)).unwrap())
        };
        assert_eq!([is_older(40), is_older(50), is_older(60)], [false, false, true]);
    }
}
