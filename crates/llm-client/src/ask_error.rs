//! Why a question got no answer. `failure_class.rs` decides what that means for the next question.

use std::{error::Error, time::Duration};

use crate::{
    clean::Distrust,
    failure_class::is_about_a_model,
    plain_text::{MAX_CHARS, one_line},
};

/// The cause of a failed connection.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why one attempt got no usable answer. Its texts hold no credential, even if the provider repeated one.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The provider was not reached: no address, refused, no TLS, or no connection in time.
    #[error("could not connect to {url}")]
    Connect {
        /// The provider's URL, without credentials.
        url: String,
        /// The error of the connection.
        #[source]
        cause: BoxError,
    },
    /// The answer, or a part of it, did not arrive in time.
    #[error("timed out after {} s", limit.as_secs_f64())]
    TimedOut {
        /// The time limit.
        limit: Duration,
    },
    /// The connection broke before the answer was complete.
    #[error("connection to the provider broke")]
    Broken {
        /// Whether it broke before the head of an answer; see [`AskError::is_unanswered`].
        is_unanswered: bool,
        /// The error of the connection.
        #[source]
        cause: BoxError,
    },
    /// The provider redirects the question; redirects are not followed.
    #[error("provider redirects{} (status {status}){}", towards(target), redirect_advice(target))]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// The redirect's target without credentials; empty if the provider does not say.
        target: String,
    },
    /// The provider refused or failed.
    #[error("provider answered with status {status}{}{}", after_colon(detail), status_advice(*status, detail))]
    Status {
        /// The HTTP status.
        status: u16,
        /// One short line of the body; empty if it has none.
        detail: String,
        /// The pause that the provider requests (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// An error with a success status.
    #[error("provider reported an error{}", after_colon(detail))]
    Reported {
        /// One short line; empty if there is no text.
        detail: String,
    },
    /// The body exceeds the limit for an answer; the rest was not read.
    #[error("answer is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read.
        limit: usize,
    },
    /// An HTML page, most likely from a gateway or a login in front of the provider.
    #[error("malformed answer: an HTML page instead of JSON")]
    Page,
    /// The body ends too early.
    #[error("incomplete answer: {problem}")]
    Incomplete {
        /// Where it ends.
        problem: &'static str,
    },
    /// The body does not follow the protocol.
    #[error("malformed answer: {problem}")]
    Malformed {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The server refused a part of the request, and the next request omits it. No answer was paid for.
    #[error("the server refused a part of the request; {change}")]
    Adapted {
        /// What changes in later requests.
        change: String,
    },
    /// The model spent its token limit on thinking and gave no answer.
    #[error("the model spent {} on thinking and gave no answer", tokens(*answer_tokens))]
    SpentOnThinking {
        /// Prompt tokens, if the provider counts them.
        prompt_tokens: Option<u64>,
        /// Answer tokens, if the provider counts them.
        answer_tokens: Option<u64>,
    },
    /// The answer follows the protocol, but is not a sentence about the code.
    #[error("untrustworthy answer: {0}")]
    Untrustworthy(Distrust),
}

impl AskError {
    /// Whether the connection broke before an answer began, as happens if the server has closed a kept connection. The
    /// same question may then be sent again immediately, without counting as an attempt.
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::Broken { is_unanswered: true, .. })
    }

    /// The kind of failure: a short word that stays stable between versions.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::TimedOut { .. } => "timed_out",
            Self::Broken { .. } => "broken",
            Self::Redirect { .. } => "redirect",
            Self::Status { .. } => "status",
            Self::Reported { .. } => "reported",
            Self::TooLarge { .. } => "too_large",
            Self::Page => "page",
            Self::Incomplete { .. } => "incomplete",
            Self::Malformed { .. } => "malformed",
            Self::Adapted { .. } => "adapted",
            Self::SpentOnThinking { .. } => "thinking",
            Self::Untrustworthy(_) => "untrustworthy",
        }
    }

    /// The HTTP status, if it caused the failure.
    pub const fn http_status(&self) -> Option<u16> {
        match self {
            Self::Redirect { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The failure as stored in a record: one printable line of at most 300 characters with the deepest cause.
    pub fn reason(&self) -> String {
        let mut deepest = self.source();
        while let Some(cause) = deepest.and_then(Error::source) {
            deepest = Some(cause);
        }
        let text = match deepest {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        };
        one_line(&text, MAX_CHARS)
    }
}

fn tokens(count: Option<u64>) -> String {
    count.map_or_else(|| "all its tokens".to_owned(), |count| format!("its {count} tokens"))
}

fn after_colon(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

fn towards(target: &str) -> String {
    if target.is_empty() { String::new() } else { format!(" to {target}") }
}

fn redirect_advice(target: &str) -> &'static str {
    if target.is_empty() { " without a target" } else { "; give that address if it is right" }
}

/// An unknown path points to a wrong URL; an unknown model does not.
fn status_advice(status: u16, detail: &str) -> &'static str {
    if matches!(status, 401 | 403) {
        return "; a token is taken from CDS_PROVIDER_TOKEN";
    }
    let is_wrong_path = status == 405 || status == 404 && !is_about_a_model(detail);
    if is_wrong_path { "; check the path of the provider URL" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("middle")]
    struct Middle(#[source] std::io::Error);

    #[test]
    fn reason_ends_with_deepest_cause() {
        let cause = Box::new(Middle(std::io::Error::other("connection\nrefused\u{1b}[0m")));
        let error = AskError::Connect { url: "http://h:1".to_owned(), cause };
        assert_eq!(error.reason(), "could not connect to http://h:1: connection refused [0m");

        let error = AskError::Status { status: 500, detail: "words ".repeat(200), retry_after: None };
        assert!(error.reason().chars().count() <= 300);
    }

    #[test]
    fn status_message_includes_details() {
        for (status, detail, expected) in [
            (403, "", "provider answered with status 403; a token is taken from CDS_PROVIDER_TOKEN"),
            (404, "model 'x' not found", "provider answered with status 404: model 'x' not found"),
            (
                404,
                "404 page not found",
                "provider answered with status 404: 404 page not found; check the path of the provider URL",
            ),
            (405, "", "provider answered with status 405; check the path of the provider URL"),
        ] {
            let error = AskError::Status { status, detail: detail.to_owned(), retry_after: None };
            assert_eq!(error.reason(), expected);
        }
    }

    #[test]
    fn redirect_may_lack_target() {
        let error = AskError::Redirect { status: 302, target: String::new() };
        assert_eq!(error.reason(), "provider redirects (status 302) without a target");
    }

    #[test]
    fn timeout_shows_limit_in_seconds() {
        for (limit, expected) in [(120_000, "timed out after 120 s"), (250, "timed out after 0.25 s")] {
            assert_eq!(AskError::TimedOut { limit: Duration::from_millis(limit) }.reason(), expected);
        }
    }
}
