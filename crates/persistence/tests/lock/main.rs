//! The one-writer lock, from outside: who gets it, who is refused, what is told, and what is noticed.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod contenders;
mod files;
mod processes;
mod samples;
mod watching;
