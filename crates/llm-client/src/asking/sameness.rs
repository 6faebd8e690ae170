//! Notices when every question of a run gets the same answer or the same failure: then no further question is worth its price.

/// Different questions that may get one sentence while no other sentence was heard.
const MAX_SAME_ANSWERS: usize = 20;
/// Different questions that may fail for one reason while none was answered.
const MAX_SAME_FAILURES: usize = 10;

/// What all outcomes so far have in common.
#[derive(Debug, Default)]
pub(super) struct Sameness {
    answer: Run,
    failure: Run,
}

/// Equal texts in a row, from the first one on.
#[derive(Debug, Default)]
struct Run {
    text: Option<String>,
    count: usize,
    has_ended: bool,
}

impl Run {
    /// Counts one more text; returns how many were equal, or none once they differed.
    fn add(&mut self, text: &str) -> Option<usize> {
        if self.has_ended || self.text.as_deref().is_some_and(|first| first != text) {
            self.end();
            return None;
        }
        self.text.get_or_insert_with(|| text.to_owned());
        self.count += 1;
        Some(self.count)
    }

    fn end(&mut self) {
        self.has_ended = true;
        self.text = None;
    }
}

/// What is known of an answer, compared with all before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be what the model says to everything.
    Doubtful,
    /// The model says different things.
    Good,
    /// The model says the same to everything.
    Worthless,
}

impl Sameness {
    /// Compares the answer to another question with all before it.
    pub(super) fn answered(&mut self, intent: &str) -> Verdict {
        self.failure.end();
        match self.answer.add(intent) {
            None => Verdict::Good,
            Some(count) if count <= MAX_SAME_ANSWERS => Verdict::Doubtful,
            Some(_) => Verdict::Worthless,
        }
    }

    /// Whether one question more that fails for `reason` shows that all will. Numbers in the reason do not count.
    pub(super) fn failed(&mut self, reason: &str) -> bool {
        let bare: String = reason.chars().filter(|character| !character.is_ascii_digit()).collect();
        self.failure.add(&bare).is_some_and(|count| count >= MAX_SAME_FAILURES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_answer_for_all_is_rejected() {
        let mut sameness = Sameness::default();
        for _ in 0..20 {
            assert_eq!(sameness.answered("Adds."), Verdict::Doubtful);
        }
        assert_eq!(sameness.answered("Adds."), Verdict::Worthless);
    }

    #[test]
    fn second_answer_clears_suspicion() {
        let mut sameness = Sameness::default();
        assert_eq!(sameness.answered("Adds."), Verdict::Doubtful);
        assert_eq!(sameness.answered("Sums."), Verdict::Good);
        assert!((0..100).all(|_| sameness.answered("Adds.") == Verdict::Good));
    }

    #[test]
    fn ten_equal_failures_end_it() {
        let mut sameness = Sameness::default();
        assert!((0..9).all(|number| !sameness.failed(&format!("prompt of {number} tokens"))));
        assert!(sameness.failed("prompt of 9999 tokens"));

        let mut answered = Sameness::default();
        answered.answered("Adds.");
        assert!((0..100).all(|_| !answered.failed("no")));

        let mut mixed = Sameness::default();
        assert!((0..100).all(|number| !mixed.failed(if number % 2 == 0 { "no" } else { "yes" })));
    }
}
