//! Why a question got no answer, in classes that call for different reactions.

use std::{error::Error, time::Duration};

use crate::{
    clean::Distrust,
    plain_text::{MAX_CHARS, one_line},
};

/// The cause of a failed connection.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why one attempt got no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody was reached: no address, refused, no TLS, or no connection in time.
    #[error("could not connect to {url}")]
    Connect {
        /// The provider, without credentials.
        url: String,
        /// What the connection said.
        #[source]
        cause: BoxError,
    },
    /// The answer, or a part of it, did not come in time.
    #[error("timed out after {} s", limit.as_secs_f64())]
    TimedOut {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The connection broke before the answer was complete.
    #[error("connection to the provider broke")]
    Broken {
        /// What the connection said.
        #[source]
        cause: BoxError,
    },
    /// The provider wants the question elsewhere; it is not followed.
    #[error("provider redirects to {target} (status {status}); give that address if it is right")]
    Redirect {
        /// The HTTP status.
        status: u16,
        /// Where to, without credentials.
        target: String,
    },
    /// The provider refused or failed.
    #[error("provider answered with status {status}{}{detail}", if detail.is_empty() { "" } else { ": " })]
    Status {
        /// The HTTP status.
        status: u16,
        /// One short line of the body; empty where it has none.
        detail: String,
    },
    /// An error that came with a status of success.
    #[error("provider reported an error: {detail}")]
    Reported {
        /// One short line.
        detail: String,
    },
    /// More bytes than an answer can have; the rest was not read.
    #[error("answer is larger than {limit} bytes")]
    TooLarge {
        /// How many bytes are read at most.
        limit: usize,
    },
    /// What came is not what the protocol says.
    #[error("malformed answer: {problem}")]
    Malformed {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// What came follows the protocol, and is no sentence about the code.
    #[error("untrustworthy answer: {0}")]
    Untrustworthy(Distrust),
}

/// What a failure means for the next question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// It is about this question only, and asking again would give the same.
    Permanent,
    /// Every other question would fail in the same way.
    Fatal,
    /// It may pass.
    Passing {
        /// How long the provider asks everybody to wait.
        wait: Option<Duration>,
        /// Whether the provider is gone or failing, rather than busy.
        is_outage: bool,
    },
}

impl AskError {
    /// What the failure means for the next question.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Connect { .. } | Self::Broken { .. } | Self::TimedOut { .. } => {
                FailureClass::Passing { wait: None, is_outage: true }
            }
            Self::Status { status: 500..=599, .. } => FailureClass::Passing { wait: None, is_outage: true },
            Self::Status { status: 408 | 425 | 429, .. } => FailureClass::Passing { wait: None, is_outage: false },
            Self::Status { status: 401 | 403 | 404 | 405, .. } | Self::Redirect { .. } => FailureClass::Fatal,
            _ => FailureClass::Permanent,
        }
    }

    /// The failure as a record keeps it: one printable line of at most 300 characters with the deepest cause.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("middle")]
    struct Middle(#[source] std::io::Error);

    #[test]
    fn a_reason_is_one_bounded_line_that_ends_with_the_deepest_cause() {
        let cause = Box::new(Middle(std::io::Error::other("connection\nrefused\u{1b}[0m")));
        let error = AskError::Connect { url: "http://h:1".to_owned(), cause };
        assert_eq!(error.reason(), "could not connect to http://h:1: connection refused [0m");

        let error = AskError::Status { status: 500, detail: "words ".repeat(200) };
        assert!(error.reason().chars().count() <= 300);
    }

    #[test]
    fn a_status_without_a_body_has_no_dangling_colon() {
        let error = AskError::Status { status: 403, detail: String::new() };
        assert_eq!(error.reason(), "provider answered with status 403");
    }

    #[test]
    fn a_time_out_tells_its_limit_in_seconds() {
        for (limit, expected) in [(120_000, "timed out after 120 s"), (250, "timed out after 0.25 s")] {
            assert_eq!(AskError::TimedOut { limit: Duration::from_millis(limit) }.reason(), expected);
        }
    }
}
