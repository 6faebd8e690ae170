//! Progress of an enrichment: a live bar on a terminal, structured lines for a log.

mod pace;

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use cds_llm_client::{Decision, EnrichmentObserver, Progress};
use cds_terminal::{fields::Fields, text};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::pace::Pace;
use crate::render::messages::Console;

/// The message is cut where the terminal ends.
const BAR: &str = "{spinner} {bar:16} {pos}/{len} {percent:>3}%  {wide_msg}";
/// So that a model that takes minutes to load does not look like a program that hangs.
const TICK: Duration = Duration::from_millis(250);

/// Shows on stderr how an enrichment goes on.
pub(crate) struct ConsoleObserver {
    bar: ProgressBar,
    console: Console,
    /// `None` if the bar is shown.
    pace: Option<Pace>,
    /// The numbers that were shown before the first question.
    known: Option<String>,
}

impl ConsoleObserver {
    /// An observer for a user who already knows that the provider is `unavailable`, if so. A log gets each report, or
    /// fewer if `is_sparse`.
    pub(crate) fn new(console: Console, unavailable: Option<&str>, is_sparse: bool) -> Self {
        let is_shown = std::io::stderr().is_terminal() && !console.is_quiet();
        let bar = if is_shown {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bar.with_style(style);
        if is_shown && cds_pipeline::threads::are_available() {
            bar.enable_steady_tick(TICK);
        }
        let pace = (!is_shown).then(|| Pace::new(is_sparse));
        Self { bar, console, pace, known: unavailable.map(str::to_owned) }
    }
}

impl Drop for ConsoleObserver {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl EnrichmentObserver for ConsoleObserver {
    fn report(&mut self, progress: &Progress) {
        if self.pace.as_mut().is_some_and(|pace| pace.is_due(progress, Instant::now())) {
            self.console.note(&progress_line(progress));
        }
    }

    fn advance(&mut self, progress: &Progress) {
        self.bar.set_length(progress.total as u64);
        self.bar.set_position(progress.completed as u64);
        self.bar.set_message(bar_message(progress, self.bar.elapsed()));
    }

    fn decision(&mut self, decision: &Decision) {
        let is_known = matches!((decision, &self.known), (Decision::GaveUp { reason }, Some(known)) if reason == known);
        if let Some(warning) = describe(decision).filter(|_| !is_known) {
            self.bar.suspend(|| self.console.warning(&warning));
        }
    }
}

fn progress_line(progress: &Progress) -> String {
    Fields::new("intent_enrichment_progress")
        .field("completed", progress.completed)
        .field("total", progress.total)
        .field("failed", progress.failed)
        .field("percent", format!("{:.1}", progress.percent()))
        .field("eta_seconds", progress.eta.as_secs_f64().round())
        .field("asked", progress.asked)
        .field("reused", progress.reused)
        .field("shared", progress.shared)
        .field("concurrency", progress.concurrency)
        .finish()
}

fn bar_message(progress: &Progress, elapsed: Duration) -> String {
    let Progress { asked, reused, failed, in_flight, .. } = progress;
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let rate = *asked as f64 / elapsed.as_secs_f64().max(0.001);
    let left = Duration::from_secs(progress.eta.as_secs());
    format!("{in_flight} in flight, {failed} failed, {reused} reused, {rate:.1}/s, {left:?} left")
}

/// What a reader of the log should know; what is only of interest in numbers is in the summary.
fn describe(decision: &Decision) -> Option<String> {
    Some(match decision {
        Decision::Retry { .. }
        | Decision::ConcurrencyChanged { .. }
        | Decision::Skipped { .. }
        | Decision::Cut { .. }
        | Decision::CutFurther { .. }
        | Decision::Reused { .. }
        | Decision::Shared { .. }
        | Decision::RestFailed { .. } => return None,
        Decision::ReusedFormer { record_count, .. } => {
            format!("{record_count} intents answer an older version of the prompt; --refresh-intents asks for new ones")
        }
        Decision::Paused { wait, reason } => format!("no call for {:.0} s: {reason}", wait.as_secs_f64().ceil()),
        Decision::BreakerOpened { reason } => format!("the provider does not respond, waiting for it: {reason}"),
        Decision::BreakerClosed { after } => format!("the provider is back after {:.1} s", after.as_secs_f64()),
        Decision::StoreFailed { reason } => {
            format!("answers are not kept for later runs: {}", text::one_line(reason))
        }
        Decision::Adapted { reason } => reason.clone(),
        Decision::BudgetSpent { reason } | Decision::GaveUp { reason } => {
            format!("no more questions are asked: {reason}")
        }
        Decision::Interrupted { in_flight } => {
            format!("interrupted: waiting a few seconds for {in_flight} calls in flight; a second signal stops at once")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_every_field() {
        let progress = Progress {
            completed: 10,
            total: 30,
            failed: 1,
            eta: Duration::from_millis(20_600),
            asked: 6,
            reused: 3,
            shared: 1,
            concurrency: 4,
            in_flight: 3,
        };
        assert_eq!(
            progress_line(&progress),
            "intent_enrichment_progress completed=10 total=30 failed=1 percent=33.3 eta_seconds=21 asked=6 reused=3 \
             shared=1 concurrency=4"
        );
    }
}
