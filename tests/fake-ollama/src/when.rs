//! Which requests a rule applies to.

use std::ops::{Bound, RangeBounds};

/// A condition on requests; every part must hold. Ordinals count from 1.
///
/// [`When::question`] matches questions (a `POST` to `/api/generate`, `/api/chat` or `/v1/chat/completions` with a
/// prompt). [`When::path`] and [`When::under`] match every request to a path. Each counts its own kind.
#[derive(Clone, Debug)]
pub struct When {
    target: Target,
    nth: Option<Span>,
    every: Option<usize>,
    containing: Option<String>,
    attempt: Option<Span>,
    times: Option<usize>,
}

#[derive(Clone, Debug)]
enum Target {
    Question,
    Load,
    Path(String),
    Under(String),
}

#[derive(Clone, Copy, Debug)]
struct Span {
    first: usize,
    last: usize,
}

impl Span {
    fn of(range: &impl RangeBounds<usize>) -> Self {
        let first = match range.start_bound() {
            Bound::Included(first) => *first,
            Bound::Excluded(before) => before + 1,
            Bound::Unbounded => 1,
        };
        let last = match range.end_bound() {
            Bound::Included(last) => *last,
            Bound::Excluded(after) => after.saturating_sub(1),
            Bound::Unbounded => usize::MAX,
        };
        Self { first, last }
    }

    fn holds(self, ordinal: usize) -> bool {
        (self.first..=self.last).contains(&ordinal)
    }
}

impl When {
    /// Every question.
    pub fn question() -> Self {
        Self::target(Target::Question)
    }

    /// Every request that only loads the model (an empty prompt).
    pub fn load() -> Self {
        Self::target(Target::Load)
    }

    /// Every request to exactly this path, whatever its method.
    pub fn path(path: &str) -> Self {
        Self::target(Target::Path(path.to_owned()))
    }

    /// Every request whose path begins with this prefix; `/` matches all.
    pub fn under(prefix: &str) -> Self {
        Self::target(Target::Under(prefix.to_owned()))
    }

    fn target(target: Target) -> Self {
        Self { target, nth: None, every: None, containing: None, attempt: None, times: None }
    }

    /// Only the n-th match.
    #[must_use]
    pub fn nth(self, ordinal: usize) -> Self {
        self.within(ordinal..=ordinal)
    }

    /// Only matches in a range of ordinals: `3..=5`, `4..`, `..=2`.
    #[must_use]
    pub fn within(mut self, ordinals: impl RangeBounds<usize>) -> Self {
        self.nth = Some(Span::of(&ordinals));
        self
    }

    /// Only every n-th match: the n-th, the 2n-th, and so on.
    ///
    /// # Panics
    /// When `n` is 0.
    #[must_use]
    pub fn every(mut self, n: usize) -> Self {
        assert!(n > 0, "every 0th request is none");
        self.every = Some(n);
        self
    }

    /// Only requests whose prompt contains this text; without a prompt, whose body does.
    #[must_use]
    pub fn containing(mut self, text: &str) -> Self {
        self.containing = Some(text.to_owned());
        self
    }

    /// Only the n-th attempt at the same prompt, from 1.
    #[must_use]
    pub fn attempt(self, attempt: usize) -> Self {
        self.attempts(attempt..=attempt)
    }

    /// Only these attempts at the same prompt: `..=2` fails the first two.
    #[must_use]
    pub fn attempts(mut self, attempts: impl RangeBounds<usize>) -> Self {
        self.attempt = Some(Span::of(&attempts));
        self
    }

    /// At most this many times in all.
    #[must_use]
    pub fn times(mut self, limit: usize) -> Self {
        self.times = Some(limit);
        self
    }

    /// Whether the rule counts requests of this kind at all.
    pub(crate) fn targets(&self, seen: &Subject<'_>) -> bool {
        match &self.target {
            Target::Question => seen.attempt.is_some(),
            Target::Load => seen.is_load,
            Target::Path(path) => seen.path == path,
            Target::Under(prefix) => seen.path.starts_with(prefix.as_str()),
        }
    }

    /// Whether the rule applies to the `ordinal`-th targeted request after `used` uses.
    pub(crate) fn applies(&self, seen: &Subject<'_>, ordinal: usize, used: usize) -> bool {
        self.nth.is_none_or(|span| span.holds(ordinal))
            && self.every.is_none_or(|n| ordinal.is_multiple_of(n))
            && self.containing.as_ref().is_none_or(|text| seen.text.contains(text.as_str()))
            && self.attempt.is_none_or(|span| seen.attempt.is_some_and(|attempt| span.holds(attempt)))
            && self.times.is_none_or(|limit| used < limit)
    }
}

/// The properties of a request that rules examine.
pub(crate) struct Subject<'a> {
    pub(crate) path: &'a str,
    /// The prompt, or the body if there is no prompt.
    pub(crate) text: &'a str,
    /// `Some` for questions only.
    pub(crate) attempt: Option<usize>,
    pub(crate) is_load: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(when: &When, expected: &[usize]) {
        let subject = Subject { path: "/api/generate", text: "def f", attempt: Some(1), is_load: false };
        let found: Vec<usize> = (1..=6).filter(|ordinal| when.applies(&subject, *ordinal, 0)).collect();
        assert_eq!(found, expected, "{when:?}");
    }

    #[test]
    fn ordinals_match_number_range_and_step() {
        check(&When::question(), &[1, 2, 3, 4, 5, 6]);
        check(&When::question().nth(3), &[3]);
        check(&When::question().within(2..4), &[2, 3]);
        check(&When::question().within(5..), &[5, 6]);
        check(&When::question().within(..=2), &[1, 2]);
        check(&When::question().every(3), &[3, 6]);
        check(&When::question().every(2).within(3..), &[4, 6]);
        check(&When::question().containing("class"), &[]);
        check(&When::question().attempt(2), &[]);
    }
}
