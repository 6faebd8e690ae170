//! Turns what the enricher reports into telemetry, so that it needs to know no table.

use std::{sync::Arc, time::Duration};

use cds_llm_client::{CallFailure, CallReport, Decision, EnrichmentObserver, FailedRecord, Progress};
use cds_model::TelemetryType;
use cds_persistence::TelemetryBuffer;
use serde_json::{Value, json};

use super::{Answered, telemetry::entry};
use crate::Process;

/// Passes everything on to another observer, and to the telemetry what belongs there.
pub(crate) struct TelemetryObserver<'a> {
    inner: &'a mut dyn EnrichmentObserver,
    buffer: Option<Arc<TelemetryBuffer>>,
    answered: Option<Arc<Answered>>,
    process: &'a Process,
}

impl<'a> TelemetryObserver<'a> {
    /// Without a buffer, only the other one gets anything.
    pub(crate) fn new(
        inner: &'a mut dyn EnrichmentObserver,
        buffer: Option<Arc<TelemetryBuffer>>,
        answered: Option<Arc<Answered>>,
        process: &'a Process,
    ) -> Self {
        Self { inner, buffer, answered, process }
    }

    /// What was not taken is counted by the buffer.
    fn record(&self, log_type: TelemetryType, subject: Option<String>, details: &Value, error: Option<&Value>) {
        if let Some(buffer) = &self.buffer {
            buffer.record(entry(self.process.now(), log_type, subject, details, error));
        }
    }
}

impl EnrichmentObserver for TelemetryObserver<'_> {
    fn report(&mut self, progress: &Progress) {
        self.inner.report(progress);
    }

    fn advance(&mut self, progress: &Progress) {
        self.inner.advance(progress);
        if let Some(answered) = &self.answered {
            answered.set(progress);
        }
    }

    fn decision(&mut self, decision: &Decision) {
        self.inner.decision(decision);
        if self.buffer.is_some() {
            let (log_type, subject, details, error) = described(decision);
            self.record(log_type, subject, &details, error.as_ref());
        }
    }

    fn call(&mut self, call: &CallReport<'_>) {
        self.inner.call(call);
        if self.buffer.is_none() {
            return;
        }
        let details = json!({
            "attempt": call.attempt,
            "latency_ms": milliseconds(call.latency),
            "prompt_tokens": call.prompt_tokens,
            "answer_tokens": call.answer_tokens,
            "status": status(call),
        });
        let error = call.failure.as_ref().map(|failure| {
            json!({
                "class": failure.class.as_str(),
                "http_status": failure.http_status,
                "reason": failure.reason,
            })
        });
        self.record(TelemetryType::LlmCall, Some(call.place.to_string()), &details, error.as_ref());
    }

    fn record_failed(&mut self, failure: &FailedRecord<'_>) {
        self.inner.record_failed(failure);
        if self.buffer.is_some() {
            let details = json!({
                "what": "intent_failed",
                "records": failure.record_count,
                "reason": failure.reason,
            });
            let error = json!({ "reason": failure.reason });
            self.record(TelemetryType::Error, Some(failure.place.to_string()), &details, Some(&error));
        }
    }
}

/// `ok`, the HTTP status as `http_503`, or what kind of failure it was.
fn status(call: &CallReport<'_>) -> String {
    match &call.failure {
        None => "ok".to_owned(),
        Some(CallFailure { http_status: Some(status), .. }) => format!("http_{status}"),
        Some(failure) => failure.kind.to_owned(),
    }
}

/// What was decided, on which condition, and about what.
fn described(decision: &Decision) -> (TelemetryType, Option<String>, Value, Option<Value>) {
    let mut subject = None;
    let mut log_type = TelemetryType::Decision;
    let mut error = None;
    let details = match decision {
        Decision::Skipped { record_count, condition } => {
            json!({ "decision": "skipped", "records": record_count, "condition": condition.as_str() })
        }
        Decision::Cut { place } => {
            subject = Some(place.to_string());
            json!({ "decision": "cut", "condition": "the prompt is longer than the context of the model" })
        }
        Decision::CutFurther { question_count } => {
            json!({
                "decision": "cut",
                "questions": question_count,
                "condition": "the prompt is longer than the context of the model",
            })
        }
        Decision::Reused { record_count, question_count } => {
            json!({
                "decision": "reused",
                "records": record_count,
                "questions": question_count,
                "condition": "an answer to the same question is kept",
            })
        }
        Decision::ReusedFormer { record_count, question_count } => {
            json!({
                "decision": "reused",
                "records": record_count,
                "questions": question_count,
                "condition": "an answer to an older version of the prompt is kept",
            })
        }
        Decision::Shared { record_count } => {
            json!({
                "decision": "shared",
                "records": record_count,
                "condition": "another record of this run asks the same question",
            })
        }
        Decision::Retry { place, attempt, delay, reason } => {
            log_type = TelemetryType::Retry;
            subject = Some(place.to_string());
            error = Some(json!({ "reason": reason }));
            json!({ "attempt": attempt, "delay_ms": milliseconds(*delay) })
        }
        Decision::Paused { wait, reason } => {
            json!({ "decision": "paused", "wait_ms": milliseconds(*wait), "condition": reason })
        }
        Decision::BreakerOpened { reason } => json!({ "decision": "breaker_opened", "condition": reason }),
        Decision::BreakerClosed { after } => {
            json!({
                "decision": "breaker_closed",
                "after_ms": milliseconds(*after),
                "condition": "the provider answered a probe",
            })
        }
        Decision::ConcurrencyChanged { from, to } => {
            json!({
                "decision": "concurrency_changed",
                "from": from,
                "to": to,
                "condition": if to > from { "answers in time" } else { "refusals, time-outs or growing latency" },
            })
        }
        Decision::StoreFailed { reason } => json!({ "decision": "store_failed", "condition": reason }),
        Decision::Adapted { reason } => json!({ "decision": "adapted", "condition": reason }),
        Decision::GaveUp { reason } => json!({ "decision": "gave_up", "condition": reason }),
        Decision::BudgetSpent { reason } => json!({ "decision": "budget_spent", "condition": reason }),
        Decision::RestFailed { record_count, question_count, reason } => {
            log_type = TelemetryType::Error;
            error = Some(json!({ "reason": reason }));
            json!({
                "what": "intent_failed",
                "records": record_count,
                "questions": question_count,
                "reason": reason,
            })
        }
        Decision::Interrupted { in_flight } => {
            json!({ "decision": "interrupted", "in_flight": in_flight, "condition": "a signal, or the lock was lost" })
        }
    };
    (log_type, subject, details, error)
}

/// With three decimals.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
