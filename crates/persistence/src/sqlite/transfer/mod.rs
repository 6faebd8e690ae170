//! Runs on their way out of a database and into one.

mod import;
mod log;
mod read;
mod row;

pub use self::read::DatabaseRun;
