//! Facts about code in languages where braces make blocks.

pub(super) mod container;
pub(super) mod function;
mod lines;
