//! `cds`, the command.
fn main() {}
