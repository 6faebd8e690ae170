//! A thread that writes the entries of a buffer, and ends within a time limit whatever the sink does.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use cds_model::TelemetryCounts;

use super::{BATCH_SIZE, TelemetryBuffer, TelemetrySink};
use crate::Error;

/// No batch begins within this time before the limit, so that the current one can be written and counted. It is shorter
/// if the limit is short.
const RESERVE: Duration = Duration::from_millis(500);

/// The maximum of the limit, so that adding it to a time cannot overflow.
const LONGEST_LIMIT: Duration = Duration::from_secs(3_600);

/// The pause between checks whether everything is written.
const FLUSH_LOOK: Duration = Duration::from_millis(1);

/// The pause between retries at the end.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// The minimum interval; a shorter one would keep a core busy.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// Writes the entries of a buffer in the background.
#[derive(Debug)]
pub struct TelemetryFlusher {
    buffer: Arc<TelemetryBuffer>,
    shared: Arc<Shared>,
    /// Closed when the thread ends.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// The result of a flusher.
#[derive(Debug)]
#[must_use]
pub struct FlushOutcome {
    /// The counts of entries; `recorded` is `written` plus `dropped`.
    pub counts: TelemetryCounts,
    /// The last error of the sink, even if that batch was written later.
    pub last_error: Option<Error>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Once set, the thread begins no batch after this moment.
    stop_at: OnceLock<Instant>,
    last_error: Mutex<Option<Error>>,
}

impl TelemetryFlusher {
    /// Writes pending entries every `interval`, and whenever a batch is full.
    ///
    /// A refused batch is retried each time. If no thread can be started, all entries are dropped at the end.
    pub fn start(buffer: Arc<TelemetryBuffer>, sink: impl TelemetrySink + 'static, interval: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let (end, ended) = mpsc::channel();
        let flushing = {
            let (buffer, shared) = (Arc::clone(&buffer), Arc::clone(&shared));
            move || {
                run(&buffer, &shared, sink, interval.max(SHORTEST_INTERVAL));
                drop(end);
            }
        };
        let thread = thread::Builder::new().name("telemetry".to_owned()).spawn(flushing).ok();
        if let Some(thread) = &thread {
            buffer.wake(thread.thread().clone());
        }
        Self { buffer, shared, ended, thread }
    }

    /// Makes the thread write pending entries, and waits for up to `limit`; returns whether all were written.
    pub fn flush_within(&self, limit: Duration) -> bool {
        let started = Instant::now();
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        while self.buffer.pending_count() > 0 {
            if started.elapsed() >= limit {
                return false;
            }
            thread::sleep(FLUSH_LOOK);
        }
        true
    }

    /// Writes pending entries, drops those still pending after `limit`, and closes the buffer.
    ///
    /// It returns within `limit` whatever the sink does, and sooner if everything is written or the sink refuses for a
    /// reason other than a lock. If the sink hangs, its thread is abandoned; its current batch counts as dropped, even
    /// if it is written later.
    pub fn finish(mut self, limit: Duration) -> FlushOutcome {
        let limit = limit.min(LONGEST_LIMIT);
        self.shared.stop(Instant::now() + limit.saturating_sub(RESERVE.min(limit / 4)));
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if self.ended.recv_timeout(limit) != Err(mpsc::RecvTimeoutError::Timeout) {
                // The thread has closed its sink. If the sink panicked, only pending entries are lost.
                drop(thread.join());
            }
        }
        self.buffer.drop_pending();
        FlushOutcome { counts: self.buffer.counts(), last_error: self.shared.take_error() }
    }
}

impl Drop for TelemetryFlusher {
    /// Makes the thread write pending entries and end; waits for nothing.
    fn drop(&mut self) {
        self.shared.stop(Instant::now() + RESERVE);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Shared {
    /// Only the first call has an effect.
    fn stop(&self, at: Instant) {
        self.stop_at.get_or_init(|| at);
    }

    fn keep_error(&self, error: Error) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    fn take_error(&self) -> Option<Error> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn run(buffer: &TelemetryBuffer, shared: &Shared, mut sink: impl TelemetrySink, interval: Duration) {
    while shared.stop_at.get().is_none() {
        // A spurious wake-up is harmless: it only writes earlier.
        thread::park_timeout(interval);
        if let Err(error) = flush_until(buffer, &mut sink, || shared.stop_at.get().is_none()) {
            shared.keep_error(error);
        }
        sink.pause();
    }
    finish(buffer, shared, &mut sink);
    drop(sink);
    buffer.drop_pending();
}

/// Writes pending entries until the moment to stop; retries only while the database is locked.
fn finish(buffer: &TelemetryBuffer, shared: &Shared, sink: &mut impl TelemetrySink) {
    let has_time = || shared.stop_at.get().is_none_or(|moment| Instant::now() < *moment);
    while has_time() && buffer.pending_count() > 0 {
        let Err(error) = flush_until(buffer, sink, has_time) else { continue };
        let is_worth_waiting = error.is_locked();
        shared.keep_error(error);
        if !is_worth_waiting {
            return;
        }
        thread::sleep(RETRY_PAUSE);
    }
}

/// Writes pending entries in batches while `may_go_on` returns true.
fn flush_until(
    buffer: &TelemetryBuffer,
    sink: &mut impl TelemetrySink,
    may_go_on: impl Fn() -> bool,
) -> Result<(), Error> {
    while may_go_on() && buffer.flush(sink, BATCH_SIZE)? == BATCH_SIZE {}
    Ok(())
}
