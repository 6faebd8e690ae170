//! The right to write to an archive, which one command has at a time, whichever database it serves.

use std::{io::ErrorKind, path::Path, sync::Arc};

use cds_persistence::{FileLock, LockError, LockHolder, LockMonitor, WATCH_INTERVAL};

use crate::{arguments::LockArguments, failure::Failure, machine, render::messages, signals::Interrupt, stages};

/// The name of the lock file in the directory of an archive. It is hidden, so that no engine takes it for data.
const LOCK_NAME: &str = ".cds-archive.lock";

/// Held until the value goes, or the process.
pub(in crate::commands) struct ArchiveLock {
    lock: Arc<FileLock>,
    _monitor: LockMonitor,
}

impl ArchiveLock {
    /// Takes the lock of an archive that is there.
    pub(in crate::commands) fn acquire(
        archive: &Path,
        arguments: &LockArguments,
        command: &str,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let holder = LockHolder {
            pid: std::process::id(),
            host: machine::host_name(),
            command: command.to_owned(),
            started_at: stages::now().to_string(),
            ..LockHolder::default()
        };
        let path = archive.join(LOCK_NAME);
        let lock = FileLock::acquire(&path, &holder, arguments.lock_timeout, &|| interrupt.is_raised())
            .map_err(|error| failure(error, interrupt))?;
        if lock.is_nameless() {
            messages::warning(&format!(
                "{} holds something else, which is left alone; nobody is told who writes",
                path.display()
            ));
        }
        let lock = Arc::new(lock);
        let lost = interrupt.clone();
        let monitor = lock.watch(WATCH_INTERVAL, move |why| lost.lose_lock(why));
        Ok(Self { lock, _monitor: monitor })
    }

    /// Looks now, and not only at the next look of the monitor.
    pub(in crate::commands) fn is_held(&self, interrupt: &Interrupt) -> bool {
        if let Err(why) = self.lock.check() {
            interrupt.lose_lock(&why);
        }
        !interrupt.has_lost_lock()
    }
}

fn failure(error: LockError, interrupt: &Interrupt) -> Failure {
    let hint = match &error {
        LockError::Stopped => return interrupt.failure(),
        LockError::Held { .. } => {
            "wait until the other command is done with the archive, or wait longer with --lock-timeout 10m"
        }
        LockError::Unsupported { .. } => "put the archive on a file system that has locks",
        LockError::Io { source, .. } if source.kind() == ErrorKind::StorageFull => "make room on the disk",
        LockError::NotARegularFile { .. } => "remove what has the name of the lock file",
        _ => "give yourself permission to write in the directory of the archive, or name another one",
    };
    Failure::failed(error).with_hint(hint)
}
