//! How a reply is handled: an answer, a failure, another attempt, a pause, or the end of the run.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    CallFailure, Decision,
    pacing::{Pacing, Wish},
    run::{Asking, Delayed, Reply, Ticket},
};
use crate::{AskError, FailureClass};

impl Asking<'_> {
    /// Handles a reply.
    pub(super) fn receive(&mut self, Reply { ticket, outcome }: Reply) {
        let now = Instant::now();
        let (attempt, latency) = (self.attempts[ticket.group].sent, now - ticket.sent);
        let error = match outcome {
            Ok(answer) => {
                self.outcomes.called(ticket.group, attempt, latency, Ok(&answer));
                self.reached(now);
                self.generated(now, &ticket);
                self.spending.answer(&answer, self.outcomes.prompt_bytes(ticket.group));
                if let Some(reason) = self.outcomes.succeed(ticket.group, answer, latency) {
                    self.give_up(now, reason);
                }
                return;
            }
            Err(error) => error,
        };
        let (reason, class) = (error.reason(), error.class());
        if let AskError::SpentOnThinking { prompt_tokens, answer_tokens } = error {
            self.outcomes.spent(prompt_tokens, answer_tokens);
            self.spending.tokens(prompt_tokens.unwrap_or_default().saturating_add(answer_tokens.unwrap_or_default()));
        }
        let failure = CallFailure { kind: error.kind(), http_status: error.http_status(), class, reason: &reason };
        self.outcomes.called(ticket.group, attempt, latency, Err(failure));
        match class {
            FailureClass::Permanent => {
                self.reached(now);
                // A refusal by status says nothing about the model; every other reply shows that it wrote text.
                if !matches!(error, AskError::Status { .. }) {
                    self.generated(now, &ticket);
                }
                self.outcomes.fail(ticket.group, &self.attempts[ticket.group].reason(&reason));
                if self.outcomes.fails_always(&reason) {
                    self.give_up(now, format!("every question fails in the same way: {reason}"));
                }
            }
            FailureClass::Fatal => self.give_up(now, reason),
            FailureClass::Adapted => self.ask_otherwise(now, ticket.group, &reason),
            FailureClass::Passing { wait, is_outage } => {
                // A provider too busy for one question is too busy for all; only a broken answer concerns one question.
                let is_general = is_outage || matches!(error, AskError::Status { .. });
                self.may_pass(now, &ticket, (&error, reason), wait, is_general);
            }
        }
    }

    /// The request has changed, and with it the identity of every question: kept answers are used first.
    fn ask_otherwise(&mut self, now: Instant, group: usize, reason: &str) {
        self.reached(now);
        self.attempts[group].sent -= 1;
        self.outcomes.identify_again(self.client, reason, !self.options.refresh);
        if self.end.is_none() && !self.outcomes.is_done(group) {
            self.pending.push_first(group);
        }
    }

    /// The provider answered, with any result.
    fn reached(&mut self, now: Instant) {
        if let Some(after) = self.pacing.breaker.close(now) {
            self.outcomes.decided(&Decision::BreakerClosed { after });
        }
    }

    /// The model wrote text.
    fn generated(&mut self, now: Instant, ticket: &Ticket) {
        self.pacing.warm_up();
        self.pace(|pacing| pacing.answered(now, ticket.observed(now)));
    }

    /// Handles a transient failure: when to send the question again, and how to treat all others.
    fn may_pass(
        &mut self,
        now: Instant,
        ticket: &Ticket,
        (error, reason): (&AskError, String),
        wait: Option<Duration>,
        is_general: bool,
    ) {
        if matches!(error, AskError::TimedOut { .. } | AskError::Status { status: 429 | 503 | 529, .. }) {
            self.pace(|pacing| pacing.overloaded(now, ticket.sent));
        }
        if let Some(wait) = wait {
            self.pause(now, wait, &reason);
        }
        if is_general {
            self.last_failure.clone_from(&reason);
        } else {
            self.reached(now);
        }
        if self.end.is_some() {
            // It gets the reason of the end, or stays unanswered.
        } else if is_general && self.pacing.breaker.is_open() {
            if ticket.is_probe {
                self.pacing.breaker.end_probe(now);
            }
            self.pending.push(ticket.group);
        } else {
            self.retry_or_fail(now, ticket.group, error, reason, is_general);
        }
    }

    /// Sends a question again later, stops sending, or lets it fail.
    fn retry_or_fail(&mut self, now: Instant, group: usize, error: &AskError, reason: String, is_general: bool) {
        let attempts = &mut self.attempts[group];
        let is_last = !attempts.count_failure(error, self.options.retries);
        if is_general && (self.pacing.breaker.count_failure() || self.is_conclusive(error, is_last)) {
            self.attempts[group].forgive(self.options.retries);
            let ready = self.pacing.pause.end(now).unwrap_or(now);
            self.pacing.breaker.open(now, ready);
            // Questions in backoff met the same trouble, which is not their own.
            self.pending.release_delayed();
            self.pending.push(group);
            self.outcomes.decided(&Decision::BreakerOpened { reason });
        } else if is_last {
            self.outcomes.fail(group, &self.attempts[group].reason(&reason));
        } else {
            let attempts = self.attempts[group];
            let delay = self.retries.delay(attempts, error);
            let place = self.outcomes.place(group);
            self.outcomes.decided(&Decision::Retry { place, attempt: attempts.sent, delay, reason: reason.clone() });
            self.pending.delay(now + delay, Delayed { group, reason });
        }
    }

    /// Whether one failure is conclusive: the provider is unreachable, which is never a question's own fault, or the
    /// model did not load within its long time limit.
    fn is_conclusive(&self, error: &AskError, is_last: bool) -> bool {
        match error {
            AskError::Connect { .. } => is_last,
            AskError::TimedOut { .. } => !self.pacing.is_warm(),
            _ => false,
        }
    }

    /// Delays all calls because the provider asked for it.
    fn pause(&mut self, now: Instant, wait: Duration, reason: &str) {
        match self.pacing.pause.extend(now, wait) {
            Wish::Granted => self.outcomes.decided(&Decision::Paused { wait, reason: reason.to_owned() }),
            Wish::Known => {}
            Wish::Refused(cause) => self.give_up(now, format!("{cause}: {reason}")),
        }
    }

    /// Changes the pacing, and reports a changed limit of calls in flight.
    fn pace(&mut self, change: impl FnOnce(&mut Pacing)) {
        let from = self.pacing.concurrency();
        change(&mut self.pacing);
        let to = self.pacing.concurrency();
        if from != to {
            self.outcomes.decided(&Decision::ConcurrencyChanged { from, to });
        }
    }
}
