//! Pairs become groups of members, with ids, lines, totals and the groups that cover others.

pub(crate) mod common;
pub(crate) mod fold;
pub(crate) mod graph;
pub(crate) mod groups;
pub(crate) mod locate;
pub(crate) mod node;
pub(crate) mod totals;

pub use locate::file_lines;
