//! Who said that a module version is to go, beside the note that it is.

use super::owner::Owner;
use crate::error::Error;
use crate::register;
use crate::setup::Setup;
use crate::system::lock::Guard;
use crate::target::ModuleId;

/// Who said that a module version is to go, and will see to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish<'a> {
    /// A package that is replaced by another version of itself, or none that is known.
    Upgrade,
    /// The transaction of a process: its end sees to it.
    Transaction(Owner),
    /// A package of this name that is removed: it is to go unless another package registers it again.
    Removal(&'a str),
}

/// What stands before the name of a package that is removed.
const PACKAGE: &str = "package ";

/// Notes that a module version is to go as soon as another one is in its place, or at the end of a transaction.
///
/// # Errors
/// `Io`.
pub(crate) fn retire(setup: &Setup, guard: &Guard, module: &ModuleId, wish: Wish<'_>) -> Result<(), Error> {
    let text = match wish {
        Wish::Upgrade => String::new(),
        Wish::Transaction(owner) => format!("{owner}\n"),
        Wish::Removal(package) => format!("{PACKAGE}{package}\n"),
    };
    register::retire(setup, guard, module, &text)
}

/// The package whose removal took a version that is noted with it.
pub(crate) fn removed_with(setup: &Setup, module: &ModuleId) -> Option<String> {
    Some(note(setup, module).strip_prefix(PACKAGE)?.trim_end().to_owned())
}

/// Whether the transaction that we are called from has noted that this version is to go: then its end sees to it.
pub(super) fn is_for_the_end(setup: &Setup, module: &ModuleId) -> bool {
    Owner::parse(&note(setup, module)).is_some_and(|owner| owner.is_above_us())
}

fn note(setup: &Setup, module: &ModuleId) -> String {
    let note = setup.root.read_bounded(&setup.layout.retiring(module), 4096).unwrap_or_default();
    String::from_utf8(note).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_note_says_who_wants_a_version_to_go() {
        let (_directory, setup) = testing::setup();
        let guard = Guard::acquire(&setup.root, &setup.layout.lock(), &mut |_| {}).unwrap();
        let module = ModuleId::new("m", "1").unwrap();
        retire(&setup, &guard, &module, Wish::Upgrade).unwrap();
        assert!(!is_for_the_end(&setup, &module));
        retire(&setup, &guard, &module, Wish::Transaction(Owner::of_caller().unwrap())).unwrap();
        assert!(is_for_the_end(&setup, &module));
        assert_eq!(removed_with(&setup, &module), None);
        retire(&setup, &guard, &module, Wish::Removal("m-dkms")).unwrap();
        assert_eq!(removed_with(&setup, &module).as_deref(), Some("m-dkms"));
        assert!(!is_for_the_end(&setup, &module));
    }
}
