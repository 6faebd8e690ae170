//! What the user sees: tables, JSON, `key=value` lines and messages.

pub(crate) mod account;
pub(crate) mod json;
pub(crate) mod left_out;
pub(crate) mod messages;
pub(crate) mod remedy;
pub(crate) mod table;
pub(crate) mod usage;
