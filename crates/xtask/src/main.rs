//! Developer tasks: demo, test, bench, generated files.
fn main() {}
