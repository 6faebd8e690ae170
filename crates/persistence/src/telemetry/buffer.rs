//! A bounded queue of telemetry that counts what is written and lost.
//!
//! An entry is in the queue, in hand (taken from the queue for a batch), written or dropped. All of these transitions
//! happen under one lock, except entering the queue, which never waits.

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

/// The default capacity of a queue.
pub const QUEUE_CAPACITY: usize = 10_000;

/// The default size of a batch.
pub const BATCH_SIZE: usize = 1_000;

const LARGEST_CAPACITY: usize = 1_000_000;

/// Accepts telemetry without waiting, and counts what is lost.
///
/// When no entry is pending, `recorded` is `written` plus `dropped`. [`drop_pending`](Self::drop_pending) establishes
/// this.
#[derive(Debug)]
pub struct TelemetryBuffer {
    queue: ArrayQueue<TelemetryEntry>,
    recorded: AtomicU64,
    dropped: AtomicU64,
    is_closed: AtomicBool,
    /// Entries taken from the queue and not yet written. A writer keeps this locked.
    hand: Mutex<Vec<TelemetryEntry>>,
    /// Locked only while entries are moved.
    progress: Mutex<Progress>,
    /// The thread to wake when a batch is full.
    flusher: OnceLock<Thread>,
}

#[derive(Debug, Default)]
struct Progress {
    in_hand: usize,
    written: u64,
}

impl TelemetryBuffer {
    /// A buffer for up to `capacity` pending entries; the capacity is limited to 1 to 1,000,000.
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

    /// Accepts `entry`, or drops it if the queue is full or closed; returns whether it was accepted. Never waits.
    pub fn record(&self, entry: TelemetryEntry) -> bool {
        let number = self.recorded.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_closed.load(Ordering::Relaxed) || self.queue.push(entry).is_err() {
            self.dropped.fetch_add(1, Ordering::Release);
            return false;
        }
        // If `drop_pending` emptied the queue between the push and this load, the entry came too late and must be
        // dropped here. All are SeqCst: the flag is stored before the queue is emptied, and loaded after the push, so
        // one side sees it.
        if self.is_closed.load(Ordering::SeqCst) {
            self.drop_queue();
        }
        // Wakes the flusher once for each full batch, not for each entry.
        if number.is_multiple_of(BATCH_SIZE as u64)
            && let Some(flusher) = self.flusher.get()
        {
            flusher.unpark();
        }
        true
    }

    /// Writes up to `max` entries, oldest first; returns how many.
    ///
    /// Concurrent calls wait for each other.
    ///
    /// # Errors
    ///
    /// If the sink refused them. They stay, and the next call retries them first.
    pub fn flush(&self, sink: &mut dyn TelemetrySink, max: usize) -> Result<usize, Error> {
        let mut hand = lock(&self.hand);
        self.take_in_hand(&mut hand, max);
        let count = hand.len().min(max);
        if count == 0 {
            return Ok(0);
        }
        sink.write(&hand[..count])?;
        let mut progress = lock(&self.progress);
        // `drop_pending` may have counted them as dropped meanwhile; then they stay dropped.
        let is_given_up = progress.in_hand == 0;
        if !is_given_up {
            progress.in_hand -= count;
            progress.written += count as u64;
        }
        drop(progress);
        hand.drain(..count);
        Ok(if is_given_up { 0 } else { count })
    }

    /// Writes everything that is pending at the time of the call, in batches of [`BATCH_SIZE`]; returns how many.
    ///
    /// # Errors
    ///
    /// If the sink refused a batch. Earlier batches stay written, and the rest stays pending.
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

    /// The number of entries that are neither written nor dropped.
    pub fn pending_count(&self) -> usize {
        let progress = lock(&self.progress);
        self.queue.len() + progress.in_hand
    }

    /// The current counts. While entries are pending or being recorded, `recorded` exceeds the sum of the others.
    pub fn counts(&self) -> TelemetryCounts {
        let progress = lock(&self.progress);
        // An entry counts as recorded before anything else, so `recorded` must be loaded last.
        let (written, dropped) = (progress.written, self.dropped.load(Ordering::Acquire));
        TelemetryCounts { recorded: self.recorded.load(Ordering::Acquire), written, dropped }
    }

    /// Closes the buffer: drops pending and later entries. Returns how many were pending.
    ///
    /// It waits for no sink. A batch that a sink is writing counts as dropped, although the sink may still write it;
    /// only waiting could tell.
    pub fn drop_pending(&self) -> u64 {
        let mut progress = lock(&self.progress);
        self.is_closed.store(true, Ordering::SeqCst);
        let in_hand = mem::take(&mut progress.in_hand) as u64;
        self.dropped.fetch_add(in_hand, Ordering::Release);
        in_hand + self.drop_queue()
    }

    /// Registers the thread to wake when a batch is full; only the first registration counts.
    pub(super) fn wake(&self, flusher: Thread) {
        // A second flusher works too, but only at its own interval.
        self.flusher.get_or_init(|| flusher);
    }

    /// Fills `hand` up to `max` entries from the queue, unless the buffer is closed.
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
    /// A buffer for [`QUEUE_CAPACITY`] entries.
    fn default() -> Self {
        Self::new(QUEUE_CAPACITY)
    }
}

/// The locked value is always consistent, so a poisoned lock is still valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
