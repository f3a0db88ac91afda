//! `config.log`: where a configure script made by autoconf writes what it tried, and what its compiler said.
//!
//! The script's own last words often only say which check failed; why it did is here.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::system::root::{Kind, Root};

/// Its name.
pub(crate) const NAME: &str = "config.log";

/// How much of it is kept: its end.
const KEPT: u64 = 1 << 20;

/// How deep below the source it is looked for.
const DEPTH: usize = 3;

/// The newest one below `build` that did not come with the source.
pub(super) fn find(root: &Root, build: &Path, source: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut level = vec![build.to_owned()];
    for _ in 0..DEPTH {
        found.extend(level.iter().map(|directory| directory.join(NAME)).filter(|path| root.is_file(path)));
        let below = |directory: &PathBuf| {
            let entries = root.list(directory).unwrap_or_default();
            let directories = entries.into_iter().filter(|(_, kind)| *kind == Kind::Directory);
            directories.map(|(name, _)| directory.join(name)).collect::<Vec<_>>()
        };
        level = level.iter().flat_map(below).collect();
    }
    found.retain(|path| path.strip_prefix(build).is_ok_and(|name| !root.exists(&source.join(name))));
    found.into_iter().max_by_key(|path| root.meta(path).map(|meta| meta.mtime))
}

/// What is kept of it.
///
/// # Errors
/// `Io`.
pub(crate) fn end(root: &Root, path: &Path) -> Result<Vec<u8>, Error> {
    let mut file = root.open_file(path)?;
    let size = root.meta(path).map_or(0, |meta| meta.size);
    let mut bytes = Vec::new();
    let begin = size.saturating_sub(KEPT);
    file.seek(SeekFrom::Start(begin)).map_err(Error::io("read", path))?;
    file.take(KEPT).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    if begin > 0 {
        let rest = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        bytes.drain(..rest);
    }
    Ok(bytes)
}

/// What a compiler complained of in the check after which the script gave up.
pub(super) fn complaint(log: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(log);
    let mut complaint = None;
    for line in text.lines() {
        // `configure:4321: checking whether ...`, `configure:4400: error: ...`
        let own = line.strip_prefix("configure:").and_then(|rest| rest.split_once(": ")).map(|(_, rest)| rest);
        match own {
            Some(rest) if rest.starts_with("error: ") => return complaint,
            Some(rest) if rest.starts_with("checking ") => complaint = None,
            Some(_) => {}
            // The failed program is shown with a bar before each line.
            None if complaint.is_none() && !line.starts_with("| ") && says_error(line) => {
                complaint = Some(line.trim().to_owned());
            }
            None => {}
        }
    }
    None
}

fn says_error(line: &str) -> bool {
    line.contains(": error: ") || line.contains(": fatal error: ") || line.contains("No rule to make target")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_compiler_of_the_last_check_says_why() {
        let log = "configure:1: checking for a\nconfigure:2: gcc -c conftest.c\nconftest.c:1:1: error: earlier\n\
                   configure:2: $? = 1\nconfigure: failed program was:\n| int x: error: y\nconfigure:3: result: no\n\
                   configure:4: checking whether kernel modules can be built\nconfigure:5: gcc -c conftest.c\n\
                   conftest.c:7:10: fatal error: linux/wonder.h: No such file or directory\nconftest.c:8:1: error: later\n\
                   configure:5: $? = 1\nconfigure:6: result: no\nconfigure:9: error: no\n## Cache variables. ##\n\
                   x: error: z\n";
        let expected = "conftest.c:7:10: fatal error: linux/wonder.h: No such file or directory";
        assert_eq!(complaint(log.as_bytes()).as_deref(), Some(expected));
        assert_eq!(complaint(b"conftest.c:1:1: error: x\n"), None);
        assert_eq!(complaint(b"conftest.c:1:1: error: x\nconfigure:3: checking b\nconfigure:4: error: no b\n"), None);
    }

    #[test]
    fn the_newest_is_found_and_not_the_one_that_came_with_the_source() {
        let (_directory, setup) = testing::setup();
        let (root, build, source) = (&setup.root, Path::new("/b"), Path::new("/s"));
        assert_eq!(find(root, build, source), None);
        testing::write(&setup, "/b/old/config.log", "");
        testing::write(&setup, "/s/old/config.log", "");
        assert_eq!(find(root, build, source), None);
        testing::write(&setup, "/b/src/x/config.log", "");
        assert_eq!(find(root, build, source), Some("/b/src/x/config.log".into()));
    }

    #[test]
    fn a_large_one_is_kept_from_a_line_on() {
        let (_directory, setup) = testing::setup();
        let text = format!("begin\n{}\nend\n", "x\n".repeat(1 << 20));
        testing::write(&setup, "/config.log", &text);
        let kept = String::from_utf8(end(&setup.root, Path::new("/config.log")).unwrap()).unwrap();
        assert!(kept.len() <= 1 << 20 && kept.starts_with("x\n") && kept.ends_with("\nend\n"));
        testing::write(&setup, "/config.log", "begin\nend\n");
        assert_eq!(end(&setup.root, Path::new("/config.log")).unwrap(), b"begin\nend\n");
    }
}
