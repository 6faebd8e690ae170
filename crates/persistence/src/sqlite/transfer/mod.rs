//! Runs on their way out of a database and into one.

mod import;
mod log;
mod read;

pub use self::read::DatabaseRun;
