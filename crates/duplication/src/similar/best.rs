//! The sum of ratios that is still worth looking for, shared by all threads.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The highest sums so far.
pub(super) struct Best {
    limit: usize,
    /// As bits, which for numbers that are not negative have the order of the numbers.
    sums: Mutex<BinaryHeap<Reverse<u64>>>,
    least: AtomicU64,
}

impl Best {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, sums: Mutex::default(), least: AtomicU64::new(0) }
    }

    /// A lower sum is not among the first `limit`. It never falls.
    pub(super) fn least(&self) -> f64 {
        f64::from_bits(self.least.load(Ordering::Relaxed))
    }

    /// Takes note of a sum, which is not negative.
    pub(super) fn add(&self, sum: f64) {
        if self.limit == 0 || sum < self.least() {
            return;
        }
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.push(Reverse(sum.to_bits()));
        if sums.len() > self.limit {
            sums.pop();
        }
        if sums.len() == self.limit
            && let Some(&Reverse(least)) = sums.peek()
        {
            self.least.store(least, Ordering::Relaxed);
        }
    }
}
