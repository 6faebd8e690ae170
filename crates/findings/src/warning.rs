//! Warnings about findings that are incomplete or compared in a doubtful way.

use std::fmt;

use cds_persistence::RunId;

use crate::Subject;

/// Something that the findings leave out, or a comparison that may mislead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Another program wrote records of kinds that are not known here.
    UnknownKinds {
        /// How many records.
        count: usize,
        /// One of the kinds.
        example: String,
    },
    /// What is searched has no records.
    NoRecords(Subject),
    /// A run could not be read and is left out of a trend.
    RunLeftOut {
        /// Which one.
        run: RunId,
        /// Why, to be read after "failed to".
        reason: String,
    },
    /// No earlier run of the project has records to compare with.
    FirstRun(RunId),
    /// A run is compared with itself.
    SameRun(RunId),
    /// A run is compared with a later one.
    LaterBaseline {
        /// The run that was searched.
        run: RunId,
        /// The later one.
        baseline: RunId,
    },
    /// A run is compared with one of another project.
    OtherProject {
        /// The run that was searched.
        run: RunId,
        /// That of the other project.
        baseline: RunId,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKinds { count, example } => {
                write!(formatter, "{count} records are left out: their kinds are not known, for example {example:?}")
            }
            Self::NoRecords(subject) => write!(formatter, "{subject} has no records"),
            Self::RunLeftOut { run, reason } => write!(formatter, "run {run} is left out: cds failed to {reason}"),
            Self::FirstRun(run) => write!(
                formatter,
                "run {run} is the first of its project in this database: there is nothing to compare with, so nothing \
                 counts as new"
            ),
            Self::SameRun(run) => write!(formatter, "run {run} is compared with itself: nothing can be new"),
            Self::LaterBaseline { run, baseline } => {
                write!(formatter, "run {run} is compared with run {baseline}, which is later")
            }
            Self::OtherProject { run, baseline } => {
                write!(formatter, "run {run} is compared with run {baseline}, which belongs to another project")
            }
        }
    }
}
