//! What happens to single calls and questions; for telemetry, and told in the vocabulary of this crate alone.

use std::{fmt, sync::Arc, time::Duration};

use cds_model::Record;

use crate::FailureClass;

/// Where a record stands, shown as `path:line`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Relative to the root, `/` between the parts.
    pub file_path: Arc<str>,
    /// First line, 1-based.
    pub start_line: u32,
}

impl From<&Record> for Place {
    fn from(record: &Record) -> Self {
        Self { file_path: Arc::clone(&record.file_path), start_line: record.start_line }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file_path, self.start_line)
    }
}

/// A call that came back, or was waited for long enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallReport<'a> {
    /// The first record with the question.
    pub place: Place,
    /// Which call of the question it was, from 1.
    pub attempt: u32,
    /// From the sending until the whole answer, or until the failure.
    pub latency: Duration,
    /// Tokens read; none where the call failed or the provider does not tell.
    pub prompt_tokens: Option<u64>,
    /// Tokens written; none where the call failed or the provider does not tell.
    pub answer_tokens: Option<u64>,
    /// Why it got no usable answer; none where it got one.
    pub failure: Option<CallFailure<'a>>,
}

/// Why a call got no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFailure<'a> {
    /// One word of [`AskError::kind`](crate::AskError::kind).
    pub kind: &'static str,
    /// The HTTP status, where that is what went wrong.
    pub http_status: Option<u16>,
    /// What it means for the next question.
    pub class: FailureClass,
    /// One printable line of at most 300 characters without credentials.
    pub reason: &'a str,
}

/// A question that failed for good, and all records that wait for its answer with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRecord<'a> {
    /// The first record with the question.
    pub place: Place,
    /// The reason as it is written into the records.
    pub reason: &'a str,
    /// How many records have the question, the first among them.
    pub record_count: usize,
}
