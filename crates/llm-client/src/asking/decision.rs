//! Decisions of the engine, for logs and telemetry.

use std::{fmt, time::Duration};

use super::Place;

/// A decision and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Records are not asked about; reported once for each condition that applies, before the first call.
    Skipped {
        /// The number of records.
        record_count: usize,
        /// The condition.
        condition: SkipCondition,
    },
    /// The code of a question is too long for the model and is cut in the prompt. Reported for the first 100 such
    /// questions, even if a kept answer is used.
    Cut {
        /// The first record with the question.
        place: Place,
    },
    /// The code of further questions is cut; reported once if there are more than 100.
    CutFurther {
        /// The number of questions beyond those reported one by one.
        question_count: usize,
    },
    /// Answers of earlier runs are used; reported once before the first call, if there are any.
    Reused {
        /// Records that got such an answer.
        record_count: usize,
        /// Distinct questions that need no call.
        question_count: usize,
    },
    /// Some reused answers belong to an older version of the prompt; reported once, if there are any.
    ReusedFormer {
        /// Records that got such an answer.
        record_count: usize,
        /// Distinct questions.
        question_count: usize,
    },
    /// Records got the answer of another record of this run; reported once at the end, if there are any.
    Shared {
        /// The number of records, without those that the question was sent for.
        record_count: usize,
    },
    /// A question will be sent again.
    Retry {
        /// The first record with the question.
        place: Place,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// The minimum wait.
        delay: Duration,
        /// The reason of the failure.
        reason: String,
    },
    /// No call is sent for a while, because the provider asked to wait.
    Paused {
        /// The length of the pause.
        wait: Duration,
        /// The provider's message.
        reason: String,
    },
    /// The provider seems unavailable: from now on only single probes are sent.
    BreakerOpened {
        /// The reason of the last failure.
        reason: String,
    },
    /// The provider is available again.
    BreakerClosed {
        /// How long the run waited for it.
        after: Duration,
    },
    /// The limit of calls in flight changed.
    ConcurrencyChanged {
        /// The old limit.
        from: usize,
        /// The new limit.
        to: usize,
    },
    /// The store of answers cannot be read or written; reported once per run.
    StoreFailed {
        /// The store's error.
        reason: String,
    },
    /// The server refused a part of the request, and later requests change it.
    Adapted {
        /// What was refused, and what is sent instead.
        reason: String,
    },
    /// No question is sent any more; every record without an answer gets this reason.
    GaveUp {
        /// The reason.
        reason: String,
    },
    /// A limit of the caller was reached; every record without an answer gets this reason.
    BudgetSpent {
        /// The reason.
        reason: String,
    },
    /// All questions that remained when the run gave up have failed; reported once at the end, instead of one by one.
    RestFailed {
        /// The number of records.
        record_count: usize,
        /// The number of distinct questions.
        question_count: usize,
        /// The reason of each failure.
        reason: String,
    },
    /// An interruption was requested; no further call is sent.
    Interrupted {
        /// Calls that are still awaited.
        in_flight: usize,
    },
}

/// Why a record is not asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipCondition {
    /// Its kind is not in the scope, with or without code.
    OutOfScope,
    /// Its normalized code is empty.
    WithoutCode,
    /// It is a definition without a body; its sentence is derived.
    WithoutBody,
}

impl SkipCondition {
    /// Every condition.
    pub const ALL: [Self; 3] = [Self::OutOfScope, Self::WithoutCode, Self::WithoutBody];

    /// A short stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutOfScope => "out_of_scope",
            Self::WithoutCode => "without_code",
            Self::WithoutBody => "without_body",
        }
    }
}

impl fmt::Display for SkipCondition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
