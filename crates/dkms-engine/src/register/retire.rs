//! Removal that waits for a successor.
//!
//! During an upgrade the old package asks for the removal of its module before the new package is even unpacked. Carried
//! out at once, a successor that does not build would leave nothing. So the version is noted, and its source, which the
//! package is about to delete, is kept in the tree: the shape of an import without source, which the original knows too.

use super::source_tree::keep_tree;
use crate::error::Error;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;
use crate::target::ModuleId;

/// Notes that a module version is to go as soon as another one is in its place, or at the end of a transaction. `reason`
/// says who wants that.
///
/// # Errors
/// `Io`.
pub fn retire(setup: &Setup, guard: &Guard, module: &ModuleId, reason: &str) -> Result<(), Error> {
    let (root, layout) = (guard.root(), &setup.layout);
    // The note first: a kept source without it would count as broken.
    Staged::file(root, &layout.retiring(module), reason.as_bytes(), 0o644)?.publish()?;
    let link = layout.source_link(module);
    if root.is_link(&link) && root.is_dir(&link) {
        keep_tree(root, &layout.source_tree(module), &link)?;
    }
    Ok(())
}

/// Withdraws the note: the version is here to stay, or is gone.
///
/// # Errors
/// `Io`.
pub fn reinstate(setup: &Setup, guard: &Guard, module: &ModuleId) -> Result<(), Error> {
    let note = setup.layout.retiring(module);
    if setup.root.link_meta(&note).is_some() {
        guard.root().remove_file(&note)?;
        guard.root().remove_empty_parents(&note, &setup.layout.state());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::facts::Registration;
    use crate::facts::retiring::retiring;
    use crate::facts::tree::registration;
    use crate::testing;

    #[test]
    fn a_version_that_retires_keeps_its_source_until_it_comes_back() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        let module = ModuleId::new("m", "1").unwrap();
        testing::write(&setup, "/usr/src/m-1/dkms.conf", "PACKAGE_NAME=m\n");
        testing::write(&setup, "/usr/src/m-1/sub/m.c", "x");
        setup.root.writable().create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        setup.root.writable().symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        retire(&setup, &guard, &module, "").unwrap();
        assert!(retiring(&setup).unwrap().contains(&module));
        setup.root.writable().remove_tree(Path::new("/usr/src/m-1")).unwrap();
        assert_eq!(registration(&setup, &module), Some(Registration::BinariesOnly));
        assert_eq!(setup.root.read_to_string(Path::new("/var/lib/dkms/m/1/source/sub/m.c")).unwrap(), "x");
        reinstate(&setup, &guard, &module).unwrap();
        assert!(retiring(&setup).unwrap().is_empty());
    }
}
