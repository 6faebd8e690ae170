//! The public face of the crate: the state of the work, tables, and directories of runs.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod directories;
mod job;
mod samples;
mod state;
mod tables;
