//! One call: its state when sent, and its result.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::concurrency::Observed;
use crate::{Answer, AskError, Distrust, LlmClient, Question};

/// A call as it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    /// The index of its question.
    pub(super) group: usize,
    /// Whether it is a probe for the provider's return.
    pub(super) is_probe: bool,
    pub(super) sent: Instant,
    /// Calls in flight right after it was sent.
    pub(super) in_flight: usize,
    /// The time limit of the call.
    pub(super) limit: Duration,
}

/// The result of a call.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) ticket: Ticket,
    pub(super) outcome: Result<Answer, AskError>,
}

impl Ticket {
    /// The measurement of this call for the concurrency limit, if it is answered now.
    pub(super) fn observed(&self, now: Instant) -> Observed {
        Observed { sent: self.sent, in_flight: self.in_flight, latency: now - self.sent }
    }
}

/// Asks once. The time limit holds even for a client that ignores it.
pub(super) async fn call(client: &dyn LlmClient, question: Question, ticket: Ticket) -> Reply {
    let Ticket { limit, .. } = ticket;
    let outcome = timeout(limit, client.ask(&question, limit)).await;
    let outcome = outcome.unwrap_or(Err(AskError::TimedOut { limit })).and_then(|answer| {
        let is_blank = answer.intent.trim_start().is_empty();
        if is_blank { Err(AskError::Untrustworthy(Distrust::Blank)) } else { Ok(answer) }
    });
    Reply { ticket, outcome }
}
