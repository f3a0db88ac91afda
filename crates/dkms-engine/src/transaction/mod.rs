//! The transaction of a package manager: whose it is, what it takes away and brings, and what waits for its end.
//!
//! Nothing is built or removed here. What one call of ours leaves for a later one of the same transaction is believed only
//! as long as that transaction is under way.

mod caller;
pub mod commit;
pub mod dpkg;
mod kept;
mod owner;
pub mod pending_removal;
mod retirement;
mod rpm_upgrade;
pub mod summary;
mod touched;
mod trigger;

pub use caller::{Caller, Goes, Removal, is_script};
pub use owner::Owner;
pub(crate) use retirement::{Wish, removed_with, retire};
pub use rpm_upgrade::note_upgrade;
pub(crate) use touched::conf_of;
pub use touched::{Place, Touched};
pub use trigger::request_end;

/// What only the package manager knows.
pub trait Packages {
    /// A package that is only half installed and without which nothing can be built for a kernel.
    fn unfinished(&self, release: &str) -> Option<String>;

    /// Whether a package is installed that was about to be removed.
    fn is_installed(&self, _package: &str) -> bool {
        false
    }

    /// Whether it has the initramfs of a kernel made after us anyway.
    fn remakes_initramfs(&self, _release: &str) -> bool {
        false
    }
}

/// A package manager that runs us when everything that a build needs is in place.
#[derive(Clone, Copy, Debug)]
pub struct Complete;

impl Packages for Complete {
    fn unfinished(&self, _release: &str) -> Option<String> {
        None
    }
}
