//! What a reader should know although the work goes on.

use std::{fmt, path::PathBuf, time::Duration};

use cds_model::{NotRead, TelemetryCounts};
use cds_persistence::{AccountError, LockError, LockLost};

use crate::{Error, Unavailable, chain, not_read};

/// Something that went wrong, or may not be what it seems to be, and did not end the work.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning {
    /// The provider can be asked, and said something about itself.
    Provider(String),
    /// The provider cannot be asked; records get no intent but those that are kept.
    Unavailable(Unavailable),
    /// The tree gave no records.
    NothingRead {
        /// The tree.
        root: PathBuf,
        /// What it holds instead.
        not_read: Vec<NotRead>,
    },
    /// Every file is parsed, since the database cannot be read.
    NothingReused(cds_persistence::Error),
    /// Files were parsed although the database knows them, since their records were altered there.
    AlteredFiles {
        /// One of them.
        example: String,
        /// How many.
        file_count: usize,
    },
    /// What proves the snapshots before this one was changed by another program.
    ProofDoubtful {
        /// What was found.
        what: String,
    },
    /// The snapshot is safe, and a step behind it failed.
    AfterSnapshot(cds_persistence::Error),
    /// Nothing is written, since the database cannot be used.
    NothingWritten(Error),
    /// What was written is safe, and the database could not be closed.
    Closing(cds_persistence::Error),
    /// The file at the place of the lock is not ours, so that it names no holder.
    NamelessLock {
        /// The lock file.
        path: PathBuf,
    },
    /// The right to write was taken away.
    LockLost(LockLost),
    /// The lock file does not say which stage is at work.
    StageNotShown(LockError),
    /// Runs that ended without an end still count as running.
    AbandonedRuns(cds_persistence::Error),
    /// The accounts of a run have a gap.
    RunAccount(AccountError),
    /// The account of upkeep, or of a run that was refused, has a gap.
    CommandAccount(AccountError),
    /// The account of a check is missing.
    CheckAccount(AccountError),
    /// Entries of the telemetry are lost.
    TelemetryLost {
        /// How many were recorded, and how many of them are lost.
        counts: TelemetryCounts,
        /// What the database said; absent if the queue was full or the time was over.
        error: Option<cds_persistence::Error>,
        /// How long the last entries were waited for.
        waited: Duration,
    },
    /// The telemetry is not counted, since it is still being written.
    TelemetryNotCounted,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(note) => formatter.write_str(note),
            Self::Unavailable(Unavailable { error, .. }) => {
                write!(formatter, "no intents can be asked for: {}", error.reason())
            }
            Self::NothingRead { root, not_read } => formatter.write_str(&not_read::why_nothing(root, not_read)),
            Self::NothingReused(error) => {
                write!(formatter, "every file is parsed: cds failed to {}", chain(error))
            }
            Self::AlteredFiles { example, file_count } => write!(
                formatter,
                "the database was altered: the records of {file_count} unchanged files are not as they were written, so \
                 these files were parsed again, among them {example:?}"
            ),
            Self::ProofDoubtful { what } => {
                write!(formatter, "another program changed the proof of earlier snapshots: {what}")
            }
            Self::AfterSnapshot(error) => {
                write!(formatter, "the snapshot is safe, but cds failed to {}", chain(error))
            }
            Self::NothingWritten(error) => {
                write!(formatter, "nothing is written to the database: cds failed to {}", chain(error))
            }
            Self::Closing(error) => write!(formatter, "what was written is safe, but cds failed to {}", chain(error)),
            Self::NamelessLock { path } => write!(
                formatter,
                "{} is not a lock file of cds and is left alone; it does not show who writes to the database",
                path.display()
            ),
            Self::LockLost(why) => write!(formatter, "the lock was lost: {why}; stopping"),
            Self::StageNotShown(error) => write!(formatter, "the lock does not show the stage: {error}"),
            Self::AbandonedRuns(error) => {
                write!(formatter, "runs that were interrupted are not marked: cds failed to {}", chain(error))
            }
            Self::RunAccount(error) => {
                write!(formatter, "the accounts of this run are not complete: cds failed to {}", chain(error))
            }
            Self::CommandAccount(error) => {
                write!(formatter, "the ledger entry of this command is incomplete: cds failed to {}", chain(error))
            }
            Self::CheckAccount(error) => {
                write!(formatter, "the ledger has no entry for this check: cds failed to {}", chain(error))
            }
            Self::TelemetryLost { counts, error, waited } => {
                let TelemetryCounts { recorded, dropped, .. } = counts;
                write!(formatter, "{dropped} of {recorded} entries of the telemetry are lost: ")?;
                match error {
                    Some(error) => formatter.write_str(&chain(error)),
                    None => write!(formatter, "the queue was full, or {:.1} s were over", waited.as_secs_f64()),
                }
            }
            Self::TelemetryNotCounted => formatter
                .write_str("the telemetry of this run is not counted: its last entries are still being written"),
        }
    }
}
