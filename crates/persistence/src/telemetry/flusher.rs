//! A thread that writes what a buffer has taken, and ends within a limit whatever the sink does.

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

/// So long before the end no more batch is begun, so that the one in hand has time to be written and counted; less
/// where the limit itself is short.
const RESERVE: Duration = Duration::from_millis(500);

/// Longer limits are as good as this one.
const LONGEST_LIMIT: Duration = Duration::from_secs(3_600);

/// Between two looks whether everything is written.
const FLUSH_LOOK: Duration = Duration::from_millis(1);

/// Between two tries at the end.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// A shorter interval would keep a core busy.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// Writes what a buffer takes, in the background.
#[derive(Debug)]
pub struct TelemetryFlusher {
    buffer: Arc<TelemetryBuffer>,
    shared: Arc<Shared>,
    /// Tells the end of the thread by being closed.
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// What a flusher leaves behind.
#[derive(Debug)]
#[must_use]
pub struct FlushOutcome {
    /// What became of the entries; `recorded` is `written` and `dropped` together.
    pub counts: TelemetryCounts,
    /// What the sink said when it last refused a batch, even if that was written later.
    pub last_error: Option<Error>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Once it is there, the thread begins no batch behind this moment.
    stop_at: OnceLock<Instant>,
    last_error: Mutex<Option<Error>>,
}

impl TelemetryFlusher {
    /// Writes what is pending every `interval`, and as soon as there is a batch.
    ///
    /// A batch that the sink refuses is tried again each time. Where the system gives no thread, everything is dropped
    /// at the end.
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

    /// Has the thread write what is pending, and waits for that up to `limit`; whether everything was written.
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

    /// Writes what is pending, gives up what is still pending after `limit`, and closes the buffer.
    ///
    /// This returns within `limit`, whatever the sink does, and sooner when everything is written or the sink refuses
    /// for another reason than a lock. The thread of a sink that does not come back is left to itself; should it still
    /// write the batch that it has in its hands, those entries count as dropped all the same.
    pub fn finish(mut self, limit: Duration) -> FlushOutcome {
        let limit = limit.min(LONGEST_LIMIT);
        self.shared.stop(Instant::now() + limit.saturating_sub(RESERVE.min(limit / 4)));
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if self.ended.recv_timeout(limit) != Err(mpsc::RecvTimeoutError::Timeout) {
                // It has closed its sink; a panic in there has cost what was pending, and no more.
                drop(thread.join());
            }
        }
        self.buffer.drop_pending();
        FlushOutcome { counts: self.buffer.counts(), last_error: self.shared.take_error() }
    }
}

impl Drop for TelemetryFlusher {
    /// Has the thread write what is pending, and end; waits for nothing.
    fn drop(&mut self) {
        self.shared.stop(Instant::now() + RESERVE);
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Shared {
    /// The first moment that is named counts.
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
        // Whoever unparked it meanwhile, it goes on at once.
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

/// Writes what is pending until the moment to stop; waits for a lock, and for nothing else.
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

/// Writes what is pending, one batch after the other, for as long as `may_go_on`.
fn flush_until(
    buffer: &TelemetryBuffer,
    sink: &mut impl TelemetrySink,
    may_go_on: impl Fn() -> bool,
) -> Result<(), Error> {
    while may_go_on() && buffer.flush(sink, BATCH_SIZE)? == BATCH_SIZE {}
    Ok(())
}
