//! Modules that a kernel has from another one: Red Hat's weak modules.

pub mod candidates;
pub mod links;
pub mod symbol_versions;
