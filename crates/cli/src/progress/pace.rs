//! How often a log gets a line of progress.

use std::time::{Duration, Instant};

use cds_llm_client::Progress;

/// A log that is followed shows life this often.
const INTERVAL: Duration = Duration::from_secs(5);
/// A short run shows each of these parts of itself.
const PARTS: usize = 10;

/// Decides which reports become lines.
///
/// A sparse pace passes the first report, the last one, each that begins another tenth of the records, and one every five
/// seconds.
#[derive(Debug)]
pub(super) struct Pace {
    is_sparse: bool,
    /// When the last line was, and in which part.
    last: Option<(Instant, usize)>,
}

impl Pace {
    pub(super) fn new(is_sparse: bool) -> Self {
        Self { is_sparse, last: None }
    }

    /// Whether `progress` is worth a line `now`.
    pub(super) fn is_due(&mut self, progress: &Progress, now: Instant) -> bool {
        // The last report is in a part of its own.
        let part = progress.completed * PARTS / progress.total.max(1);
        let is_due = match self.last {
            Some((moment, last_part)) if self.is_sparse => part > last_part || now - moment >= INTERVAL,
            _ => true,
        };
        if is_due {
            self.last = Some((now, part));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts that get a line out of `total` records, with a report every ten and `milliseconds` between two.
    fn lines(is_sparse: bool, total: usize, milliseconds: u64) -> Vec<usize> {
        let (mut pace, start) = (Pace::new(is_sparse), Instant::now());
        let reports = (10..=total).step_by(10);
        reports
            .filter(|&completed| {
                let now = start + Duration::from_millis(milliseconds * completed as u64 / 10);
                pace.is_due(&Progress { completed, total, ..Progress::default() }, now)
            })
            .collect()
    }

    #[test]
    fn sparse_pace_passes_each_tenth() {
        assert_eq!(lines(true, 50, 1), [10, 20, 30, 40, 50]);
        assert_eq!(lines(true, 1000, 1), [10, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
        assert_eq!(lines(true, 100_000, 0).len(), 11);
    }

    #[test]
    fn sparse_pace_passes_one_line_every_five_seconds() {
        assert_eq!(lines(true, 200, 2500), [10, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
        assert_eq!(lines(true, 2000, 1000)[..4], [10, 60, 110, 160]);
    }

    #[test]
    fn given_batch_size_passes_everything() {
        assert_eq!(lines(false, 1000, 1).len(), 100);
    }
}
