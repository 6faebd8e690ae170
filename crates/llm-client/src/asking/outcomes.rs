//! Applies the outcome of each question to its records, the store, the account and the observer.

use std::{collections::HashMap, time::Duration};

use cds_model::{AskedQuestion, EnrichmentAccount, Intent, KeptAnswer, Record, Scope};
use tokio::time::Instant;

use super::{
    CallFailure, CallReport, Decision, Ending, Enrichment, FailedRecord, Left, Place, SkipCondition,
    answers::{Keeper, Sameness, Verdict},
    questions::{Identity, Kept, QuestionGroup, kept_answers, question, skip_condition},
    report::{Costs, failure_groups},
};
use crate::{
    Answer, BoxError, EnrichmentObserver, LlmClient, ModelFacts, PROMPT_VERSION, Question,
    plain_text::{MAX_CHARS, one_line},
    progress::{Completion, Tracker},
};

/// Questions with cut code that are reported one by one; more of them call for another model, not for a longer list.
const MAX_REPORTED_CUTS: usize = 100;

/// All distinct questions with their outcomes so far.
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
    sameness: Sameness,
    /// Questions whose answers count only once the model gives a different answer.
    doubtful: Vec<usize>,
}

/// The result of one call.
pub(super) type CallOutcome<'a> = Result<&'a Answer, CallFailure<'a>>;

/// The source of the answers, stored beside each.
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
            sameness: Sameness::default(),
            doubtful: Vec::new(),
        }
    }

    /// Reports which records are not asked about, and which questions are cut.
    pub(super) fn report_selection(&mut self, scope: Scope) {
        for condition in SkipCondition::ALL {
            let is_met = |record: &&Record| skip_condition(scope, record) == Some(condition);
            let record_count = self.records.iter().filter(is_met).count();
            if record_count > 0 {
                self.decided(&Decision::Skipped { record_count, condition });
            }
        }
        let mut cuts = self.groups.iter().filter(|group| group.is_cut());
        for group in cuts.by_ref().take(MAX_REPORTED_CUTS) {
            self.observer.decision(&Decision::Cut { place: Place::from(&self.records[group.first]) });
        }
        let question_count = cuts.count();
        if question_count > 0 {
            self.decided(&Decision::CutFurther { question_count });
        }
    }

    /// Uses kept answers; returns the remaining questions.
    pub(super) fn reuse(&mut self) -> Vec<usize> {
        self.take_kept();
        self.unfinished()
    }

    /// Handles a changed request to `client`: every open question gets its new identity. If `may_reuse`, kept answers
    /// under the new identity are used.
    pub(super) fn identify_again(&mut self, client: &dyn LlmClient, reason: &str, may_reuse: bool) {
        self.decided(&Decision::Adapted { reason: reason.to_owned() });
        let facts = ModelFacts { digest: self.source.model_digest.clone(), ..ModelFacts::default() };
        let identity = Identity::new(client, &facts);
        for group in self.unfinished() {
            let prompt = client.prompt(&question(&self.records[self.groups[group].first]));
            let asked = AskedQuestion { key: identity.key(&prompt), is_cut: prompt.is_cut };
            (self.groups[group].asked, self.groups[group].prompt_bytes) = (Some(asked), prompt.byte_count());
        }
        if may_reuse {
            self.take_kept();
        }
    }

    /// Whether a question has an answer or a failure.
    pub(super) fn is_done(&self, group: usize) -> bool {
        self.is_done[group]
    }

    fn take_kept(&mut self) {
        let kept = kept_answers(&self.groups, self.keeper.store()).unwrap_or_else(|error| {
            self.store_failed(&error);
            Vec::new()
        });
        let (mut record_count, mut question_count) = (0, 0);
        let (mut former_record_count, mut former_question_count) = (0, 0);
        for (group, kept) in kept.into_iter().enumerate() {
            let Some(Kept { intent, asked, is_former }) = kept.filter(|_| !self.is_done[group]) else { continue };
            let group_record_count = self.groups[group].record_count();
            question_count += 1;
            record_count += group_record_count;
            if is_former {
                former_question_count += 1;
                former_record_count += group_record_count;
                self.groups[group].asked = Some(asked);
            }
            self.finish(group, Intent::Success(intent), [Completion::Reused; 2]);
        }
        if question_count > 0 {
            self.decided(&Decision::Reused { record_count, question_count });
        }
        if former_question_count > 0 {
            self.decided(&Decision::ReusedFormer {
                record_count: former_record_count,
                question_count: former_question_count,
            });
        }
    }

    /// Ends the lookup in the store; `question_count` questions will be asked.
    pub(super) fn begin_asking(&mut self, question_count: usize) {
        self.tracker.begin_asking(question_count);
    }

    /// The next question of a group to send.
    pub(super) fn send(&mut self, group: usize, is_first_time: bool, concurrency: usize) -> Question {
        self.costs.call_count += 1;
        if is_first_time {
            self.costs.asked_count += 1;
            self.tracker.question_sent(concurrency);
        }
        question(&self.records[self.groups[group].first])
    }

    /// Records the number of calls in flight.
    pub(super) fn in_flight(&mut self, count: usize) {
        self.tracker.in_flight(count, self.observer);
    }

    /// Reports a returned call to the observer.
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

    /// Records a paid call without an answer.
    pub(super) fn spent(&mut self, prompt_tokens: Option<u64>, answer_tokens: Option<u64>) {
        self.costs.add_tokens(prompt_tokens, answer_tokens);
    }

    /// Records an answer. Returns why further questions are pointless, if the model gives all of them the same answer.
    pub(super) fn succeed(&mut self, group: usize, answer: Answer, latency: Duration) -> Option<String> {
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
        let verdict = match self.groups[group].asked {
            Some(_) => self.sameness.answered(&answer.intent),
            // Free answers are derived from the code, so equal code has equal answers.
            None => Verdict::Good,
        };
        self.finish(group, Intent::Success(answer.intent), [Completion::Asked, Completion::Shared]);
        match verdict {
            Verdict::Good => self.doubtful.clear(),
            Verdict::Doubtful => self.doubtful.push(group),
            Verdict::Worthless => {
                self.doubtful.push(group);
                return Some(self.take_back());
            }
        }
        None
    }

    /// Turns answers that are all the same into failures, and returns the reason.
    fn take_back(&mut self) -> String {
        let doubtful = std::mem::take(&mut self.doubtful);
        let sentence = doubtful.first().and_then(|&group| self.records[self.groups[group].first].intent.text());
        let reason = format!("the model gives the same answer to every question: {}", sentence.unwrap_or_default());
        let reason = one_line(&reason, MAX_CHARS);
        let keys: Vec<_> = doubtful.iter().filter_map(|&group| Some(self.groups[group].asked?.key)).collect();
        let outcome = self.keeper.forget(&keys);
        self.check_store(outcome);
        for group in doubtful {
            self.report_failure(group, &reason);
            for index in self.groups[group].members() {
                self.records[index].intent = Intent::Failed(reason.clone());
            }
            self.tracker.take_back(self.groups[group].record_count());
        }
        reason
    }

    /// Records that a question has no answer and will get none in this run.
    pub(super) fn fail(&mut self, group: usize, reason: &str) {
        let reason = one_line(reason, MAX_CHARS);
        self.report_failure(group, &reason);
        self.fail_as(group, reason, Completion::Failed);
    }

    /// Whether another permanent failure shows that every question fails for this reason.
    pub(super) fn fails_always(&mut self, reason: &str) -> bool {
        self.sameness.failed(reason)
    }

    fn report_failure(&mut self, group: usize, reason: &str) {
        let (place, record_count) = (self.place(group), self.groups[group].record_count());
        self.observer.record_failed(&FailedRecord { place, reason, record_count });
        match self.reasons.get_mut(reason) {
            Some(count) => *count += record_count,
            None => _ = self.reasons.insert(reason.to_owned(), record_count),
        }
    }

    /// Ends the questions: all remaining ones fail for the same reason. Returns what they were.
    pub(super) fn fail_the_rest(&mut self, reason: &str) -> Left {
        let reason = one_line(reason, MAX_CHARS);
        let rest = self.unfinished();
        let record_count = rest.iter().map(|&group| self.groups[group].record_count()).sum();
        let left = Left { question_count: rest.len(), record_count };
        self.decided(&Decision::RestFailed { record_count, question_count: rest.len(), reason: reason.clone() });
        if record_count > 0 {
            *self.reasons.entry(reason.clone()).or_default() += record_count;
        }
        for group in rest {
            self.fail_as(group, reason.clone(), Completion::GivenUp);
        }
        left
    }

    fn fail_as(&mut self, group: usize, reason: String, completion: Completion) {
        self.tracker.question_done();
        self.finish(group, Intent::Failed(reason), [completion; 2]);
    }

    /// How urgent a question is: as the most urgent of its records.
    pub(super) fn rank(&self, group: usize, ranks: &[u64]) -> u64 {
        self.groups[group].members().filter_map(|index| ranks.get(index)).copied().max().unwrap_or_default()
    }

    /// The length of a question's prompt in bytes.
    pub(super) fn prompt_bytes(&self, group: usize) -> usize {
        self.groups[group].prompt_bytes
    }

    /// The position of the first record with the question.
    pub(super) fn place(&self, group: usize) -> Place {
        Place::from(&self.records[self.groups[group].first])
    }

    /// The number of distinct questions.
    pub(super) fn question_count(&self) -> usize {
        self.groups.len()
    }

    /// Whether each question is done.
    pub(super) fn is_complete(&self) -> bool {
        self.left == 0
    }

    /// The open questions, in order.
    pub(super) fn unfinished(&self) -> Vec<usize> {
        (0..self.groups.len()).filter(|&group| !self.is_done[group]).collect()
    }

    /// Reports a decision to the observer.
    pub(super) fn decided(&mut self, decision: &Decision) {
        self.observer.decision(decision);
    }

    /// The latest time at which answers must be saved.
    pub(super) fn keep_due(&self) -> Option<Instant> {
        self.keeper.due()
    }

    /// Saves answers if they are due.
    pub(super) fn keep_if_due(&mut self, now: Instant) {
        let outcome = self.keeper.hand_over_if_due(now);
        self.check_store(outcome);
    }

    /// Saves the last answers and closes the account.
    pub(super) fn close(mut self, ending: Ending, left: Left) -> Enrichment {
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
        Enrichment { account, failures: failure_groups(self.reasons), ending, left }
    }

    /// Writes an intent into all records of a group; the first and the others may count differently.
    fn finish(&mut self, group: usize, intent: Intent, [first, other]: [Completion; 2]) {
        self.is_done[group] = true;
        self.left -= 1;
        let QuestionGroup { first: index, others, asked, .. } = &self.groups[group];
        for &other_index in others {
            self.records[other_index].intent.clone_from(&intent);
            self.records[other_index].question = *asked;
        }
        (self.records[*index].intent, self.records[*index].question) = (intent, *asked);
        self.tracker.complete(first, self.observer);
        for _ in others {
            self.tracker.complete(other, self.observer);
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
