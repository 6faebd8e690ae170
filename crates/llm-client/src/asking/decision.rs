//! What the engine decides on the way; for a log and for telemetry.

use std::{fmt, time::Duration};

use super::Place;

/// Something that was decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Records are not asked about; told once a condition, before the first call, where it holds for any.
    Skipped {
        /// How many.
        record_count: usize,
        /// Why.
        condition: SkipCondition,
    },
    /// The code of a question is too long for the model and is cut in the prompt; told for the first 100 of them, also
    /// where the answer is then reused.
    Cut {
        /// The first record with the question.
        place: Place,
    },
    /// The code of further questions is cut; told once, where there are more than 100.
    CutFurther {
        /// How many questions beside those that were told one by one.
        question_count: usize,
    },
    /// Answers of earlier runs are taken; told once, before the first call, where there are any.
    Reused {
        /// Records that got one.
        record_count: usize,
        /// Distinct questions that need no call.
        question_count: usize,
    },
    /// Some of the reused answers are to an older version of the prompt; reported once, where there are any.
    ReusedFormer {
        /// Records that got one.
        record_count: usize,
        /// Distinct questions.
        question_count: usize,
    },
    /// Records got the answer of another record of this run; told once, at the end, where there are any.
    Shared {
        /// How many, without those that the question was sent for.
        record_count: usize,
    },
    /// A question will be sent again.
    Retry {
        /// The first record with the question.
        place: Place,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long it waits at least.
        delay: Duration,
        /// Why it failed.
        reason: String,
    },
    /// No call is sent for a while, because the provider asked for that.
    Paused {
        /// How long.
        wait: Duration,
        /// What the provider said.
        reason: String,
    },
    /// The provider seems to be gone: from now on only single probes are sent.
    BreakerOpened {
        /// How the last call failed.
        reason: String,
    },
    /// The provider is back.
    BreakerClosed {
        /// How long it was waited for.
        after: Duration,
    },
    /// Another number of calls may be in flight.
    ConcurrencyChanged {
        /// How many it were.
        from: usize,
        /// How many it are.
        to: usize,
    },
    /// The store of answers cannot be read or written; told once a run.
    StoreFailed {
        /// What it said.
        reason: String,
    },
    /// The server refused a part of the request, which is sent otherwise from now on.
    Adapted {
        /// What it refused, and what is sent instead.
        reason: String,
    },
    /// No question is sent any more; every record without an answer gets this reason.
    GaveUp {
        /// Why.
        reason: String,
    },
    /// All that was left when the asking was given up has failed; told once, at the end, in the place of a report for
    /// each question.
    RestFailed {
        /// How many records.
        record_count: usize,
        /// How many distinct questions.
        question_count: usize,
        /// The reason of each.
        reason: String,
    },
    /// An interruption was asked for; no call is sent any more.
    Interrupted {
        /// Calls that are still waited for.
        in_flight: usize,
    },
}

/// Why a record is not asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipCondition {
    /// Its kind is not in the scope, whether it has code or not.
    OutOfScope,
    /// Nothing is left of it once it is normalized.
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
