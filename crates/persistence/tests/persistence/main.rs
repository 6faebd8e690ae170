//! The crate from outside: what is written, what is refused, and what is left when something goes wrong.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod locks;
mod other_implementation;
mod refusals;
mod rollback;
mod round_trip;
mod samples;
mod schema_page;
