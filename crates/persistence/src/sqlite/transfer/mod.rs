//! Export and import of runs.

mod import;
mod log;
mod read;
mod row;

pub use self::read::DatabaseRun;
