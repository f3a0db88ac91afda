//! What is true under the root: reads only, writes nothing, decides nothing.

pub mod kernel;
