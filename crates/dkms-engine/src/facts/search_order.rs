//! Which of several files of one module `modprobe` gets: the `search` lines of depmod.d.
//!
//! As depmod documents it: files of the same name shadow each other by directory, the rest is read in name order, and
//! the directories are searched in the order written; `built-in` stands for everything that is not named. Without any
//! line it is `updates`, then the rest. `override` lines are for named modules of named kernels and are left to depmod.

use std::path::{Path, PathBuf};

use super::fragments;
use crate::error::Error;
use crate::layout::DEPMOD_D;
use crate::system::root::Root;

/// Directories below `I/K`, first searched first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SearchOrder {
    words: Vec<String>,
}

impl SearchOrder {
    /// Reads the configuration of depmod.
    pub(crate) fn gather(root: &Root) -> Result<Self, Error> {
        let files = fragments::paths(root, &DEPMOD_D)?;
        let texts: Vec<String> = files.iter().filter_map(|path| root.read_to_string(path).ok()).collect();
        Ok(Self::parse(texts.iter().map(String::as_str)))
    }

    fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut words: Vec<String> = Vec::new();
        for line in texts.flat_map(str::lines) {
            let mut fields = line.split_whitespace();
            if fields.next() == Some("search") {
                words.extend(fields.map(str::to_owned));
            }
        }
        if words.is_empty() {
            words.push("updates".into());
        }
        Self { words }
    }

    /// Position in the order; lower is found first. `inner` is relative to `I/K`.
    fn rank(&self, inner: &Path) -> usize {
        let named = self.words.iter().position(|word| word != "built-in" && inner.starts_with(word));
        let rest = || self.words.iter().position(|word| word == "built-in");
        named.or_else(rest).unwrap_or(self.words.len())
    }

    /// The file that counts among several of one module.
    pub(crate) fn first<'a>(&self, kernel_directory: &Path, paths: &'a [PathBuf]) -> Option<&'a PathBuf> {
        paths.iter().min_by_key(|path| self.rank(path.strip_prefix(kernel_directory).unwrap_or(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(inner: &[&str]) -> Vec<PathBuf> {
        inner.iter().map(|inner| Path::new("/lib/modules/K").join(inner)).collect()
    }

    #[test]
    fn updates_come_before_the_kernels_own_by_default() {
        let order = SearchOrder::parse(std::iter::empty());
        let found = paths(&["extra/x.ko", "kernel/x.ko", "updates/dkms/x.ko"]);
        assert_eq!(order.first(Path::new("/lib/modules/K"), &found), Some(&found[2]));
    }

    #[test]
    fn a_search_line_decides() {
        let order = SearchOrder::parse(["# search nothing\nsearch extra built-in updates\n"].into_iter());
        let found = paths(&["kernel/x.ko", "updates/x.ko"]);
        assert_eq!(order.first(Path::new("/lib/modules/K"), &found), Some(&found[0]));
        assert_eq!(order.first(Path::new("/lib/modules/K"), &[]), None);
    }

    #[test]
    fn the_administrators_file_shadows_the_distributions() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        for (path, text) in [
            ("/etc/depmod.d/dist.conf", "search built-in\n"),
            ("/usr/lib/depmod.d/dist.conf", "search extra\n"),
            ("/usr/lib/depmod.d/z.conf", "search updates\n"),
        ] {
            root.writable().create_dir_all(Path::new(path).parent().unwrap()).unwrap();
            std::io::Write::write_all(
                &mut root.writable().create_new(Path::new(path), 0o644).unwrap(),
                text.as_bytes(),
            )
            .unwrap();
        }
        let order = SearchOrder::gather(&root).unwrap();
        assert_eq!(order.words, ["built-in", "updates"]);
    }
}
