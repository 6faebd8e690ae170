//! Records every request and the rules' counters under one lock, so that ordinals and choices agree.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::answer::fnv1a;
use crate::http::HttpRequest;
use crate::inquiry::Inquiry;
use crate::locking::{lock, wait};
use crate::reply::Reply;
use crate::script::{Rule, Script};
use crate::seen::SeenRequest;
use crate::when::Subject;

/// Totals since the server was created; a restart does not reset them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Connections accepted.
    pub connections: usize,
    /// Requests of every kind, read to their last byte.
    pub requests: usize,
    /// Questions: requests with a prompt to a generating endpoint.
    pub questions: usize,
    /// Distinct prompts among the questions.
    pub distinct_questions: usize,
    /// Questions whose complete response was sent, whatever its content.
    pub answered: usize,
    /// Requests to a generating endpoint with an empty prompt.
    pub loads: usize,
    /// Questions in progress.
    pub in_flight: usize,
    /// The most questions in progress at once, including those in the queue.
    pub max_in_flight: usize,
}

/// The record of requests, shared by all connections.
pub(crate) struct Journal {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    counts: Counts,
    requests: Vec<SeenRequest>,
    keep_requests: bool,
    paths: HashMap<String, usize>,
    attempts: HashMap<u64, usize>,
    rules: Vec<RuleUse>,
    count_file: Option<File>,
}

#[derive(Clone, Default)]
struct RuleUse {
    targeted: usize,
    used: usize,
}

/// A request on arrival.
pub(crate) struct Arrival<'a> {
    pub(crate) request: &'a HttpRequest,
    pub(crate) inquiry: Option<&'a Inquiry>,
    pub(crate) connection: usize,
}

/// A recorded request: its index, and the script's reply to it.
pub(crate) struct Admission {
    ordinal: usize,
    is_question: bool,
    pub(crate) reply: Reply,
}

impl Journal {
    pub(crate) fn new(script: &Script) -> Self {
        let state = State {
            counts: Counts::default(),
            requests: Vec::new(),
            keep_requests: script.keep_requests,
            paths: HashMap::new(),
            attempts: HashMap::new(),
            rules: vec![RuleUse::default(); script.rules.len()],
            count_file: script.count_file.as_deref().map(create_count_file),
        };
        let journal = Self { state: Mutex::new(state), changed: Condvar::new() };
        journal.change(|_| ());
        journal
    }

    /// Counts a connection and returns its number.
    pub(crate) fn connected(&self) -> usize {
        self.change(|state| {
            state.counts.connections += 1;
            state.counts.connections
        })
    }

    /// Records a request and picks the first rule that applies. `also` runs under the same lock, in the order of the
    /// ordinals.
    pub(crate) fn admit<T>(
        &self,
        arrival: &Arrival<'_>,
        rules: &[Rule],
        also: impl FnOnce(&Reply) -> T,
    ) -> (Admission, T) {
        let Arrival { request, inquiry, connection } = *arrival;
        let mut seen = SeenRequest::new(request, connection);
        self.change(|state| {
            state.count(&mut seen, inquiry);
            let is_load = inquiry.is_some_and(Inquiry::is_load);
            let text = inquiry.map_or(seen.body.as_str(), |inquiry| inquiry.prompt.as_str());
            let subject = Subject { path: &seen.path, text, attempt: seen.attempt, is_load };
            let reply = state.choose(rules, &subject);
            let result = also(&reply);
            let admission = Admission { ordinal: seen.ordinal, is_question: seen.question.is_some(), reply };
            if state.keep_requests {
                state.requests.push(seen);
            }
            (admission, result)
        })
    }

    /// Marks a request as finished; called just before its last byte is written.
    pub(crate) fn finish(&self, admission: &Admission, answered: bool) {
        self.change(|state| {
            if admission.is_question {
                state.counts.in_flight -= 1;
            }
            if answered {
                state.mark(admission, true);
            }
        });
    }

    /// Revokes an answer whose last write failed.
    pub(crate) fn take_back(&self, admission: &Admission) {
        self.change(|state| state.mark(admission, false));
    }

    /// Waits until `reached` holds or the time is over. Returns the counts and whether it held.
    pub(crate) fn wait_until(&self, within: Duration, reached: impl Fn(&Counts) -> bool) -> (Counts, bool) {
        let deadline = Instant::now() + within;
        let mut state = lock(&self.state);
        while !reached(&state.counts) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return (state.counts, false);
            }
            state = wait(&self.changed, state, left);
        }
        (state.counts, true)
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.state).counts
    }

    pub(crate) fn count_of(&self, path: &str) -> usize {
        lock(&self.state).paths.get(path).copied().unwrap_or_default()
    }

    pub(crate) fn requests(&self) -> Vec<SeenRequest> {
        lock(&self.state).requests.clone()
    }

    fn change<T>(&self, edit: impl FnOnce(&mut State) -> T) -> T {
        let mut state = lock(&self.state);
        let result = edit(&mut state);
        state.write_count_file();
        drop(state);
        self.changed.notify_all();
        result
    }
}

impl State {
    fn count(&mut self, seen: &mut SeenRequest, inquiry: Option<&Inquiry>) {
        self.counts.requests += 1;
        seen.ordinal = self.counts.requests;
        *self.paths.entry(seen.path.clone()).or_default() += 1;
        let Some(inquiry) = inquiry else { return };
        seen.prompt = Some(inquiry.prompt.clone());
        if inquiry.is_load() {
            self.counts.loads += 1;
            return;
        }
        let attempt = self.attempts.entry(fnv1a(inquiry.prompt.as_bytes())).or_default();
        *attempt += 1;
        seen.attempt = Some(*attempt);
        self.counts.distinct_questions = self.attempts.len();
        self.counts.questions += 1;
        seen.question = Some(self.counts.questions);
        self.counts.in_flight += 1;
        self.counts.max_in_flight = self.counts.max_in_flight.max(self.counts.in_flight);
    }

    /// Counts the request for every rule that targets it, and uses the first that applies.
    fn choose(&mut self, rules: &[Rule], subject: &Subject<'_>) -> Reply {
        let mut chosen = None;
        for (rule, counters) in rules.iter().zip(&mut self.rules) {
            if !rule.when.targets(subject) {
                continue;
            }
            counters.targeted += 1;
            if chosen.is_none() && rule.when.applies(subject, counters.targeted, counters.used) {
                counters.used += 1;
                chosen = Some(rule.reply.clone());
            }
        }
        chosen.unwrap_or_else(Reply::usual)
    }

    fn mark(&mut self, admission: &Admission, answered: bool) {
        if let Some(seen) = self.requests.get_mut(admission.ordinal - 1) {
            seen.answered = answered;
        }
        match (admission.is_question, answered) {
            (true, true) => self.counts.answered += 1,
            (true, false) => self.counts.answered -= 1,
            (false, _) => {}
        }
    }

    /// Overwrites the count file in place. The line has a fixed width, so a reader never sees a mixture.
    fn write_count_file(&mut self) {
        let Some(file) = &mut self.count_file else { return };
        let Counts { questions, answered, distinct_questions, .. } = self.counts;
        let line = format!("questions={questions} answered={answered} distinct={distinct_questions}");
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(format!("{line:<79}\n").as_bytes()));
        written.expect("the count file can be written");
    }
}

fn create_count_file(path: &Path) -> File {
    File::create(path).unwrap_or_else(|error| panic!("failed to create {}: {error}", path.display()))
}
