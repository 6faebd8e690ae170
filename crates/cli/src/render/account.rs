//! What the intents of a run cost, for a log, for people and for programs.

use std::time::Duration;

use cds_llm_client::{FailureGroup, Left};
use cds_model::EnrichmentAccount;
use cds_terminal::{
    fields::Fields,
    numbers::{grouped, one_or_many},
};
use serde_json::{Value, json};

use super::messages::Console;

/// Reasons that are shown; the rest is counted.
const SHOWN_REASONS: usize = 10;

/// One line with every number, and the reasons of failures with their counts.
pub(crate) fn show(console: Console, account: &EnrichmentAccount, failures: &[FailureGroup], left: Left) {
    for group in failures.iter().take(SHOWN_REASONS) {
        console.warning(&format!("intents failed: {} × {}", grouped(group.record_count), group.reason));
    }
    if let Some(rest) = failures.get(SHOWN_REASONS..).filter(|rest| !rest.is_empty()) {
        let count = rest.iter().map(|group| group.record_count).sum();
        console.warning(&format!("intents failed: {} × {} other reasons", grouped(count), rest.len()));
    }
    if left.question_count > 0 {
        console.warning(&format!(
            "left for the next run: {} about {}",
            one_or_many(left.question_count as u64, "question", "questions"),
            one_or_many(left.record_count as u64, "record", "records"),
        ));
    }
    console.note(&line(account, left));
}

/// One line about the intents of a run that asked for none.
pub(crate) fn kept_line(selected_count: usize, kept_count: usize, from: Option<i64>) -> String {
    Fields::new("intents_kept")
        .field("selected", selected_count)
        .field("kept", kept_count)
        .field("skipped", selected_count.saturating_sub(kept_count))
        .field("from_run", from.map_or_else(|| "none".to_owned(), |run| run.to_string()))
        .finish()
}

fn line(account: &EnrichmentAccount, left: Left) -> String {
    Fields::new("intent_enrichment_summary")
        .field("selected", account.selected_count)
        .field("asked", account.asked_count)
        .field("reused", account.reused_count)
        .field("shared", account.shared_count)
        .field("failed", account.failed_count)
        .field("left", left.question_count)
        .field("retried", account.retried_count)
        .field("calls", account.call_count)
        .field("cut", account.cut_count)
        .field("prompt_tokens", known(account.prompt_tokens))
        .field("answer_tokens", known(account.answer_tokens))
        .field("seconds", seconds(account.elapsed))
        .field("mean_latency_seconds", seconds(account.mean_latency))
        .field("p95_latency_seconds", seconds(account.p95_latency))
        .finish()
}

/// The same as a JSON object; what is not known is `null`.
pub(crate) fn json(account: &EnrichmentAccount, left: Left) -> Value {
    json!({
        "selected": account.selected_count,
        "asked": account.asked_count,
        "reused": account.reused_count,
        "shared": account.shared_count,
        "failed": account.failed_count,
        "left": left.question_count,
        "retried": account.retried_count,
        "calls": account.call_count,
        "cut": account.cut_count,
        "prompt_tokens": account.prompt_tokens,
        "answer_tokens": account.answer_tokens,
        "seconds": rounded(account.elapsed),
        "mean_latency_seconds": rounded(account.mean_latency),
        "p95_latency_seconds": rounded(account.p95_latency),
    })
}

fn known(count: Option<u64>) -> String {
    count.map_or_else(|| "unknown".to_owned(), |count| count.to_string())
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

fn rounded(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_tokens_are_not_zero() {
        let account = EnrichmentAccount { answer_tokens: Some(7), ..EnrichmentAccount::default() };
        assert!(line(&account, Left::default()).contains("prompt_tokens=unknown answer_tokens=7"));
        assert_eq!(json(&account, Left::default())["prompt_tokens"], Value::Null);
    }
}
