//! Tests of the crate on its public face, with a store that is no SQLite file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod memory;
mod reuse;
mod snapshot;
mod support;
