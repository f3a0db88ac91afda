//! What is true under the root: reads only, writes nothing, decides nothing.

pub mod kernel;
mod survey;

pub use survey::{Configuration, Examined, Facts, Registration, State, TargetFacts};
