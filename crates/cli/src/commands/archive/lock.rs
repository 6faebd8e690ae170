//! The right to write to an archive, which one command has at a time, whichever database it serves.

use std::{io::ErrorKind, path::Path, sync::Arc};

use cds_persistence::{FileLock, LockError, LockHolder, LockMonitor, WATCH_INTERVAL};
use cds_pipeline::Context;

use crate::{app::App, arguments::LockArguments, failure::Failure};

/// The name of the lock file in the directory of an archive. It is hidden, so that no engine takes it for data.
const LOCK_NAME: &str = ".cds-archive.lock";

/// Held until the value goes, or the process.
pub(in crate::commands) struct ArchiveLock {
    lock: Arc<FileLock>,
    _monitor: LockMonitor,
    context: Context,
}

impl ArchiveLock {
    /// Takes the lock of an archive that is there.
    pub(in crate::commands) fn acquire(
        archive: &Path,
        arguments: &LockArguments,
        command: &str,
        app: &App,
    ) -> Result<Self, Failure> {
        let process = &app.context.process;
        let holder = LockHolder {
            pid: process.pid,
            host: process.host.clone(),
            command: command.to_owned(),
            started_at: process.now().to_string(),
            ..LockHolder::default()
        };
        let path = archive.join(LOCK_NAME);
        let lock = FileLock::acquire(&path, &holder, arguments.lock_timeout, &|| app.is_interrupted())
            .map_err(|error| failure(error, app))?;
        if lock.is_nameless() {
            app.console.warning(&format!(
                "{} holds something else, which is left alone; it does not say who writes",
                path.display()
            ));
        }
        let lock = Arc::new(lock);
        let lost = app.context.clone();
        let monitor = lock.watch(WATCH_INTERVAL, move |why| lost.interrupt.lose_lock(why, lost.reporter.as_ref()));
        Ok(Self { lock, _monitor: monitor, context: app.context.clone() })
    }

    /// Looks now, and not only at the next look of the monitor.
    pub(in crate::commands) fn is_held(&self) -> bool {
        if let Err(why) = self.lock.check() {
            self.context.interrupt.lose_lock(&why, self.context.reporter.as_ref());
        }
        !self.context.interrupt.has_lost_lock()
    }
}

fn failure(error: LockError, app: &App) -> Failure {
    let hint = match &error {
        LockError::Stopped => return app.interruption(),
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
