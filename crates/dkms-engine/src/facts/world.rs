//! The machine as a conf may see it while it is evaluated: files below the root, and what programs would print.

use std::path::Path;

use dkms_conf::{FileKind, World};

use crate::root::{Kind, Root};
use crate::setup::Setup;

/// Larger files are not read for a conf; the largest that confs read is a kernel configuration.
const MAX_READ_BYTES: u64 = 8 << 20;

/// Answers from a root.
#[derive(Debug)]
pub(crate) struct RootWorld<'a> {
    setup: &'a Setup,
    processors: usize,
}

impl<'a> RootWorld<'a> {
    pub(crate) fn new(setup: &'a Setup, processors: usize) -> Self {
        Self { setup, processors }
    }

    /// Whether somebody who is nobody in particular has this permission (4 to read, 1 to execute or enter).
    fn others_may(&self, path: &Path, permission: u32) -> bool {
        let root = &self.setup.root;
        let Some(real) = root.canonical(path) else { return false };
        let allowed = |path: &Path, permission| root.meta(path).is_some_and(|meta| meta.mode & permission != 0);
        // The root directory of an image that is being made is often closed; in the image it will not be.
        let mut parents = real.ancestors().skip(1).filter(|parent| parent.parent().is_some());
        allowed(&real, permission) && parents.all(|parent| allowed(parent, 1))
    }

    fn root(&self) -> &Root {
        &self.setup.root
    }
}

impl World for RootWorld<'_> {
    fn kind(&self, path: &str) -> Option<FileKind> {
        Some(match self.root().meta(Path::new(path))?.kind {
            Kind::File => FileKind::File,
            Kind::Directory => FileKind::Directory,
            Kind::Link | Kind::Other => FileKind::Other,
        })
    }

    fn is_symlink(&self, path: &str) -> bool {
        self.root().is_link(Path::new(path))
    }

    fn is_readable(&self, path: &str) -> bool {
        self.others_may(Path::new(path), 4)
    }

    fn is_executable(&self, path: &str) -> bool {
        self.others_may(Path::new(path), 1)
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.is_readable(path).then(|| self.root().read_bounded(Path::new(path), MAX_READ_BYTES).ok())?
    }

    fn cpu_count(&self) -> usize {
        self.processors
    }

    fn kernel_release(&self) -> String {
        self.setup.machine.release.clone()
    }

    fn machine(&self) -> String {
        self.setup.machine.arch.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_only_root_may_read_is_not_there_for_a_conf() {
        let (_directory, setup) = testing::setup();
        let world = RootWorld::new(&setup, 3);
        testing::write(&setup, "/etc/open", "text");
        testing::write(&setup, "/etc/secret", "text");
        setup.root.set_mode(Path::new("/etc/secret"), 0o600).unwrap();
        assert_eq!(world.read("/etc/open").as_deref(), Some(&b"text"[..]));
        assert_eq!((world.read("/etc/secret"), world.kind("/etc/secret")), (None, Some(FileKind::File)));
        assert!(world.is_executable("/etc") && !world.is_executable("/etc/open"));
        setup.root.set_mode(Path::new("/etc"), 0o700).unwrap();
        assert!(!world.is_readable("/etc/open"));
        assert_eq!(world.kind("/nowhere"), None);
    }
}
