//! The public interface of the crate: state, tables and run directories.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod directories;
mod job;
mod samples;
mod state;
mod tables;
