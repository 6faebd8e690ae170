//! A bounded queue of telemetry, and what became of everything that was put into it.
//!
//! An entry is in the queue, in hand (taken from the queue for a batch), written or dropped. It moves from one to the
//! next under one lock, but for the way into the queue, which waits for nobody.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::Thread,
};

use cds_model::{TelemetryCounts, TelemetryEntry};
use crossbeam_queue::ArrayQueue;

use super::TelemetrySink;
use crate::Error;

/// How many entries a queue holds where nothing else is said.
pub const QUEUE_CAPACITY: usize = 10_000;

/// How many entries are written at once where nothing else is said.
pub const BATCH_SIZE: usize = 1_000;

const LARGEST_CAPACITY: usize = 1_000_000;

/// Takes telemetry without ever waiting, and counts what is lost.
///
/// When nothing is pending any more, `recorded` is `written` and `dropped` together; [`drop_pending`](Self::drop_pending)
/// brings that about.
#[derive(Debug)]
pub struct TelemetryBuffer {
    queue: ArrayQueue<TelemetryEntry>,
    recorded: AtomicU64,
    dropped: AtomicU64,
    is_closed: AtomicBool,
    /// Entries that were taken from the queue and not yet written. Who writes keeps this locked.
    hand: Mutex<Vec<TelemetryEntry>>,
    /// Never locked for longer than it takes to move entries.
    progress: Mutex<Progress>,
    /// Who is to be woken when there is a batch.
    flusher: OnceLock<Thread>,
}

#[derive(Debug, Default)]
struct Progress {
    in_hand: usize,
    written: u64,
}

impl TelemetryBuffer {
    /// A buffer for `capacity` entries that are not yet written; at least 1 and at most 1,000,000.
    pub fn new(capacity: usize) -> Self {
        Self {
            queue: ArrayQueue::new(capacity.clamp(1, LARGEST_CAPACITY)),
            recorded: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            hand: Mutex::default(),
            progress: Mutex::default(),
            flusher: OnceLock::new(),
        }
    }

    /// Takes `entry`, or drops it when the queue is full or closed; says whether it was taken. Never waits.
    pub fn record(&self, entry: TelemetryEntry) -> bool {
        let number = self.recorded.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_closed.load(Ordering::Relaxed) || self.queue.push(entry).is_err() {
            self.dropped.fetch_add(1, Ordering::Release);
            return false;
        }
        // When the queue was emptied for the last time between the two, this entry came too late for that. The store of
        // this flag comes before that emptying and this load behind the push, all in one order: one of them sees it.
        if self.is_closed.load(Ordering::SeqCst) {
            self.drop_queue();
        }
        // A batch is full only when at least this many were recorded since there was less than one.
        if number.is_multiple_of(BATCH_SIZE as u64)
            && let Some(flusher) = self.flusher.get()
        {
            flusher.unpark();
        }
        true
    }

    /// Writes up to `max` entries, the oldest first, and says how many were written.
    ///
    /// One call at a time writes; others wait for it.
    ///
    /// # Errors
    ///
    /// The sink refused them. They stay, and the next call begins with them.
    pub fn flush(&self, sink: &mut dyn TelemetrySink, max: usize) -> Result<usize, Error> {
        let mut hand = lock(&self.hand);
        self.take_in_hand(&mut hand, max);
        let count = hand.len().min(max);
        if count == 0 {
            return Ok(0);
        }
        sink.write(&hand[..count])?;
        let mut progress = lock(&self.progress);
        // They may have been given up meanwhile. Then they are counted already, and stay dropped.
        let is_given_up = progress.in_hand == 0;
        if !is_given_up {
            progress.in_hand -= count;
            progress.written += count as u64;
        }
        drop(progress);
        hand.drain(..count);
        Ok(if is_given_up { 0 } else { count })
    }

    /// Writes everything that is pending when this is called, in batches of [`BATCH_SIZE`], and says how many entries
    /// were written.
    ///
    /// # Errors
    ///
    /// The sink refused a batch. What was written before it stays written, and the rest stays pending.
    pub fn flush_all(&self, sink: &mut dyn TelemetrySink) -> Result<usize, Error> {
        let mut left = self.pending_count();
        let mut written = 0;
        while left > 0 {
            let count = self.flush(sink, left.min(BATCH_SIZE))?;
            if count == 0 {
                break;
            }
            left -= count;
            written += count;
        }
        Ok(written)
    }

    /// How many entries are neither written nor dropped.
    pub fn pending_count(&self) -> usize {
        let progress = lock(&self.progress);
        self.queue.len() + progress.in_hand
    }

    /// What has become of the entries so far. While some are pending or being recorded, `recorded` is the greatest.
    pub fn counts(&self) -> TelemetryCounts {
        let progress = lock(&self.progress);
        // Each is counted as recorded before it is counted as anything else.
        let (written, dropped) = (progress.written, self.dropped.load(Ordering::Acquire));
        TelemetryCounts { recorded: self.recorded.load(Ordering::Acquire), written, dropped }
    }

    /// Ends it: what is pending is dropped, and so is everything that comes later. Says how many entries were pending.
    ///
    /// This waits for no sink. A batch that a sink has in its hands is dropped as well, although that sink may still
    /// write it; nothing can tell without waiting.
    pub fn drop_pending(&self) -> u64 {
        let mut progress = lock(&self.progress);
        self.is_closed.store(true, Ordering::SeqCst);
        let in_hand = mem::take(&mut progress.in_hand) as u64;
        self.dropped.fetch_add(in_hand, Ordering::Release);
        in_hand + self.drop_queue()
    }

    /// Has `flusher` woken when there is a batch; only the first that asks is.
    pub(super) fn wake(&self, flusher: Thread) {
        // A second one still writes, at its own pace.
        self.flusher.get_or_init(|| flusher);
    }

    /// Fills `hand` up to `max` entries from the queue, unless that is closed.
    fn take_in_hand(&self, hand: &mut Vec<TelemetryEntry>, max: usize) {
        let mut progress = lock(&self.progress);
        if self.is_closed.load(Ordering::SeqCst) {
            hand.clear();
            return;
        }
        while hand.len() < max
            && let Some(entry) = self.queue.pop()
        {
            hand.push(entry);
        }
        progress.in_hand = hand.len();
    }

    fn drop_queue(&self) -> u64 {
        let mut count = 0;
        while self.queue.pop().is_some() {
            count += 1;
        }
        self.dropped.fetch_add(count, Ordering::Release);
        count
    }
}

impl Default for TelemetryBuffer {
    /// Holds [`QUEUE_CAPACITY`] entries.
    fn default() -> Self {
        Self::new(QUEUE_CAPACITY)
    }
}

/// What is locked is whole at every moment, so a sink that panicked harms nobody.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
