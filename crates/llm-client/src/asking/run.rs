//! The loop: sends permitted calls, and waits for the next answer, time or interruption.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use cds_model::Record;
use futures_util::{
    FutureExt,
    stream::{FuturesUnordered, StreamExt},
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Budget, Decision, Ending, EnrichContext, EnrichOptions, Enrichment, Left, StopSignal,
    answers::Keeper,
    concurrency::Observed,
    outcomes::{Outcomes, Source},
    pacing::Pacing,
    questions::{Identity, derive, select},
    spending::{Attempts, Retries, Spending},
};
use crate::{Answer, AskError, BoxFuture, Distrust, LlmClient, Question};

type InFlight<'a> = FuturesUnordered<BoxFuture<'a, Reply>>;

/// Asks about all selected records of `records`.
pub(crate) async fn run(
    client: &dyn LlmClient,
    options: EnrichOptions,
    records: &mut [Record],
    context: EnrichContext<'_>,
) -> Enrichment {
    let started = Instant::now();
    let EnrichContext { preflight, store, observer, stop, ranks } = context;
    if client.is_paid() {
        derive(options.scope, records);
    }
    let groups = select(client, &Identity::new(client, &preflight.facts), options.scope, records);
    let slots = preflight.facts.slots;
    let source = Source { model: client.model().to_owned(), model_digest: preflight.facts.digest };
    let batch_size = options.progress_batch_size.get();
    let mut outcomes = Outcomes::new(records, groups, source, Keeper::new(store), (observer, batch_size));
    outcomes.report_selection(options.scope);
    let mut left = if options.refresh { outcomes.unfinished() } else { outcomes.reuse() };
    // Stable: questions of one rank stay in the order of the records.
    left.sort_by_key(|&group| std::cmp::Reverse(outcomes.rank(group, &ranks)));
    outcomes.begin_asking(left.len());
    let mut asking = Asking {
        client,
        options,
        attempts: vec![Attempts::default(); outcomes.question_count()],
        outcomes,
        pending: Pending::new(left),
        pacing: Pacing::new(&options, slots),
        retries: Retries::new(options.seed),
        // What costs nothing needs no limit.
        spending: Spending::new(if client.is_paid() { options.budget } else { Budget::default() }, started),
        last_failure: String::new(),
        end: None,
    };
    if let Some(reason) = preflight.unavailable
        && !asking.outcomes.is_complete()
    {
        asking.give_up(started, reason);
    }
    let mut enrichment = asking.run(stop).await;
    enrichment.account.elapsed = started.elapsed();
    enrichment
}

/// The state of the loop. `replies` handles replies.
pub(super) struct Asking<'a> {
    pub(super) client: &'a dyn LlmClient,
    pub(super) options: EnrichOptions,
    pub(super) outcomes: Outcomes<'a>,
    /// The attempts of each distinct question.
    pub(super) attempts: Vec<Attempts>,
    pub(super) pending: Pending,
    pub(super) pacing: Pacing,
    pub(super) retries: Retries,
    pub(super) spending: Spending,
    /// The provider's last failure.
    pub(super) last_failure: String,
    /// Set once no call is sent any more.
    pub(super) end: Option<End>,
}

/// An end before all questions are done.
pub(super) struct End {
    ending: Ending,
    /// Calls in flight are awaited until then; `None` for as long as each of them may take.
    drain_until: Option<Instant>,
}

impl<'a> Asking<'a> {
    async fn run(mut self, mut stop: StopSignal) -> Enrichment {
        let mut in_flight = InFlight::new();
        let mut stop_count = 0;
        loop {
            let now = Instant::now();
            while stop.count() > stop_count {
                stop_count += 1;
                self.interrupt(now, stop_count, in_flight.len());
            }
            self.outcomes.keep_if_due(now);
            self.check_patience(now);
            self.check_budget(now);
            self.launch(now, &in_flight);
            self.outcomes.in_flight(in_flight.len());
            if self.is_over(now, in_flight.len()) {
                break;
            }
            let wake = self.next_wake(now);
            tokio::select! {
                biased;
                () = stop.requested(stop_count + 1) => {}
                Some(reply) = in_flight.next(), if !in_flight.is_empty() => {
                    self.receive(reply);
                    // Handle all available replies before the next call is sent.
                    while let Some(Some(reply)) = in_flight.next().now_or_never() {
                        self.receive(reply);
                    }
                }
                () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {}
            }
        }
        drop(in_flight);
        self.close()
    }

    /// Stops sending. Calls in flight may still be answered.
    pub(super) fn give_up(&mut self, now: Instant, reason: String) {
        if self.end.is_none() {
            self.outcomes.decided(&Decision::GaveUp { reason: reason.clone() });
            let drain_until = Some(now + self.options.drain);
            self.end = Some(End { ending: Ending::GaveUp { reason }, drain_until });
        }
    }

    /// Stops sending once a limit of the caller is reached and there is more to ask. Calls in flight are paid for, so
    /// they are awaited, unless it is the time that is over.
    fn check_budget(&mut self, now: Instant) {
        let is_late = self.spending.is_late(now);
        if self.end.is_none()
            && let Some(limit) = self.spending.end(now)
            && (is_late || self.pending.has(|group| !self.outcomes.is_done(group)))
            && !self.outcomes.is_complete()
        {
            let ending = Ending::BudgetSpent { reason: format!("not asked: {limit}") };
            self.outcomes.decided(&Decision::BudgetSpent { reason: limit });
            let drain_until = is_late.then(|| now + self.options.drain);
            self.end = Some(End { ending, drain_until });
        }
    }

    /// Sends as many calls as are permitted now.
    fn launch(&mut self, now: Instant, in_flight: &InFlight<'a>) {
        while self.end.is_none()
            && self.spending.end(now).is_none()
            && self.spending.may_add(in_flight.len())
            && let Some(permit) = self.pacing.permit(now, in_flight.len())
            && let Some(group) = self.next_question(now)
        {
            let attempts = &mut self.attempts[group];
            attempts.sent += 1;
            self.spending.call();
            let is_first_time = attempts.sent == 1;
            if is_first_time {
                self.retries.budget.earn();
            }
            if permit.is_probe {
                self.pacing.breaker.begin_probe();
            }
            let question = self.outcomes.send(group, is_first_time, self.pacing.in_flight_limit());
            let ticket = Ticket {
                group,
                is_probe: permit.is_probe,
                sent: now,
                in_flight: in_flight.len() + 1,
                limit: permit.limit,
            };
            in_flight.push(call(self.client, question, ticket).boxed());
        }
    }

    /// The next question to send. A retry beyond the budget is a failure.
    fn next_question(&mut self, now: Instant) -> Option<usize> {
        while let Some(delayed) = self.pending.pop_due(now) {
            if self.outcomes.is_done(delayed.group) {
                continue;
            }
            if self.retries.budget.spend() {
                return Some(delayed.group);
            }
            let reason = format!("{}; the run has no retries left", delayed.reason);
            self.outcomes.fail(delayed.group, &self.attempts[delayed.group].reason(&reason));
        }
        std::iter::from_fn(|| self.pending.pop()).find(|&group| !self.outcomes.is_done(group))
    }

    /// Gives up once the patience with the provider is over.
    fn check_patience(&mut self, now: Instant) {
        if self.end.is_none() && self.pacing.breaker.patience_ends().is_some_and(|end| end <= now) {
            let patience = self.options.provider_patience.as_secs_f64();
            self.give_up(now, format!("provider gave no answer for {patience} s: {}", self.last_failure));
            self.stop_draining(now);
        }
    }

    fn interrupt(&mut self, now: Instant, stop_count: u32, in_flight: usize) {
        if stop_count > 1 {
            self.stop_draining(now);
            return;
        }
        self.outcomes.decided(&Decision::Interrupted { in_flight });
        self.end = Some(End { ending: Ending::Interrupted, drain_until: Some(now + self.options.drain) });
    }

    fn stop_draining(&mut self, now: Instant) {
        if let Some(end) = &mut self.end {
            end.drain_until = Some(now);
        }
    }

    fn is_over(&self, now: Instant, in_flight: usize) -> bool {
        let has_ended = |end: &End| in_flight == 0 || end.drain_until.is_some_and(|until| until <= now);
        self.outcomes.is_complete() || self.end.as_ref().is_some_and(has_ended)
    }

    /// The next moment that requires action without an answer.
    fn next_wake(&self, now: Instant) -> Option<Instant> {
        let moment = if let Some(end) = &self.end {
            end.drain_until
        } else {
            let due = self.pending.next_due().filter(|due| *due > now);
            [due, self.pacing.next_change(now), self.spending.deadline()].into_iter().flatten().min()
        };
        moment.into_iter().chain(self.outcomes.keep_due()).min()
    }

    fn close(mut self) -> Enrichment {
        let ending = match self.end {
            Some(End { ending, .. }) if !self.outcomes.is_complete() => ending,
            _ => Ending::Completed,
        };
        let mut left = Left::default();
        match &ending {
            Ending::GaveUp { reason } => _ = self.outcomes.fail_the_rest(reason),
            Ending::BudgetSpent { reason } => left = self.outcomes.fail_the_rest(reason),
            Ending::Completed | Ending::Interrupted => {}
        }
        self.outcomes.close(ending, left)
    }
}

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

/// Questions that are neither in flight nor done.
#[derive(Debug, Default)]
pub(super) struct Pending {
    queue: VecDeque<usize>,
    /// Ordered by due time, then by arrival.
    delayed: BTreeMap<(Instant, u64), Delayed>,
    delayed_count: u64,
}

/// A question that failed and waits to be sent again.
#[derive(Debug)]
pub(super) struct Delayed {
    pub(super) group: usize,
    /// The reason of its failure, in case it is not sent again.
    pub(super) reason: String,
}

impl Pending {
    pub(super) fn new(groups: Vec<usize>) -> Self {
        Self { queue: groups.into(), ..Self::default() }
    }

    /// The next question whose backoff is over.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Delayed> {
        let first = self.delayed.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// The next question in the queue.
    pub(super) fn pop(&mut self) -> Option<usize> {
        self.queue.pop_front()
    }

    /// Whether any question waits that is wanted.
    pub(super) fn has(&self, is_wanted: impl Fn(usize) -> bool) -> bool {
        self.queue.iter().copied().chain(self.delayed.values().map(|delayed| delayed.group)).any(is_wanted)
    }

    /// Puts a question at the head of the queue.
    pub(super) fn push_first(&mut self, group: usize) {
        self.queue.push_front(group);
    }

    /// Puts a question at the end of the queue.
    pub(super) fn push(&mut self, group: usize) {
        self.queue.push_back(group);
    }

    /// Lets a question wait until `due`.
    pub(super) fn delay(&mut self, due: Instant, delayed: Delayed) {
        self.delayed_count += 1;
        self.delayed.insert((due, self.delayed_count), delayed);
    }

    /// Puts all questions that wait for their backoff at the end of the queue.
    pub(super) fn release_delayed(&mut self) {
        self.queue.extend(std::mem::take(&mut self.delayed).into_values().map(|delayed| delayed.group));
    }

    /// When the next backoff is over.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.delayed.first_key_value().map(|((due, _), _)| *due)
    }
}
