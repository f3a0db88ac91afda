//! Copies of logs that outlive their build, within a bound: a build can write without end.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::Error;
use crate::system::root::RootMut;
use crate::system::staged::Staged;

/// Bytes of a log that are kept.
const MOST: u64 = 16 << 20;
/// Bytes of its beginning, where it says what was begun; the rest is its end, where it says how that ended.
const BEGINNING: u64 = 1 << 20;

/// Puts a copy of a log to where it is kept, in the place of an older one.
///
/// # Errors
/// `Io`; what was there is then as it was.
pub(super) fn keep(root: &RootMut, log: &Path, destination: &Path) -> Result<(), Error> {
    match size(root, log)? {
        size if size > MOST => Staged::file(root, destination, &shortened(root, log, size)?, 0o644)?.publish(),
        _ => Staged::copy(root, log, destination, 0o644)?.publish(),
    }
}

/// The same with the time of the log, and without a copy where a second name for it does.
///
/// # Errors
/// As [`keep`].
pub(super) fn keep_aside(root: &RootMut, log: &Path, destination: &Path) -> Result<(), Error> {
    let size = size(root, log)?;
    if size <= MOST {
        return Staged::duplicate(root, log, destination)?.publish();
    }
    let staged = Staged::file(root, destination, &shortened(root, log, size)?, 0o644)?;
    if let Some(meta) = root.meta(log) {
        root.set_mtime(staged.path(), meta.mtime)?;
    }
    staged.publish()
}

fn size(root: &RootMut, log: &Path) -> Result<u64, Error> {
    Ok(root.open_file(log)?.metadata().map_err(Error::io("read", log))?.len())
}

/// Beginning and end, with a line between them that says what is left out.
fn shortened(root: &RootMut, log: &Path, size: u64) -> Result<Vec<u8>, Error> {
    let failed = Error::io("read", log);
    let mut file = root.open_file(log)?;
    let mut kept = Vec::new();
    let read = (&mut file).take(BEGINNING).read_to_end(&mut kept).and_then(|_| {
        let left_out = size - MOST;
        kept.extend(format!("\n# {left_out} bytes are left out\n").into_bytes());
        file.seek(SeekFrom::Start(BEGINNING + left_out))?;
        file.take(MOST - BEGINNING).read_to_end(&mut kept)
    });
    read.map(|_| kept).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn of_a_huge_log_beginning_and_end_are_kept() {
        let (_directory, setup) = testing::setup();
        let (root, log) = (setup.root.writable(), Path::new("/make.log"));
        testing::write(&setup, "/make.log", format!("begin\n{}end\n", "x".repeat(20 << 20)));
        root.set_mtime(log, 7).unwrap();
        for (keep, destination, mtime) in
            [(keep as fn(&RootMut, &Path, &Path) -> _, "/failed.log", None), (keep_aside, "/previous.log", Some(7))]
        {
            let destination = Path::new(destination);
            keep(&root, log, destination).unwrap();
            let text = setup.root.read_to_string(destination).unwrap();
            assert!(text.starts_with("begin\nx") && text.ends_with("xend\n") && text.len() < (16 << 20) + 100);
            assert!(text.contains(&format!("\n# {} bytes are left out\n", (4 << 20) + 10)), "{}", text.len());
            assert!(mtime.is_none_or(|mtime| setup.root.meta(destination).unwrap().mtime == mtime));
        }
    }

    #[test]
    fn a_small_one_is_kept_whole_and_with_its_time() {
        let (_directory, setup) = testing::setup();
        let root = setup.root.writable();
        testing::write(&setup, "/make.log", b"\xff\n");
        root.set_mtime(Path::new("/make.log"), 7).unwrap();
        keep_aside(&root, Path::new("/make.log"), Path::new("/a/previous.log")).unwrap();
        // The next log comes under a new name in the place of the old one.
        testing::write(&setup, "/make.log", "new");
        assert_eq!(setup.root.read(Path::new("/a/previous.log")).unwrap(), b"\xff\n");
        assert_eq!(setup.root.meta(Path::new("/a/previous.log")).unwrap().mtime, 7);
    }
}
