//! The public interface of the crate: what is written, what is refused, and what a failure leaves behind.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod accepted;
mod accounts;
mod answers;
mod code;
mod compact;
mod history;
mod known;
mod locks;
mod other_implementation;
mod prune;
mod pruning;
mod reader;
mod reader_files;
mod refusals;
mod rollback;
mod round_trip;
mod runs;
mod samples;
mod schema_page;
mod states;
mod telemetry;
mod transfer;
mod units;
mod verify;
