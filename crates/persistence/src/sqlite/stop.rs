//! Interrupts statements that continue after the process was asked to stop.
//!
//! A view or trigger of another program may never end. After a signal, a running statement gets some more time; then it
//! is interrupted, and its transaction is rolled back.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// The number of SQLite's virtual machine steps between two checks; they take less than a millisecond.
const STEPS: i32 = 10_000;

/// When the process was asked to stop.
static STOPPED: OnceLock<Instant> = OnceLock::new();

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reader,
    Writer,
}

impl Role {
    /// The remaining time of a statement: a write should be able to finish.
    const fn grace(self) -> Duration {
        match self {
            Self::Reader => Duration::from_millis(500),
            Self::Writer => Duration::from_secs(5),
        }
    }
}

/// Records that the process was asked to stop: long statements of all connections are interrupted from now on.
///
/// Readers have half a second left, writers five seconds.
pub fn stop_statements() {
    STOPPED.get_or_init(Instant::now);
}

/// Makes the connection interrupt its statement after the remaining time.
pub(super) fn obey(connection: &mut Connection, role: Role) -> rusqlite::Result<()> {
    let is_over = move || STOPPED.get().is_some_and(|moment| moment.elapsed() > role.grace());
    connection.progress_handler(STEPS, Some(is_over))
}
