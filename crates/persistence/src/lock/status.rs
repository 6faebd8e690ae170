//! Examines a lock without taking it.

use std::{path::Path, thread, time::Duration};

use super::{
    LockError, LockHolder,
    block::{self, Content},
    file,
};

/// Attempts to read a held but empty file: its holder may have locked it and not written its block yet.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(2);

/// The state of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockStatus {
    /// There is no lock file.
    Missing,
    /// No process holds it.
    Free {
        /// The last holder, if it ended without releasing the lock and the file names it.
        left_behind: Option<LockHolder>,
    },
    /// A process holds it; the file may name it. For an instant, this may be another reader.
    Held(Option<LockHolder>),
}

/// The state of the lock with the lock file at `path`; creates and changes nothing.
///
/// It takes a shared lock for the instant of reading.
///
/// # Errors
///
/// If the path is not a regular file, cannot be read, or does not support locks.
pub fn lock_status(path: &Path) -> Result<LockStatus, LockError> {
    for _ in 1..LOOKS {
        match look(path)? {
            LockStatus::Held(None) => thread::sleep(PAUSE),
            status => return Ok(status),
        }
    }
    look(path)
}

/// Whether the lock file at `path` exists, is held, and names its process.
pub fn is_lock_file_valid(path: &Path) -> bool {
    matches!(lock_status(path), Ok(LockStatus::Held(Some(holder))) if holder.pid != 0)
}

/// The process id in the lock file at `path`, whether it holds the lock or left it behind.
///
/// The process need not be alive: the id may be of another machine, or reused by another process.
pub fn get_pid(path: &Path) -> Option<u32> {
    let file = file::open_for_reading(path).ok()??;
    let holder = block::read_content(&file).ok()?.into_holder()?;
    (holder.pid != 0).then_some(holder.pid)
}

fn look(path: &Path) -> Result<LockStatus, LockError> {
    let Some(file) = file::open_for_reading(path)? else { return Ok(LockStatus::Missing) };
    let is_free = file::is_granted(path, file.try_lock_shared())?;
    if is_free {
        // With the shared lock no process writes, so one read is enough, and the lock is soon free for others.
        let content = block::read_once(&file);
        // A child process may still have the file open; without this, a writer would be refused.
        drop(file.unlock());
        let left_behind = content.map_err(LockError::io("read", path))?.into_holder();
        return Ok(LockStatus::Free { left_behind });
    }
    // On some systems, only the holder can read a locked file.
    Ok(LockStatus::Held(block::read_content(&file).ok().and_then(Content::into_holder)))
}
