//! What a transaction of rpm takes away: told before anything changes, and needed when everything has.
//!
//! Scripts in between cannot know whether what goes comes back: a package that is installed again goes, too. The end sees
//! it on the disk. What was told is kept under the process that runs the transaction, and holds for it alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::owner::Owner;
use crate::error::Error;
use crate::layout::RUN;
use crate::system::root::Root;

/// Keeps the paths that are about to go.
pub fn begin(root: &Root, paths: &str, owner: Option<Owner>) {
    let Some(owner) = owner else { return };
    let kept = text(root).filter(|text| owner_of(text) == Some(owner)).unwrap_or_else(|| format!("{owner}\n"));
    // Of kernels one path is enough, and headers are tens of thousands.
    let of_kernels = paths.lines().filter(|path| path.ends_with("/vmlinuz") || path.ends_with("/modules.order"));
    let text: String = std::iter::once(kept).chain(of_kernels.map(|path| format!("{path}\n"))).collect();
    let write = || -> Result<(), Error> {
        let run = root.writable_run();
        run.create_dir_all(Path::new(RUN))?;
        run.remove_file(&place())?;
        run.create_new(&place(), 0o600)?.write_all(text.as_bytes()).map_err(Error::io("write", &place()))
    };
    if let Err(error) = write() {
        log::debug!("what is about to go: {error}");
    }
}

/// Whether we are called from the transaction that told what goes.
pub fn is_under_way(root: &Root) -> bool {
    text(root).as_deref().and_then(owner_of).is_some_and(|owner| owner.is_above_us())
}

/// The paths of kernels that it told.
pub fn paths(root: &Root) -> String {
    let text = text(root).filter(|text| owner_of(text).is_some_and(|owner| owner.is_above_us()));
    text.and_then(|text| text.split_once('\n').map(|(_, paths)| paths.to_owned())).unwrap_or_default()
}

fn text(root: &Root) -> Option<String> {
    root.read_to_string(&place()).ok()
}

fn owner_of(text: &str) -> Option<Owner> {
    Owner::parse(text.lines().next()?)
}

fn place() -> PathBuf {
    Path::new(RUN).join("transaction")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_known_until_another_transaction_begins() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        assert!(!is_under_way(&root) && paths(&root).is_empty());
        begin(&root, "/usr/lib/modules/6.1/vmlinuz\n/usr/src/a\n", Owner::of_caller());
        begin(&root, "/usr/lib/modules/6.2/vmlinuz\n", Owner::of_caller());
        assert!(is_under_way(&root));
        assert_eq!(paths(&root), "/usr/lib/modules/6.1/vmlinuz\n/usr/lib/modules/6.2/vmlinuz\n");
        begin(&root, "/usr/lib/modules/6.3/vmlinuz\n", Owner::parse("1 1"));
        assert!(!is_under_way(&root) && paths(&root).is_empty(), "another process of that number");
    }
}
