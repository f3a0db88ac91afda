//! What is true under the root: reads only, writes nothing, decides nothing.

pub mod at_boot;
pub mod attempts;
pub mod boot;
pub mod command_line;
pub mod compiler;
pub mod condition;
pub mod conf;
pub mod elf_machine;
mod examination;
pub mod fingerprint;
pub mod firmware;
pub mod fit;
mod force_lists;
pub(crate) mod fragments;
pub mod gather;
pub mod holding;
pub mod ignored;
pub mod image;
pub mod index;
pub mod kernel;
pub mod kernels;
pub mod modprobe_conf;
pub mod own_signers;
pub mod package;
mod provided;
pub mod retiring;
pub(crate) mod search_order;
mod survey;
pub mod tree;
pub mod weak;

pub use force_lists::ForceList;
pub(crate) use holding::BY_THE_ORIGINAL;
pub use survey::{Candidate, Configuration, Examined, Facts, Registration, State, TargetFacts, Wishes};
