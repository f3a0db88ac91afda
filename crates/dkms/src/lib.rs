//! The `dkms` command: argv in, words and status out.
//!
//! ```text
//! command_line -> arguments, kernels -> session -> preconditions -> verbs -> exit
//!   clap            which verb, module     settings   rights, state    goal     number
//! ```
//!
//! Everything that happens to modules is the engine's; the verbs differ only in the goal that they hand to it and in
//! what they print. This is the only crate that knows clap and colour.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make what they look at"))]

pub mod arguments;
pub mod command_line;
mod conclusion;
pub mod exit;
mod goal;
mod help;
pub mod kernels;
pub mod logger;
pub mod output;
pub mod preconditions;
pub mod problem;
pub mod refusal;
mod registration;
mod run;
pub mod session;
mod subjects;
pub mod verb;
pub mod verbs;
mod watch;

pub use run::run;
