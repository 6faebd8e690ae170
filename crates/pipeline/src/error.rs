//! Why the work on a tree or a database cannot go on.

use std::path::PathBuf;

use cds_llm_client::{BoxError, ProbeError, ProviderKind};
use cds_model::{LedgerId, NotRead, Stage};
use cds_persistence::{LockError, LockLost, RunId};

use crate::{not_read, target::TargetError};

/// What was attempted and why it failed; each variant calls for another exit status or another next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database; it names the file and the step itself.
    #[error(transparent)]
    Database(#[from] cds_persistence::Error),
    /// The right to write cannot be had.
    #[error(transparent)]
    Lock(LockError),
    /// The right to write was there, and is not any more.
    #[error("keep the right to write: {0}; nothing more was written, answers up to then are kept")]
    LockLost(LockLost),
    /// A signal asked for the end.
    #[error("interrupted")]
    Interrupted {
        /// Its number, if it is known.
        signal: Option<u8>,
    },
    /// The ledger has the id that the caller gave to this invocation.
    #[error("use --ledger-id {id}: {found}")]
    TakenId {
        /// As it was given.
        id: LedgerId,
        /// What the ledger has under it.
        found: TakenId,
    },
    /// The provider cannot be asked, and has to be.
    #[error("ask for intents: {}", .0.error.reason())]
    Unavailable(Unavailable),
    /// The provider was asked, answered nothing, and has to.
    #[error("ask for intents: no question was answered: {reason}")]
    NoAnswers {
        /// Why it was given up.
        reason: String,
    },
    /// The answers that are kept cannot be looked up.
    #[error("look up the answers that are kept")]
    Answers(#[source] BoxError),
    /// A tree without a file that can be read, although there has to be one.
    #[error("read the tree: {}", not_read::why_nothing(root, not_read))]
    NothingRead {
        /// The tree.
        root: PathBuf,
        /// What it holds instead.
        not_read: Vec<NotRead>,
    },
    /// A tree without records over a project that has some.
    #[error(
        "persist a snapshot without records: project {project} has some, and {}",
        not_read::why_nothing(root, not_read)
    )]
    NoRecords {
        /// The project.
        project: String,
        /// The tree.
        root: PathBuf,
        /// What it holds instead.
        not_read: Vec<NotRead>,
    },
    /// There is no place for a snapshot.
    #[error("write a snapshot without a database")]
    NoStore,
    /// A panic in a stage; it goes on after the account is written.
    #[error("go on: a defect of cds ended stage {stage}")]
    Defect {
        /// Which stage.
        stage: Stage,
    },
    /// A name goes back further than the first commit.
    #[error("read the tree of {name}: the history does not go back so far")]
    NoParent {
        /// As it was given.
        name: String,
    },
    /// The repository cannot be read.
    #[error("{doing}")]
    Repository {
        /// What was done.
        doing: String,
        /// What went wrong.
        source: cds_provenance::Error,
    },
    /// A commit lies before the latest snapshot of its project, so that it would come too late for the history.
    #[error(
        "save commit {commit} of {committed_at}: it is older than run {run} of the project, which is of commit {latest}"
    )]
    OlderCommit {
        /// The first of those that are too old.
        commit: String,
        /// When it was committed.
        committed_at: String,
        /// The latest snapshot.
        run: RunId,
        /// The commit of that.
        latest: String,
    },
    /// The piece of code that others are compared with.
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// What the ledger has under an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TakenId {
    /// A run that is held open by another program, and has its snapshot.
    #[error("that run has its snapshot already, {run}")]
    HasSnapshot {
        /// The number of the snapshot.
        run: RunId,
    },
    /// A run that is not held open.
    #[error("the ledger has it already, for a run of project {project} ({status})")]
    Ended {
        /// The project of that run.
        project: String,
        /// Its status.
        status: String,
    },
}

/// A provider that cannot be asked.
#[derive(Debug)]
pub struct Unavailable {
    /// Why.
    pub error: ProbeError,
    /// Which interface it was asked with.
    pub kind: ProviderKind,
    /// Its address as the caller gave it, without credentials.
    pub address: String,
}

impl Error {
    /// Whether another process holds the lock that is needed.
    pub const fn is_refused_lock(&self) -> bool {
        matches!(self, Self::Lock(LockError::Held { .. }))
    }
}

/// An error with all of its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use cds_persistence::LockHolder;

    use super::*;

    #[test]
    fn chain_names_every_cause_once() {
        let error = Error::Answers("no such table".into());
        assert_eq!(chain(&error), "look up the answers that are kept: no such table");
        let path = PathBuf::from("a.sqlite");
        assert_eq!(
            chain(&Error::from(cds_persistence::Error::Missing { path })),
            "open database \"a.sqlite\": it does not exist"
        );
    }

    #[test]
    fn only_a_held_lock_is_refused() {
        let holder = Some(Box::new(LockHolder::default()));
        assert!(Error::Lock(LockError::Held { path: "x.lock".into(), holder }).is_refused_lock());
        assert!(!Error::Lock(LockError::Stopped).is_refused_lock());
    }
}
