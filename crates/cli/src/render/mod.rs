//! What the user sees: tables, JSON, `key=value` lines and messages.

pub(crate) mod account;
pub(crate) mod columns;
pub(crate) mod fields;
pub(crate) mod grid;
pub(crate) mod json;
pub(crate) mod left_out;
pub(crate) mod local_time;
pub(crate) mod messages;
pub(crate) mod numbers;
pub(crate) mod runner;
pub(crate) mod safe_json;
pub(crate) mod screen;
pub(crate) mod secrets;
pub(crate) mod sections;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod text;
mod time_zone;
pub(crate) mod usage;
