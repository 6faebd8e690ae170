//! Whose turn it is to write, among the threads of this process.
//!
//! The thread of the telemetry has a connection of its own. Were it in the middle of a transaction, another one of this
//! process would find the database locked, as if by a stranger, and fail where it is not to wait for strangers.

use std::{
    sync::{Arc, Mutex, PoisonError, TryLockError},
    thread,
    time::{Duration, Instant},
};

use cds_model::TelemetryEntry;
use cds_persistence::{Error, SqliteTelemetry, TelemetrySink};

use super::Answered;
use crate::Process;

/// Between two signs of life.
const BEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Between two looks whether the turn is free.
const PAUSE: Duration = Duration::from_millis(5);

/// The right to write, which one thread of this process has at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turn(Arc<Mutex<()>>);

impl Turn {
    /// Waits for the turn and has it while `write` runs.
    pub(crate) fn take<T>(&self, write: impl FnOnce() -> T) -> T {
        // A thread that panicked has left nothing half-done behind: its transaction is rolled back.
        let _turn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write()
    }

    /// The same, and nothing where the turn does not come within `limit`.
    pub(crate) fn take_within<T>(&self, limit: Duration, write: impl FnOnce() -> T) -> Option<T> {
        let started = Instant::now();
        loop {
            match self.0.try_lock() {
                Err(TryLockError::WouldBlock) if started.elapsed() >= limit => return None,
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Ok(_turn) => return Some(write()),
                Err(TryLockError::Poisoned(_)) => return Some(self.take(write)),
            }
        }
    }

    /// The same sink, which waits for its turn, and gives a sign of life now and then.
    pub(super) fn of(
        &self,
        sink: SqliteTelemetry,
        answered: Arc<Answered>,
        process: Process,
    ) -> impl TelemetrySink + use<> {
        Waiting { sink, turn: self.clone(), answered, process, last_beat: Instant::now() }
    }
}

struct Waiting {
    sink: SqliteTelemetry,
    turn: Turn,
    answered: Arc<Answered>,
    process: Process,
    last_beat: Instant,
}

impl TelemetrySink for Waiting {
    fn write(&mut self, entries: &[TelemetryEntry]) -> Result<(), Error> {
        let sink = &mut self.sink;
        self.turn.take(|| sink.write(entries))
    }

    /// A thread that has the turn is alive and is not waited for; a sign that cannot be written is followed by another one.
    fn pause(&mut self) {
        if self.last_beat.elapsed() < BEAT_INTERVAL {
            return;
        }
        let (sink, beat) = (&mut self.sink, self.answered.beat(self.process.now()));
        if self.turn.take_within(Duration::ZERO, || sink.beat(&beat)).is_some() {
            self.last_beat = Instant::now();
        }
    }
}
