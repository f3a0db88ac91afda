//! One object of a module: what it says of itself, its signature, its compression.

pub mod info;
pub mod signature;
