//! Distributions' lists of modules whose installation is forced: a word per module, `NAME` or `NAME_version-override`.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::FORCE_LISTS;
use crate::system::root::{Kind, Root};

/// No list is longer.
const MAX_BYTES: u64 = 1 << 20;

/// One list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForceList {
    /// Where it is.
    pub path: PathBuf,
    /// Its words.
    pub words: Vec<String>,
}

/// All lists that can be read, by name.
///
/// # Errors
/// `Io` if the directory cannot be listed.
pub(super) fn gather(root: &Root) -> Result<Vec<ForceList>, Error> {
    let files = root.list(Path::new(FORCE_LISTS))?.into_iter().filter(|(_, kind)| *kind != Kind::Directory);
    let list = |name| {
        let path = Path::new(FORCE_LISTS).join(name);
        let text = root.read_bounded(&path, MAX_BYTES).ok()?;
        let words = String::from_utf8_lossy(&text).split_whitespace().map(str::to_owned).collect();
        Some(ForceList { path, words })
    };
    Ok(files.filter_map(|(name, _)| list(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn every_file_is_a_list_of_words() {
        let (_directory, setup) = testing::setup();
        assert_eq!(gather(&setup.root).unwrap(), []);
        testing::write(&setup, &format!("{FORCE_LISTS}/b"), "one\n  two_version-override three\n");
        testing::write(&setup, &format!("{FORCE_LISTS}/directory/c"), "four");
        let words = ["one", "two_version-override", "three"].map(str::to_owned).to_vec();
        let path = Path::new(FORCE_LISTS).join("b");
        assert_eq!(gather(&setup.root).unwrap(), [ForceList { path, words }]);
    }
}
