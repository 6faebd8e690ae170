//! Events of single calls and questions, for telemetry, in the terms of this crate.

use std::{fmt, sync::Arc, time::Duration};

use cds_model::Record;

use crate::FailureClass;

/// The position of a record, shown as `path:line`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Relative to the root, with `/` as separator.
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

/// A call that returned or timed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallReport<'a> {
    /// The first record with the question.
    pub place: Place,
    /// The attempt at its question, from 1.
    pub attempt: u32,
    /// The time from sending to the complete answer or the failure.
    pub latency: Duration,
    /// Prompt tokens; `None` if the call failed or the provider does not report them.
    pub prompt_tokens: Option<u64>,
    /// Answer tokens; `None` if the call failed or the provider does not report them.
    pub answer_tokens: Option<u64>,
    /// Why there is no usable answer; `None` if there is one.
    pub failure: Option<CallFailure<'a>>,
}

/// Why a call got no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFailure<'a> {
    /// The word of [`AskError::kind`](crate::AskError::kind).
    pub kind: &'static str,
    /// The HTTP status, if it caused the failure.
    pub http_status: Option<u16>,
    /// What the failure means for the next question.
    pub class: FailureClass,
    /// One printable line of at most 300 characters without credentials.
    pub reason: &'a str,
}

/// A question that failed permanently, with all records that share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRecord<'a> {
    /// The first record with the question.
    pub place: Place,
    /// The reason as stored in the records.
    pub reason: &'a str,
    /// The number of records with the question, including the first.
    pub record_count: usize,
}
