//! What the operating system is to everybody above: paths, children, locks, staging, signals. It knows nothing of modules,
//! settings or facts.

pub mod cancel;
pub mod environment;
pub mod lock;
pub mod root;
pub mod signals;
pub mod staged;
pub mod tool;
pub mod tree_copy;
