//! What is true under the root: reads only, writes nothing, decides nothing.

pub mod compiler;
pub mod condition;
pub mod conf;
pub mod distribution;
pub mod fingerprint;
pub mod fit;
pub mod framework;
pub mod gather;
pub mod holding;
pub mod ignored;
pub mod interface;
pub mod kernel;
pub mod kernels;
pub mod lending;
pub mod loans;
pub mod machine;
pub mod module_info;
mod owner;
pub mod package;
mod provided;
pub mod retiring;
pub mod secure_boot;
pub mod signature;
mod survey;
pub mod tree;
pub(crate) mod world;

pub use survey::{Configuration, Examined, Facts, Lender, Registration, State, TargetFacts};
