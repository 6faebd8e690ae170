//! Writes what came of each question: into its records, to the store, into the account, to the observer.

use std::{collections::HashMap, time::Duration};

use cds_model::{EnrichmentAccount, Intent, KeptAnswer, Record, Scope};
use tokio::time::Instant;

use super::{
    CallFailure, CallReport, Decision, Ending, Enrichment, FailedRecord, Place, SkipCondition,
    account::{Costs, failure_groups},
    keeper::Keeper,
    selection::{QuestionGroup, question, skip_condition},
};
use crate::{
    Answer, BoxError, EnrichmentObserver, PROMPT_VERSION, Question,
    plain_text::{MAX_CHARS, one_line},
    progress::{Completion, Tracker},
};

/// Questions with cut code that are told one by one; whoever has more wants another model, not a longer list.
const MOST_CUTS_TOLD: usize = 100;

/// All distinct questions with what came of them so far.
pub(super) struct Outcomes<'a> {
    records: &'a mut [Record],
    groups: Vec<QuestionGroup>,
    is_done: Vec<bool>,
    left: usize,
    tracker: Tracker,
    keeper: Keeper<'a>,
    observer: &'a mut dyn EnrichmentObserver,
    costs: Costs,
    reasons: HashMap<String, usize>,
    has_store_failed: bool,
    source: Source,
}

/// What came of one call.
pub(super) type CallOutcome<'a> = Result<&'a Answer, CallFailure<'a>>;

/// Who answers; it is kept beside each answer.
pub(super) struct Source {
    pub(super) model: String,
    pub(super) model_digest: String,
}

impl<'a> Outcomes<'a> {
    pub(super) fn new(
        records: &'a mut [Record],
        groups: Vec<QuestionGroup>,
        source: Source,
        keeper: Keeper<'a>,
        (observer, batch_size): (&'a mut dyn EnrichmentObserver, u32),
    ) -> Self {
        let total = groups.iter().map(QuestionGroup::record_count).sum();
        let tracker = Tracker::start(total, batch_size, observer);
        Self {
            records,
            is_done: vec![false; groups.len()],
            left: groups.len(),
            groups,
            tracker,
            keeper,
            observer,
            costs: Costs::default(),
            reasons: HashMap::new(),
            has_store_failed: false,
            source,
        }
    }

    /// Tells which records are not asked about, and which questions are not sent as a whole.
    pub(super) fn tell_selection(&mut self, scope: Scope) {
        for condition in SkipCondition::ALL {
            let is_met = |record: &&Record| skip_condition(scope, record) == Some(condition);
            let record_count = self.records.iter().filter(is_met).count();
            if record_count > 0 {
                self.decided(&Decision::Skipped { record_count, condition });
            }
        }
        let mut cuts = self.groups.iter().filter(|group| group.is_cut());
        for group in cuts.by_ref().take(MOST_CUTS_TOLD) {
            self.observer.decision(&Decision::Cut { place: Place::from(&self.records[group.first]) });
        }
        let question_count = cuts.count();
        if question_count > 0 {
            self.decided(&Decision::CutFurther { question_count });
        }
    }

    /// Answers what the store can answer; returns the questions that are left.
    pub(super) fn reuse(&mut self) -> Vec<usize> {
        let keys: Vec<_> = self.groups.iter().filter_map(|group| Some(group.asked?.key)).collect();
        let found = if keys.is_empty() { Ok(HashMap::new()) } else { self.keeper.store().lookup(&keys) };
        let mut found = found.unwrap_or_else(|error| {
            self.store_failed(&error);
            HashMap::new()
        });
        let (mut record_count, mut question_count) = (0, 0);
        for group in 0..self.groups.len() {
            let kept = self.groups[group].asked.and_then(|asked| found.remove(&asked.key));
            if let Some(intent) = kept.filter(|intent| !intent.trim_start().is_empty()) {
                question_count += 1;
                record_count += self.groups[group].record_count();
                self.finish(group, Intent::Success(intent), [Completion::Reused; 2]);
            }
        }
        if question_count > 0 {
            self.decided(&Decision::Reused { record_count, question_count });
        }
        self.unfinished()
    }

    /// Nothing is found in the store any more; so many questions will be asked.
    pub(super) fn begin_asking(&mut self, question_count: usize) {
        self.tracker.begin_asking(question_count);
    }

    /// The question of a group that is sent now.
    pub(super) fn send(&mut self, group: usize, is_first_time: bool, concurrency: usize) -> Question {
        self.costs.call_count += 1;
        if is_first_time {
            self.costs.asked_count += 1;
            self.tracker.question_sent(concurrency);
        }
        question(&self.records[self.groups[group].first])
    }

    /// Tells the observer of a call that came back.
    pub(super) fn called(&mut self, group: usize, attempt: u32, latency: Duration, outcome: CallOutcome<'_>) {
        let (answer, failure) = match outcome {
            Ok(answer) => (Some(answer), None),
            Err(failure) => (None, Some(failure)),
        };
        self.observer.call(&CallReport {
            place: self.place(group),
            attempt,
            latency,
            prompt_tokens: answer.and_then(|answer| answer.prompt_tokens),
            answer_tokens: answer.and_then(|answer| answer.answer_tokens),
            failure,
        });
    }

    /// A question got its answer.
    pub(super) fn succeed(&mut self, group: usize, answer: Answer, latency: Duration) {
        self.costs.add(&answer, latency);
        self.tracker.question_done();
        if let Some(asked) = self.groups[group].asked {
            let kept = KeptAnswer {
                key: asked.key,
                intent: answer.intent.clone(),
                model: self.source.model.clone(),
                model_digest: self.source.model_digest.clone(),
                prompt_version: PROMPT_VERSION,
                prompt_tokens: answer.prompt_tokens,
                answer_tokens: answer.answer_tokens,
            };
            let outcome = self.keeper.add(Instant::now(), kept);
            self.check_store(outcome);
        }
        self.finish(group, Intent::Success(answer.intent), [Completion::Asked, Completion::Shared]);
    }

    /// A question has no answer and will get none in this run.
    pub(super) fn fail(&mut self, group: usize, reason: &str) {
        let reason = one_line(reason, MAX_CHARS);
        let (place, record_count) = (self.place(group), self.groups[group].record_count());
        self.observer.record_failed(&FailedRecord { place, reason: &reason, record_count });
        self.fail_as(group, reason, Completion::Failed);
    }

    /// No question is asked any more: all that are left fail for the same reason.
    pub(super) fn fail_the_rest(&mut self, reason: &str) {
        let reason = one_line(reason, MAX_CHARS);
        let rest = self.unfinished();
        let record_count = rest.iter().map(|&group| self.groups[group].record_count()).sum();
        self.decided(&Decision::RestFailed { record_count, question_count: rest.len(), reason: reason.clone() });
        for group in rest {
            self.fail_as(group, reason.clone(), Completion::GivenUp);
        }
    }

    fn fail_as(&mut self, group: usize, reason: String, completion: Completion) {
        self.tracker.question_done();
        match self.reasons.get_mut(&reason) {
            Some(count) => *count += self.groups[group].record_count(),
            None => _ = self.reasons.insert(reason.clone(), self.groups[group].record_count()),
        }
        self.finish(group, Intent::Failed(reason), [completion; 2]);
    }

    /// Where the first record with the question stands.
    pub(super) fn place(&self, group: usize) -> Place {
        Place::from(&self.records[self.groups[group].first])
    }

    /// How many distinct questions there are.
    pub(super) fn question_count(&self) -> usize {
        self.groups.len()
    }

    /// Whether each question is done.
    pub(super) fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// The questions without an answer or a failure, in order.
    pub(super) fn unfinished(&self) -> Vec<usize> {
        (0..self.groups.len()).filter(|&group| !self.is_done[group]).collect()
    }

    /// Tells the observer of a decision.
    pub(super) fn decided(&mut self, decision: &Decision) {
        self.observer.decision(decision);
    }

    /// When answers must be handed to the store at the latest.
    pub(super) fn keep_due(&self) -> Option<Instant> {
        self.keeper.due()
    }

    /// Hands answers to the store if it is time.
    pub(super) fn keep_if_due(&mut self, now: Instant) {
        let outcome = self.keeper.hand_over_if_due(now);
        self.check_store(outcome);
    }

    /// Hands the last answers to the store and closes the account.
    pub(super) fn close(mut self, ending: Ending) -> Enrichment {
        let outcome = self.keeper.finish();
        self.check_store(outcome);
        let progress = self.tracker.progress();
        if progress.shared > 0 {
            self.decided(&Decision::Shared { record_count: progress.shared });
        }
        let mut account = EnrichmentAccount {
            selected_count: progress.total,
            reused_count: progress.reused,
            shared_count: progress.shared,
            failed_count: progress.failed,
            cut_count: self.groups.iter().filter(|group| group.is_cut()).count(),
            ..EnrichmentAccount::default()
        };
        self.costs.fill(&mut account);
        Enrichment { account, failures: failure_groups(self.reasons), ending }
    }

    /// Writes an intent into all records of a group; the first and the others may count differently.
    fn finish(&mut self, group: usize, intent: Intent, [first, other]: [Completion; 2]) {
        self.is_done[group] = true;
        self.left -= 1;
        let QuestionGroup { first: index, others, asked, .. } = &mut self.groups[group];
        // They wait for nothing any more.
        let (index, others, asked) = (*index, std::mem::take(others), *asked);
        for other in &others {
            self.records[*other].intent = intent.clone();
        }
        self.records[index].intent = intent;
        for (index, completion) in std::iter::once((index, first)).chain(others.into_iter().map(|index| (index, other)))
        {
            self.records[index].question = asked;
            self.tracker.complete(completion, self.observer);
        }
    }

    fn check_store(&mut self, outcome: Result<(), BoxError>) {
        if let Err(error) = outcome {
            self.store_failed(&error);
        }
    }

    fn store_failed(&mut self, error: &BoxError) {
        if !self.has_store_failed {
            self.has_store_failed = true;
            self.observer.decision(&Decision::StoreFailed { reason: one_line(&chain(error), MAX_CHARS) });
        }
    }
}

/// An error and its causes, separated by colons.
fn chain(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
