//! The `dkms` program.
fn main() {}
