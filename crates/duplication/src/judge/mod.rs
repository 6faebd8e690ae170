//! Whether a pair has evidence, and whether it is certainly a copy.

pub(crate) mod doubt;
pub(crate) mod evidence;
pub(crate) mod namesakes;
pub mod rules;
