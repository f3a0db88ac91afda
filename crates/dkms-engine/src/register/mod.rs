//! Which module versions the tree knows: adding, importing, forgetting.
//!
//! A registration is the link `source` in `T/M/V`; making or removing that link is the step that counts, everything
//! else can be there or not. Nothing is built or installed here, and nothing is deleted that the layout of the tree does
//! not name.

mod add;
mod import;
mod remove;
mod retire;
mod source_tree;

pub use add::{Added, add, register_binaries};
pub use import::{Imported, import};
pub use remove::{deregister, link_failed_log, unbuild};
pub use retire::{reinstate, retire};

#[cfg(test)]
mod tests;
