//! How far the snapshots are: a bar with an estimate on a terminal, some lines in a log.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use cds_pipeline::backfill::Saved;
use cds_terminal::fields::Fields;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::messages::Console;

const BAR: &str = "{bar:16} {pos}/{len} {percent:>3}%  {eta} left  {wide_msg}";
/// A log that is followed shows life this often.
const INTERVAL: Duration = Duration::from_secs(5);
/// And each of these parts of the work.
const PARTS: usize = 10;
/// Digits of a commit that tell it from others for a reader.
const SHORT_ID: usize = 10;

/// Shows on stderr how far the work is.
pub(super) struct Pace {
    console: Console,
    bar: ProgressBar,
    is_bar: bool,
    start: Instant,
    last: (Instant, usize),
    done_count: usize,
}

impl Pace {
    pub(super) fn new(console: Console, total: usize) -> Self {
        let is_bar = std::io::stderr().is_terminal() && !console.is_quiet();
        let target = if is_bar { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total as u64), target).with_style(style);
        let start = Instant::now();
        Self { console, bar, is_bar, start, last: (start, 0), done_count: 0 }
    }

    pub(super) fn advance(&mut self, saved: &Saved<'_>) {
        self.done_count = saved.done;
        let commit = saved.commit.id.to_string();
        let day = saved.commit.time().to_string();
        if self.is_bar {
            let short = commit.get(..SHORT_ID).unwrap_or(&commit);
            self.bar.set_position(saved.done as u64);
            self.bar.set_message(format!("{} {short}, {} records", day.get(..10).unwrap_or(&day), saved.record_count));
            return;
        }
        let (moment, part) = (Instant::now(), saved.done * PARTS / saved.total.max(1));
        if part == self.last.1 && moment - self.last.0 < INTERVAL {
            return;
        }
        self.last = (moment, part);
        let left = self.start.elapsed().mul_f64(ratio(saved.total - saved.done, saved.done));
        let line = Fields::new("backfill_progress")
            .field("completed", saved.done)
            .field("total", saved.total)
            .field("percent", format!("{:.1}", 100.0 * ratio(saved.done, saved.total)))
            .field("eta_seconds", left.as_secs_f64().round())
            .field("run_id", saved.run)
            .field("commit", commit)
            .field("committed_at", day)
            .field("record_count", saved.record_count);
        self.console.note(&line.finish());
    }

    /// How many snapshots were saved, and in which time.
    pub(super) fn finish(self) -> (usize, Duration) {
        self.bar.finish_and_clear();
        (self.done_count, self.start.elapsed())
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn ratio(one: usize, other: usize) -> f64 {
    one as f64 / other.max(1) as f64
}
