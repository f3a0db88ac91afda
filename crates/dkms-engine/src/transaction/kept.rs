//! What one call of ours leaves for a later one of the same transaction, in files that no restart of the machine survives.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::layout::RUN;
use crate::system::root::Root;

/// Where it is.
pub(super) fn path(name: &str) -> PathBuf {
    Path::new(RUN).join(name)
}

/// What is kept under a name.
pub(super) fn read(root: &Root, name: &str) -> Option<String> {
    root.read_to_string(&path(name)).ok()
}

/// Keeps a text in place of what was kept before; an empty one is not kept. That this fails costs a later call no more than
/// it would have known.
pub(super) fn replace(root: &Root, name: &str, text: &str) {
    let path = path(name);
    let write = || -> Result<(), Error> {
        let run = root.writable_run();
        run.remove_file(&path)?;
        if text.is_empty() {
            return Ok(());
        }
        run.create_dir_all(Path::new(RUN))?;
        run.create_new(&path, 0o600)?.write_all(text.as_bytes()).map_err(Error::io("write", &path))
    };
    if let Err(error) = write() {
        log::debug!("what is kept for a later call: {error}");
    }
}
