//! One question to the model, so that what only an answer shows is seen before a run is paid for.

use std::time::Instant;

use cds_language::Language;
use cds_llm_client::{Answer, AskError, FailureClass, Question};
use cds_model::SymbolKind;

use super::Check;
use crate::{app::App, arguments::IntentPlan, failure::Failure};

/// Code that any model can describe.
const CODE: &str = "def median(values):\n    ordered = sorted(values)\n    return ordered[len(ordered) // 2]";
/// More parts of a request than this are not refused one after the other.
const MAX_ATTEMPTS: usize = 10;

/// Asks about [`CODE`] as a run would, and again where the server refused a part of the request.
pub(super) fn ask(intents: &IntentPlan, app: &App) -> Result<Check, Failure> {
    let started = Instant::now();
    let mut stop = app.context.interrupt.stop_signal();
    let outcome = intents.runtime.block_on(async {
        tokio::select! {
            outcome = answer(intents) => Some(outcome),
            () = stop.requested(1) => None,
        }
    });
    // Without an outcome there was a signal.
    let Some(outcome) = outcome else { return Err(app.interruption()) };
    Ok(match outcome {
        Ok(answer) => {
            let seconds = started.elapsed().as_secs_f64();
            Check::ok("question", format!("answered in {seconds:.1} s: {}", answer.intent))
        }
        Err(error) => Check::fail("question", error.reason(), "docs/intents.md says what each reason means"),
    })
}

async fn answer(intents: &IntentPlan) -> Result<Answer, AskError> {
    let question = Question { language: Language::of_record("a.py"), kind: SymbolKind::Function, code: CODE.into() };
    let mut attempts = 1;
    loop {
        let outcome = intents.client.ask(&question, intents.options.load_timeout).await;
        let is_adapted = outcome.as_ref().is_err_and(|error| error.class() == FailureClass::Adapted);
        if !is_adapted || attempts >= MAX_ATTEMPTS {
            return outcome;
        }
        attempts += 1;
    }
}
