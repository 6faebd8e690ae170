//! Keeps the snapshots of runs: the contract of a persistence, and its implementation on `SQLite`.
//!
//! Every SQL statement of the project is here, one file a table. A snapshot is written whole or not at all. This crate
//! reads no clock and no environment, prints nothing, and never opens a database through a URI.

mod contract;
mod error;
mod sqlite;
mod step;
mod table;

pub use contract::{Persistence, RunId, SavedRun};
pub use error::{Cause, Error};
pub use sqlite::{FORMAT_VERSION, Mismatch, OpenOptions, SqlitePersistence};
pub use step::Step;
