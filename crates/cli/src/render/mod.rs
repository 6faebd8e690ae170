//! What the user sees: tables, JSON, `key=value` lines and messages.

pub(crate) mod account;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod messages;
pub(crate) mod safe_json;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod usage;
