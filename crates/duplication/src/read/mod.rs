//! Definitions as the search reads them: tokens, words, links between lines, layout, and what stands in what.

pub(crate) mod alphabet;
pub(crate) mod hash;
pub(crate) mod layout;
pub(crate) mod lines;
pub(crate) mod nesting;
pub(crate) mod outside;
pub(crate) mod shape;
pub(crate) mod unit;
