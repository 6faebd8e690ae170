//! The public interface of the one-writer lock: taking, refusing, reading and losing it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod contenders;
mod files;
mod processes;
mod samples;
mod watching;
