//! What a failure means for the next question, from its kind, its status and the provider's text.
//!
//! An *outage* is a provider that is unreachable or failing: no connection, a broken one, silence until the time-out, a
//! page of another server, or any 5xx. A provider that is merely busy is not an outage: 408, 425, 429, 529, and a 503
//! that says so (with `Retry-After`, or in words). A used-up quota is fatal. How long a run waits is decided elsewhere.

use std::time::Duration;

use crate::AskError;

const QUOTA_WORDS: [&str; 8] = [
    "quota",
    "billing",
    "usage limit",
    "credit balance",
    "insufficient credit",
    "out of credits",
    "payment",
    "subscription",
];
/// A quota per minute is a rate limit, which passes.
const RATE_WORDS: [&str; 3] = ["per minute", "per second", "requests per"];
const BUSY_WORDS: [&str; 3] = ["busy", "overload", "loading"];
const TOO_LONG_WORDS: [&str; 4] = ["context length", "context size", "context window", "too long"];
const WRONG_CALL_WORDS: [&str; 2] = ["unexpected endpoint", "unauthorized"];

/// What a failure means for the next question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// It concerns this question only, and asking again would fail again.
    Permanent,
    /// Every other question would fail in the same way.
    Fatal,
    /// The server refused a part of the request, and later requests change it: the same question can be sent
    /// immediately.
    Adapted,
    /// It is transient.
    Passing {
        /// How long the provider asks all clients to wait.
        wait: Option<Duration>,
        /// Whether the provider is unreachable or failing, rather than busy.
        is_outage: bool,
    },
}

impl FailureClass {
    const OUTAGE: Self = Self::Passing { wait: None, is_outage: true };
    const HICCUP: Self = Self::Passing { wait: None, is_outage: false };

    /// A short stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::Fatal => "fatal",
            Self::Adapted => "adapted",
            Self::Passing { .. } => "passing",
        }
    }
}

impl AskError {
    /// What the failure means for the next question.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::TimedOut { .. } | Self::Page => FailureClass::OUTAGE,
            Self::Incomplete { .. } => FailureClass::HICCUP,
            Self::Redirect { .. } => FailureClass::Fatal,
            Self::Adapted { .. } => FailureClass::Adapted,
            Self::Status { status, detail, retry_after } => class_of_status(*status, detail, *retry_after),
            Self::Reported { detail } => class_of_report(detail),
            Self::TooLarge { .. } | Self::Malformed { .. } | Self::SpentOnThinking { .. } | Self::Untrustworthy(_) => {
                FailureClass::Permanent
            }
        }
    }
}

fn class_of_status(status: u16, detail: &str, wait: Option<Duration>) -> FailureClass {
    match status {
        401..=405 | 407 | 410 | 501 | 505 | 511 => FailureClass::Fatal,
        429 if is_quota(detail) => FailureClass::Fatal,
        503 => FailureClass::Passing { wait, is_outage: wait.is_none() && !has_any(detail, &BUSY_WORDS) },
        408 | 425 | 429 | 529 => FailureClass::Passing { wait, is_outage: false },
        500..=599 => FailureClass::Passing { wait, is_outage: true },
        _ => FailureClass::Permanent,
    }
}

/// An error with a success status: usually a runner that crashed after the status was sent.
fn class_of_report(detail: &str) -> FailureClass {
    let is_missing_model = is_about_a_model(detail) && has_any(detail, &["not found", "does not exist"]);
    if is_missing_model || is_quota(detail) || has_any(detail, &WRONG_CALL_WORDS) {
        FailureClass::Fatal
    } else if has_any(detail, &TOO_LONG_WORDS) {
        FailureClass::Permanent
    } else {
        FailureClass::HICCUP
    }
}

fn is_quota(detail: &str) -> bool {
    has_any(detail, &QUOTA_WORDS) && !has_any(detail, &RATE_WORDS)
}

/// Whether the provider's text is about a model, rather than about the address.
pub(crate) fn is_about_a_model(detail: &str) -> bool {
    has_any(detail, &["model"])
}

/// Whether the provider's text is about the length of a prompt.
pub(crate) fn is_about_length(detail: &str) -> bool {
    has_any(detail, &TOO_LONG_WORDS)
}

fn has_any(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: FailureClass = FailureClass::HICCUP;
    const OUTAGE: FailureClass = FailureClass::OUTAGE;
    use FailureClass::{Fatal, Permanent};

    #[test]
    fn status_decides_class() {
        for (status, detail, expected) in [
            (400, "prompt too long", Permanent),
            (401, "", Fatal),
            (402, "", Fatal),
            (403, "", Fatal),
            (404, "model 'x' not found", Fatal),
            (405, "", Fatal),
            (408, "", BUSY),
            (413, "", Permanent),
            (422, "", Permanent),
            (425, "", BUSY),
            (429, "slow down", BUSY),
            (429, "Rate limit reached: quota of 3 requests per minute", BUSY),
            (429, "You exceeded your current quota", Fatal),
            (429, "you have reached your weekly usage limit, upgrade", Fatal),
            (500, "", OUTAGE),
            (501, "", Fatal),
            (502, "", OUTAGE),
            (503, "", OUTAGE),
            (503, "server busy, please try again", BUSY),
            (503, "Loading model", BUSY),
            (504, "", OUTAGE),
            (521, "", OUTAGE),
            (529, "Overloaded", BUSY),
        ] {
            let error = AskError::Status { status, detail: detail.to_owned(), retry_after: None };
            assert_eq!(error.class(), expected, "{status} {detail}");
        }
    }

    #[test]
    fn any_wait_is_passed_on() {
        for (status, seconds, is_outage) in [(429, 7, false), (503, 0, false), (500, 7, true), (503, 86_400, false)] {
            let wait = Some(Duration::from_secs(seconds));
            let error = AskError::Status { status, detail: String::new(), retry_after: wait };
            assert_eq!(error.class(), FailureClass::Passing { wait, is_outage }, "{status} {seconds}");
        }
    }

    #[test]
    fn error_with_success_status_is_classified() {
        for (detail, expected) in [
            ("an error was encountered while running the model: unexpected EOF", BUSY),
            ("", BUSY),
            ("model 'x' not found", Fatal),
            ("Unexpected endpoint or method. (POST /api/generate)", Fatal),
            ("insufficient_quota", Fatal),
            ("this model's maximum context length is 4096 tokens", Permanent),
        ] {
            assert_eq!(AskError::Reported { detail: detail.to_owned() }.class(), expected, "{detail}");
        }
    }
}
