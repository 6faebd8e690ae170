//! Pairs of definitions that resemble each other, one file a channel, and what makes looking for them fast.

pub(crate) mod bounds;
pub(crate) mod candidates;
pub(crate) mod fragment;
pub(crate) mod intent;
pub(crate) mod join;
pub(crate) mod lcs;
pub(crate) mod near;
pub(crate) mod ratio;

#[cfg(test)]
mod join_tests;

pub use fragment::{SharedRun, shared_runs};
