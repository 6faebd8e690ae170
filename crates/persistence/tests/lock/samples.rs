//! Sample holders and paths, and short ways to take a lock.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cds_persistence::{FileLock, LockError, LockHolder};
use tempfile::TempDir;

/// Longer than any test should wait, even on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) fn workplace() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().canonicalize().unwrap().join("snapshots.db.lock");
    (directory, path)
}

pub(crate) fn holder(run_id: &str) -> LockHolder {
    LockHolder {
        pid: std::process::id(),
        host: "host-a".into(),
        run_id: run_id.into(),
        command: "persist".into(),
        started_at: "2026-01-02T03:04:05.678Z".into(),
        stage: "analyze".into(),
    }
}

pub(crate) fn acquire(path: &Path, run_id: &str) -> Result<FileLock, LockError> {
    wait_for(path, run_id, Duration::ZERO)
}

pub(crate) fn wait_for(path: &Path, run_id: &str, timeout: Duration) -> Result<FileLock, LockError> {
    FileLock::acquire(path, &holder(run_id), timeout, &|| false)
}

/// The holder that the refusal names.
pub(crate) fn refused_by(outcome: Result<FileLock, LockError>) -> Option<LockHolder> {
    match outcome {
        Err(LockError::Held { holder, .. }) => holder.map(|holder| *holder),
        other => panic!("the lock should be held: {other:?}"),
    }
}
