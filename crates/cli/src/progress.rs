//! Progress for whoever reads a log.

use cds_llm_client::{Progress, ProgressReporter};

use crate::render::messages;

/// One structured line on stderr for each report.
pub(crate) struct LineReporter;

impl ProgressReporter for LineReporter {
    fn report(&mut self, progress: &Progress) {
        messages::line(&progress_line(progress));
    }
}

fn progress_line(progress: &Progress) -> String {
    let Progress { completed, total, failed, eta } = progress;
    let percent = progress.percent();
    let eta = eta.as_secs_f64().round();
    format!(
        "intent_enrichment_progress completed={completed} total={total} failed={failed} percent={percent:.1} eta_seconds={eta}"
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_line_has_every_field() {
        let progress = Progress { completed: 10, total: 30, failed: 1, eta: Duration::from_millis(20_600) };
        assert_eq!(
            progress_line(&progress),
            "intent_enrichment_progress completed=10 total=30 failed=1 percent=33.3 eta_seconds=21"
        );
    }

    #[test]
    fn nothing_to_do_is_done() {
        let progress = Progress { completed: 0, total: 0, failed: 0, eta: Duration::ZERO };
        assert_eq!(
            progress_line(&progress),
            "intent_enrichment_progress completed=0 total=0 failed=0 percent=100.0 eta_seconds=0"
        );
    }
}
