//! Removal that waits for a successor.
//!
//! During an upgrade the old package asks for the removal of its module before the new package is even unpacked. Carried
//! out at once, a successor that does not build would leave nothing. So the version is noted, and its source, which the
//! package is about to delete, is kept in the tree: the shape of an import without source, which the original knows too.

use super::asker::Asker;
use super::tree_copy::keep_tree;
use crate::error::Error;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::system::staged::Staged;
use crate::target::ModuleId;

/// Who said that a module version is to go, and will see to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish<'a> {
    /// A package that is replaced by another version of itself, or nobody that is known.
    Upgrade,
    /// The transaction of a process: its end sees to it.
    Transaction(Asker),
    /// A package of this name that is removed: it is to go unless another package registers it again.
    Removal(&'a str),
}

/// What stands before the name of a package that is removed.
const PACKAGE: &str = "package ";

/// Notes that a module version is to go as soon as another one is in its place, or at the end of a transaction.
///
/// # Errors
/// `Io`.
pub fn retire(setup: &Setup, guard: &Guard, module: &ModuleId, wish: Wish<'_>) -> Result<(), Error> {
    let (root, layout) = (&setup.root, &setup.layout);
    // The note first: a kept source without it would count as broken.
    let text = match wish {
        Wish::Upgrade => String::new(),
        Wish::Transaction(asker) => format!("{asker}\n"),
        Wish::Removal(package) => format!("{PACKAGE}{package}\n"),
    };
    Staged::file(root, &layout.retiring(module), text.as_bytes(), 0o644)?.publish(guard)?;
    let link = layout.source_link(module);
    if root.is_link(&link) && root.is_dir(&link) {
        keep_tree(root, &layout.source_tree(module), &link, guard)?;
    }
    Ok(())
}

/// The package whose removal took a version that is noted with it.
pub fn removed_with(setup: &Setup, module: &ModuleId) -> Option<String> {
    let note = setup.root.read_bounded(&setup.layout.retiring(module), 4096).ok()?;
    Some(std::str::from_utf8(&note).ok()?.strip_prefix(PACKAGE)?.trim_end().to_owned())
}

/// Whether the transaction that we are called from has noted that this version is to go: then its end sees to it.
pub fn is_for_the_end(setup: &Setup, module: &ModuleId) -> bool {
    let note = setup.root.read_bounded(&setup.layout.retiring(module), 4096).unwrap_or_default();
    std::str::from_utf8(&note).ok().and_then(Asker::parse).is_some_and(|asker| asker.is_above_us())
}

/// Withdraws the note: the version is here to stay, or is gone.
///
/// # Errors
/// `Io`.
pub fn reinstate(setup: &Setup, _guard: &Guard, module: &ModuleId) -> Result<(), Error> {
    let note = setup.layout.retiring(module);
    if setup.root.link_meta(&note).is_some() {
        setup.root.remove_file(&note)?;
        setup.root.remove_empty_parents(&note, &setup.layout.state());
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
        setup.root.create_dir_all(Path::new("/var/lib/dkms/m/1")).unwrap();
        setup.root.symlink(Path::new("/usr/src/m-1"), Path::new("/var/lib/dkms/m/1/source")).unwrap();
        retire(&setup, &guard, &module, Wish::Upgrade).unwrap();
        assert!(!is_for_the_end(&setup, &module));
        retire(&setup, &guard, &module, Wish::Transaction(super::super::asker().unwrap())).unwrap();
        assert!(is_for_the_end(&setup, &module));
        assert_eq!(removed_with(&setup, &module), None);
        retire(&setup, &guard, &module, Wish::Removal("m-dkms")).unwrap();
        assert_eq!(removed_with(&setup, &module).as_deref(), Some("m-dkms"));
        assert!(!is_for_the_end(&setup, &module));
        assert!(retiring(&setup).unwrap().contains(&module));
        setup.root.remove_tree(Path::new("/usr/src/m-1")).unwrap();
        assert_eq!(registration(&setup, &module), Some(Registration::BinariesOnly));
        assert_eq!(setup.root.read_to_string(Path::new("/var/lib/dkms/m/1/source/sub/m.c")).unwrap(), "x");
        reinstate(&setup, &guard, &module).unwrap();
        assert!(retiring(&setup).unwrap().is_empty());
    }
}
