//! Detects that every question of a run gets the same answer or the same failure: further questions are then not worth
//! their cost.

/// Different questions that may get the same sentence while there is no other.
const MAX_SAME_ANSWERS: usize = 20;
/// Different questions that may fail for one reason while none is answered.
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
    /// Counts a text; returns the number of equal ones, or `None` once they differ.
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

/// The verdict on an answer, compared with all earlier ones.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may be the model's answer to everything.
    Doubtful,
    /// The model gives different answers.
    Good,
    /// The model gives the same answer to everything.
    Worthless,
}

impl Sameness {
    /// Compares an answer to another question with all earlier ones.
    pub(super) fn answered(&mut self, intent: &str) -> Verdict {
        self.failure.end();
        match self.answer.add(intent) {
            None => Verdict::Good,
            Some(count) if count <= MAX_SAME_ANSWERS => Verdict::Doubtful,
            Some(_) => Verdict::Worthless,
        }
    }

    /// Whether another question that fails for `reason` shows that all will. Numbers in the reason are ignored.
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
