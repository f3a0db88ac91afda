//! The machine as a conf may see it while it is evaluated: files below the root, and what programs would print.

use std::path::{Path, PathBuf};

use dkms_conf::{FileKind, World};

use crate::setup::Setup;
use crate::system::root::{Kind, Root};

/// Larger files are not read for a conf; the largest that confs read is a kernel configuration.
const MAX_READ_BYTES: u64 = 8 << 20;

/// Answers from a root.
#[derive(Debug)]
pub(crate) struct RootWorld<'a> {
    setup: &'a Setup,
    processors: usize,
    /// The directory of the module's source, as the conf names it.
    directory: String,
    /// The same without links.
    own: Option<PathBuf>,
}

impl<'a> RootWorld<'a> {
    pub(crate) fn new(setup: &'a Setup, processors: usize, directory: &Path) -> Self {
        let own = setup.root.canonical(directory);
        Self { setup, processors, directory: directory.display().to_string(), own }
    }

    /// Files and directories of the module's own source are there for it, whatever umask they were unpacked under and
    /// however private the directory above is. A link in it that leads elsewhere leads to what is elsewhere.
    fn is_own(&self, path: &Path) -> bool {
        let real = self.root().canonical(path);
        let inside = matches!((&self.own, &real), (Some(own), Some(real)) if real.starts_with(own));
        // An open that only looks: what is neither of the two may do something when it is opened.
        inside && (self.root().is_file(path) || self.root().is_dir(path)) && self.root().open_file(path).is_ok()
    }

    /// Whether a user who owns nothing has this permission (4 to read, 1 to execute or enter).
    fn others_may(&self, path: &Path, permission: u32) -> bool {
        let root = &self.setup.root;
        root.canonical(path).is_some_and(|real| barrier(root, &real, permission).is_none())
    }

    fn root(&self) -> &Root {
        &self.setup.root
    }
}

/// The first part of a path without links that keeps a user who owns nothing from reading what is there,
/// seen from above.
pub(crate) fn closed(root: &Root, real: &Path) -> Option<PathBuf> {
    barrier(root, real, if root.is_dir(real) { 5 } else { 4 })
}

/// The same for any permissions.
fn barrier(root: &Root, real: &Path, permission: u32) -> Option<PathBuf> {
    let allows = |path: &Path, wanted| root.meta(path).is_some_and(|meta| meta.mode & wanted == wanted);
    // The root directory of an image that is being made is often closed; in the image it will not be.
    let above: Vec<&Path> = real.ancestors().filter(|path| path.parent().is_some()).collect();
    let is_closed = |path: &&&Path| !allows(path, if **path == real { permission } else { 1 });
    above.iter().rev().find(is_closed).map(|path| path.to_path_buf())
}

impl World for RootWorld<'_> {
    fn directory(&self) -> &str {
        &self.directory
    }

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
        self.others_may(Path::new(path), 4) || self.is_own(Path::new(path))
    }

    fn is_executable(&self, path: &str) -> bool {
        let path = Path::new(path);
        let has_permission = || self.root().meta(path).is_some_and(|meta| meta.mode & 0o111 != 0);
        self.others_may(path, 1) || (self.is_own(path) && has_permission())
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
        let world = RootWorld::new(&setup, 3, Path::new("/src"));
        testing::write(&setup, "/etc/open", "text");
        testing::write(&setup, "/etc/secret", "text");
        setup.root.writable().set_mode(Path::new("/etc/secret"), 0o600).unwrap();
        assert_eq!(world.read("/etc/open").as_deref(), Some(&b"text"[..]));
        assert_eq!((world.read("/etc/secret"), world.kind("/etc/secret")), (None, Some(FileKind::File)));
        assert!(world.is_executable("/etc") && !world.is_executable("/etc/open"));
        setup.root.writable().set_mode(Path::new("/etc"), 0o700).unwrap();
        assert!(!world.is_readable("/etc/open"));
        assert_eq!(world.kind("/nowhere"), None);
    }

    #[test]
    fn its_own_source_is_there_for_a_conf_and_nothing_that_links_in_it_lead_to() {
        let (_directory, setup) = testing::setup();
        testing::write(&setup, "/home/dev/m/VERSION", "1");
        testing::write(&setup, "/home/dev/m/run.sh", "");
        testing::write(&setup, "/home/dev/secret", "text");
        testing::write(&setup, "/etc/shadow", "text");
        let set_mode = |path: &str, mode| setup.root.writable().set_mode(Path::new(path), mode).unwrap();
        set_mode("/etc/shadow", 0o600);
        set_mode("/home/dev/m/VERSION", 0o600);
        set_mode("/home/dev/m/run.sh", 0o700);
        set_mode("/home/dev/m", 0o700);
        set_mode("/home/dev", 0o700);
        let link = |to: &str, name: &str| {
            setup.root.writable().symlink(Path::new(to), &Path::new("/home/dev/m").join(name)).unwrap()
        };
        link("VERSION", "inside");
        link("/etc/shadow", "outside");
        link("../secret", "beside");
        let world = RootWorld::new(&setup, 1, Path::new("/home/dev/m"));
        for path in ["/home/dev/m/VERSION", "/home/dev/m/inside"] {
            assert_eq!(world.read(path).as_deref(), Some(&b"1"[..]), "{path}");
        }
        assert!(world.is_executable("/home/dev/m/run.sh") && !world.is_executable("/home/dev/m/VERSION"));
        for path in ["/home/dev/m/outside", "/home/dev/m/beside", "/home/dev/secret", "/home/dev/m/../secret"] {
            assert!(!world.is_readable(path) && world.read(path).is_none(), "{path}");
        }
    }
}
