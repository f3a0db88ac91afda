//! What a transaction of rpm takes away: reported before anything changes, and needed when everything has.
//!
//! Scripts in between cannot know whether what goes comes back: a package that is installed again goes, too. The end sees
//! it on the disk. What was reported is kept under the process that runs the transaction, and holds for it alone.

use super::kept;
use super::owner::Owner;
use super::touched::Place;
use crate::setup::Setup;
use crate::system::root::Root;

/// The name under which it is kept.
const NAME: &str = "transaction";

/// Keeps the paths that are about to go.
pub fn begin(setup: &Setup, paths: &str, owner: Option<Owner>) {
    let Some(owner) = owner else { return };
    let kept = text(&setup.root).filter(|text| owner_of(text) == Some(owner)).unwrap_or_else(|| format!("{owner}\n"));
    // Of kernels one path is enough, and headers are tens of thousands.
    let is_of_kernel = |path: &&str| Place::of(&setup.layout, path).and_then(Place::kernel_itself).is_some();
    let of_kernels = paths.lines().filter(is_of_kernel);
    let text: String = std::iter::once(kept).chain(of_kernels.map(|path| format!("{path}\n"))).collect();
    kept::replace(&setup.root, NAME, &text);
}

/// Whether we are called from the transaction that reported what goes.
pub fn is_under_way(root: &Root) -> bool {
    text(root).as_deref().and_then(owner_of).is_some_and(|owner| owner.is_above_us())
}

/// The paths of kernels that it reported.
pub fn paths(root: &Root) -> String {
    let text = text(root).filter(|text| owner_of(text).is_some_and(|owner| owner.is_above_us()));
    text.and_then(|text| text.split_once('\n').map(|(_, paths)| paths.to_owned())).unwrap_or_default()
}

fn text(root: &Root) -> Option<String> {
    kept::read(root, NAME)
}

fn owner_of(text: &str) -> Option<Owner> {
    Owner::parse(text.lines().next()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_goes_is_known_until_another_transaction_begins() {
        let (_directory, setup) = testing::setup();
        let root = &setup.root;
        assert!(!is_under_way(root) && paths(root).is_empty());
        begin(&setup, "/usr/lib/modules/6.1/vmlinuz\n/usr/src/a\n", Owner::of_caller());
        begin(&setup, "/usr/lib/modules/6.2/vmlinuz\n", Owner::of_caller());
        assert!(is_under_way(root));
        assert_eq!(paths(root), "/usr/lib/modules/6.1/vmlinuz\n/usr/lib/modules/6.2/vmlinuz\n");
        begin(&setup, "/usr/lib/modules/6.3/vmlinuz\n", Owner::parse("1 1"));
        assert!(!is_under_way(root) && paths(root).is_empty(), "another process of that number");
    }
}
