//! Ends statements that go on after the process was asked to stop.
//!
//! A view or a trigger of somebody else may never end. A signal asks the work to stop; what a statement has not done some
//! time after that is given up, and its transaction is rolled back.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use rusqlite::Connection;

/// So many steps of `SQLite`'s machine lie between two looks, which is less than a millisecond.
const STEPS: i32 = 10_000;

/// When the process was asked to stop.
static STOPPED: OnceLock<Instant> = OnceLock::new();

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reader,
    Writer,
}

impl Role {
    /// How long a statement may still take: what is being written should come to its end.
    const fn grace(self) -> Duration {
        match self {
            Self::Reader => Duration::from_millis(500),
            Self::Writer => Duration::from_secs(5),
        }
    }
}

/// The process was asked to stop: statements that take long from now on are given up, on each connection.
///
/// Those that only read have half a second left, those of writers five.
pub fn stop_statements() {
    STOPPED.get_or_init(Instant::now);
}

/// Has the connection give up its statement when its time is over.
pub(super) fn obey(connection: &mut Connection, role: Role) -> rusqlite::Result<()> {
    let is_over = move || STOPPED.get().is_some_and(|moment| moment.elapsed() > role.grace());
    connection.progress_handler(STEPS, Some(is_over))
}
