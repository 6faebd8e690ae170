//! Why a command ends without its result, and with which exit status.

use std::{fmt, io, process::ExitCode};

use cds_persistence::{Error, LockError, LossReason, RunProblem};
use cds_pipeline::{Ending, TakenId, target::TargetError};

use crate::render::remedy;

/// A shell's exit status of a command that a signal ended is this and the signal's number.
const SIGNAL_BASE: u8 = 128;

/// What is supported where an address was given for a path.
pub(crate) const ADDRESS_HINT: &str = "cds works with SQLite files and folders of this machine only: --db-path cds.sqlite; a file of such a name is ./NAME";

/// An error with the exit status that it leads to and, where there is one, the next step for the user.
///
/// The cause says what was attempted, in words that read after "failed to".
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    cause: anyhow::Error,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The arguments are wrong, nothing was done.
    Usage,
    /// The command ran and failed.
    Failed,
    /// The command ran, and a gate that the caller asked for was not passed.
    Gate,
    /// The command ran, and what it checked has faults.
    Verdict,
    /// This signal asked it to stop, where its number is known.
    Interrupted(Option<u8>),
}

impl Failure {
    /// The arguments are wrong.
    pub(crate) fn usage(cause: impl Into<anyhow::Error>) -> Self {
        Self::of(Kind::Usage, cause.into())
    }

    /// The command ran and failed.
    pub(crate) fn failed(cause: impl Into<anyhow::Error>) -> Self {
        Self::of(Kind::Failed, cause.into())
    }

    /// A gate that the caller asked for was not passed; `why` is one sentence without a period.
    pub(crate) fn gate(why: String) -> Self {
        Self::of(Kind::Gate, anyhow::Error::msg(why))
    }

    /// What the command checked has faults; `why` is one sentence without a period.
    pub(crate) fn verdict(why: String) -> Self {
        Self::of(Kind::Verdict, anyhow::Error::msg(why))
    }

    fn of(kind: Kind, cause: anyhow::Error) -> Self {
        Self { kind, cause, hint: None }
    }

    /// Says in a wider sense what was attempted; what failed of it is the cause.
    pub(crate) fn within(mut self, attempt: &'static str) -> Self {
        self.cause = self.cause.context(attempt);
        self
    }

    /// Adds what to do next.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.kind {
            Kind::Failed | Kind::Gate | Kind::Verdict => ExitCode::from(1),
            Kind::Usage => ExitCode::from(2),
            Kind::Interrupted(Some(signal)) => ExitCode::from(SIGNAL_BASE.saturating_add(signal)),
            Kind::Interrupted(None) => ExitCode::from(u8::MAX),
        }
    }

    /// Whether the arguments are wrong.
    pub(crate) fn is_usage(&self) -> bool {
        self.kind == Kind::Usage
    }

    /// How the accounts call the end that a command came to.
    pub(crate) fn ending(outcome: &Result<(), Self>) -> Ending {
        match outcome {
            Ok(()) => Ending::completed(),
            Err(Self { kind: Kind::Interrupted(signal), .. }) => Ending::interrupted(*signal),
            Err(failure) => Ending::failed(&failure.to_string()),
        }
    }

    /// Whether the database gave up because the process was asked to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        let of = |cause: &(dyn std::error::Error + 'static)| {
            matches!(cause.downcast_ref::<Error>(), Some(Error::Stopped { .. }))
                || matches!(cause.downcast_ref(), Some(cds_findings::Error::Stopped))
        };
        self.cause.chain().any(of)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Interrupted(_) => formatter.write_str("interrupted"),
            Kind::Gate => write!(formatter, "gate failed: {:#}", self.cause),
            Kind::Verdict => write!(formatter, "{:#}", self.cause),
            Kind::Usage | Kind::Failed => write!(formatter, "failed to {:#}", self.cause),
        }
    }
}

/// What the database said, with the exit status and the next step for each case.
pub(crate) fn database_failure(error: Error) -> Failure {
    let is_argument = matches!(
        error,
        Error::Address { .. }
            | Error::InvalidName { .. }
            | Error::MissingDirectory { .. }
            | Error::NotARegularFile { .. }
            | Error::OwnMount { .. }
            | Error::Missing { .. }
    );
    let hint = match &error {
        Error::Run { problem, .. } => Some(run_hint(problem)),
        error => database_hint(error).map(str::to_owned),
    };
    let failure = if is_argument { Failure::usage(error) } else { Failure::failed(error) };
    match hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

/// What to do about a database file that is a mount of its own.
pub(crate) const OWN_MOUNT_HINT: &str =
    "mount its folder and not the file, for example with: docker run -v FOLDER:FOLDER";

/// What to do about a name that leads to no run.
fn run_hint(problem: &RunProblem) -> String {
    match problem {
        RunProblem::Empty => "create the first one with: cds persist --path SRC --db-path FILE".to_owned(),
        RunProblem::Unknown { nearest } => format!("the nearest are {}; cds runs list shows all", nearest.join(", ")),
        RunProblem::Ambiguous { candidates } => format!("it may be {}", candidates.join(", ")),
        RunProblem::NoSnapshot { .. } | RunProblem::Pruned(_) | RunProblem::Unrecorded(_) => {
            "cds runs list shows the snapshots in its first column".to_owned()
        }
        RunProblem::Missing(_) => "cds verify, without --run, names what is missing from the database".to_owned(),
    }
}

fn database_hint(error: &Error) -> Option<&'static str> {
    Some(match error {
        Error::Address { .. } => ADDRESS_HINT,
        Error::InvalidName { .. } | Error::NotARegularFile { .. } => "name a file, for example --db-path cds.sqlite",
        Error::SideFile { .. } => "move it away, or name another database; nothing was changed",
        Error::ForeignLog { .. } => {
            "was the database restored or replaced? remove the log to go on with the file as it is (what only the log \
             holds is lost), or put the file back that the log belongs to"
        }
        Error::Replaced { .. } => {
            "leave the file alone while cds runs; what this run wrote is not in the file that lies there now"
        }
        Error::OwnMount { .. } => OWN_MOUNT_HINT,
        Error::Missing { .. } => "name the database that cds persist wrote",
        Error::ChangedWhileRead { .. } => "another process writes to it; run the command again",
        Error::MissingDirectory { .. } => "create the folder first, or name a file in an existing one",
        Error::ReadOnly { .. } | Error::Create { .. } | Error::CannotOpen { .. } => {
            "give yourself permission to write the file and its folder, or name another file"
        }
        Error::NotADatabase { .. } | Error::AnotherProgram { .. } | Error::ForeignTables { .. } => {
            "the file was left as it is; name another one"
        }
        Error::Damaged { .. } => {
            "look at it with: sqlite3 FILE 'PRAGMA integrity_check'; a log of another copy may have been applied to it; restore \
             a copy without FILE-wal and FILE-journal beside it, or name another file"
        }
        Error::NotConvertible { .. } => {
            "nothing was changed; cds verify says more about rows, and objects of other programs can be dropped first"
        }
        Error::NewerFormat { .. } => "use the version of cds that wrote it, or a newer one",
        Error::SchemaMismatch { .. } => "the file was left as it is; docs/schema.md has the columns that are needed",
        Error::Locked { .. } => "wait until the other process is done, or wait longer with --busy-timeout 60s",
        Error::Full { .. } => "nothing was written; make room and run the command again",
        _ if error.is_file_failure() => {
            "see whether the disk is full or a limit on the size of files is reached; nothing was half-written"
        }
        _ => return None,
    })
}

/// What the findings said, with the exit status and the next step for each case.
pub(crate) fn findings_failure(error: cds_findings::Error) -> Failure {
    use cds_findings::{Error, GroupProblem};
    match error {
        Error::Database(error) => database_failure(error),
        error @ Error::PathFilter { .. } => {
            Failure::usage(error).with_hint("accepted are patterns such as 'orders/*.py', 'api/**' or 'test_*.py'")
        }
        Error::Group { ref problem, .. } => {
            let hint = match problem {
                GroupProblem::Unknown => {
                    "use the same run, channels and thresholds as the cds dup check that showed it".to_owned()
                }
                GroupProblem::Ambiguous { candidates, .. } => format!("it may be {}", candidates.join(", ")),
                GroupProblem::Covered { by } => format!("name that group instead: {by}"),
            };
            Failure::usage(error).with_hint(hint)
        }
        error @ (Error::TooManyRecords { .. } | Error::Stopped) => Failure::failed(error),
    }
}

/// What the work on a tree or a database said, with the exit status and the next step for each case.
impl From<cds_pipeline::Error> for Failure {
    fn from(error: cds_pipeline::Error) -> Self {
        use cds_pipeline::Error;
        let error = match error {
            Error::Database(error) => return database_failure(error),
            Error::Interrupted { signal } => return Self::of(Kind::Interrupted(signal), error.into()),
            error => error,
        };
        let hint = pipeline_hint(&error);
        let is_argument = matches!(error, Error::TakenId { .. } | Error::Target(_));
        let failure = if is_argument { Self::usage(error) } else { Self::failed(error) };
        Self { hint, ..failure }
    }
}

fn pipeline_hint(error: &cds_pipeline::Error) -> Option<String> {
    use cds_pipeline::Error;
    let hint = match error {
        Error::Unavailable(unavailable) => return Some(remedy::of(unavailable)),
        Error::Lock(error) => lock_hint(error),
        Error::LockLost(lost) if lost.why == LossReason::Unwatched => {
            "let this user have more processes (ulimit -u, or the limit of the container), and run the command again"
        }
        Error::LockLost(_) => "leave the lock file alone while cds runs, and run the command again",
        Error::TakenId { found: TakenId::HasSnapshot { .. }, .. } => {
            "begin another run with: cds runs start --subject SUBJECT"
        }
        Error::TakenId { found: TakenId::Ended { .. }, .. } => "leave it out to get a new one",
        Error::NoAnswers { .. } => "fix that, or leave --require-provider out to save the snapshot without intents",
        Error::NoRecords { .. } => {
            "check --path; with --allow-empty it is written all the same, and the history removes every definition"
        }
        Error::NothingRead { .. } => {
            "check --path, --languages, --include and --exclude; cds languages lists what is read"
        }
        Error::Target(error) => target_hint(error)?,
        Error::OlderCommit { latest, .. } => {
            return Some(format!(
                "a history only goes forward: begin behind it with --range {latest}.., or name a new file with --db-path"
            ));
        }
        Error::Repository { source, .. } if source.is_missing() => {
            "it was not fetched: git fetch --unshallow gets all commits of a shallow clone; or begin later with --since"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn lock_hint(error: &LockError) -> &'static str {
    match error {
        LockError::Held { .. } => "wait until it is done, or wait longer with --lock-timeout 10m; see cds lock status",
        LockError::Unsupported { .. } => "put the database on a file system that has locks",
        LockError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => "make room on the disk",
        LockError::NotARegularFile { .. } => "remove what has the name of the lock file, or name another database",
        _ => "give yourself permission to write the file and its folder, or name another database",
    }
}

fn target_hint(error: &TargetError) -> Option<&'static str> {
    match error {
        TargetError::Read { .. } | TargetError::Folder { .. } | TargetError::TooLarge { .. } => {
            Some("name a readable file of code, or - for stdin")
        }
        TargetError::NoDefinition { .. } => {
            Some("name a line inside of a definition, or leave the line out for the whole file")
        }
        TargetError::Decode { .. } | TargetError::NoCode { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signal_decides_the_exit_status() {
        let failure = Failure::from(cds_pipeline::Error::Interrupted { signal: Some(15) });
        assert_eq!(failure.exit_code(), ExitCode::from(143));
        assert_eq!(Failure::ending(&Err(failure)), Ending::interrupted(Some(15)));
        let unknown = Failure::from(cds_pipeline::Error::Interrupted { signal: None });
        assert_eq!(unknown.exit_code(), ExitCode::from(255));
    }
}
