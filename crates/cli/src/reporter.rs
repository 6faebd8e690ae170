//! What the pipeline tells, as lines on stderr.

use cds_llm_client::EnrichmentObserver;
use cds_model::AnalyzerError;
use cds_pipeline::{Event, FileCounts, IntentPlan, Reporter, Warning};
use cds_terminal::fields::Fields;

use crate::{
    progress::ConsoleObserver,
    render::{
        account, left_out,
        messages::{Console, grave_warning, line},
        remedy,
    },
};

impl Reporter for Console {
    fn warn(&self, warning: &Warning) {
        let message = warning.to_string();
        match warning {
            Warning::ProofDoubtful { .. } | Warning::AlteredFiles { .. } => {
                grave_warning(&message, "cds verify says what was altered");
            }
            Warning::Unavailable(unavailable) => grave_warning(&message, &remedy::of(unavailable)),
            // A gate that was not passed is shown as such; what is missing is no part of it.
            Warning::CheckAccount(_) => self.note(&message),
            _ => self.warning(&message),
        }
    }

    fn report(&self, event: &Event<'_>) {
        match event {
            Event::RunStarted(start) => {
                let line = Fields::new("run_started").field("ledger_id", start.id).field("project", &start.subject);
                let code_ref = start.code_ref.commit.as_deref().unwrap_or("-");
                self.note(&line.field("code_ref", code_ref).finish());
            }
            Event::RunClosed { run_id, reason } => {
                self.note(&format!("run {run_id} was interrupted: {reason}"));
            }
            Event::Analyzed(FileCounts { read, reused, shared, parsed }) => {
                let line = Fields::new("files").field("read", read).field("reused", reused);
                self.note(&line.field("shared", shared).field("parsed", parsed).finish());
            }
            Event::AnalyzerError(error) => analyzer_error(error),
            Event::NotRead(not_read) => {
                if let Some(line) = left_out::line(not_read) {
                    self.note(&line);
                }
            }
            Event::Enriched { account, failures, left } => account::show(*self, account, failures, *left),
            Event::IntentsKept { selected_count, kept_count, from } => {
                self.note(&account::kept_line(*selected_count, *kept_count, *from));
            }
            _ => {}
        }
    }

    fn observe(&self, plan: &IntentPlan, unavailable: Option<&str>) -> Box<dyn EnrichmentObserver + '_> {
        Box::new(ConsoleObserver::new(*self, unavailable, plan.has_sparse_progress))
    }
}

/// A file of which something is missing; an error, so that it is always shown.
fn analyzer_error(error: &AnalyzerError) {
    let place = error.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
    let fields = Fields::new("analyzer_error").field("file", &error.file_path).field("line", place);
    line(&fields.field("reason", &error.reason).finish());
}
