//! Whether two names show the same. What cannot be read is not known to be the same, and counts as different.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Kind, Root};

/// Bytes that are compared at once.
const CHUNK: u64 = 64 << 10;

impl Root {
    /// Whether two names show the same: links with the same target, or regular files with the same content.
    pub(crate) fn is_same(&self, one: &Path, other: &Path) -> bool {
        let (Some(left), Some(right)) = (self.link_meta(one), self.link_meta(other)) else { return false };
        match (left.kind, right.kind) {
            (Kind::Link, Kind::Link) => self.read_link(one) == self.read_link(other),
            (Kind::File, Kind::File) => self.is_same_content(one, other),
            _ => false,
        }
    }

    /// Whether two paths lead to files of the same content, links followed.
    pub(crate) fn is_same_content(&self, one: &Path, other: &Path) -> bool {
        let (Some(left), Some(right)) = (self.meta(one), self.meta(other)) else { return false };
        if left.kind != Kind::File || right.kind != Kind::File || left.size != right.size {
            return false;
        }
        if left.inode == right.inode {
            return true;
        }
        let (Ok(one), Ok(other)) = (self.open_file(one), self.open_file(other)) else { return false };
        is_same_stream(&one, &other)
    }
}

fn is_same_stream(one: &File, other: &File) -> bool {
    let next = |mut file: &File, chunk: &mut Vec<u8>| {
        chunk.clear();
        file.by_ref().take(CHUNK).read_to_end(chunk)
    };
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        match (next(one, &mut left), next(other, &mut right)) {
            (Ok(_), Ok(_)) if left != right => return false,
            (Ok(0), Ok(_)) => return true,
            (Ok(_), Ok(_)) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn files_are_the_same_by_content_and_links_by_target() {
        let (_directory, setup) = testing::setup();
        let long = vec![b'x'; usize::try_from(3 * CHUNK).unwrap()];
        let mut other = long.clone();
        *other.last_mut().unwrap() = b'y';
        testing::write(&setup, "/a", &long);
        testing::write(&setup, "/b", &long);
        testing::write(&setup, "/c", &other);
        testing::write(&setup, "/d", "x");
        let root = setup.root.writable();
        for (target, link) in [("a", "/to-a"), ("a", "/to-a-too"), ("b", "/to-b")] {
            root.symlink(Path::new(target), Path::new(link)).unwrap();
        }
        root.create_dir(Path::new("/e"), 0o755).unwrap();
        let same = |one: &str, other: &str| setup.root.is_same(Path::new(one), Path::new(other));
        assert!(same("/a", "/a") && same("/a", "/b") && same("/to-a", "/to-a-too"));
        for (one, other) in
            [("/a", "/c"), ("/a", "/d"), ("/a", "/to-a"), ("/to-a", "/to-b"), ("/e", "/e"), ("/a", "/no")]
        {
            assert!(!same(one, other), "{one} {other}");
        }
        let same = |one: &str, other: &str| setup.root.is_same_content(Path::new(one), Path::new(other));
        assert!(same("/to-a", "/b") && !same("/to-a", "/c") && !same("/e", "/e"));
    }
}
