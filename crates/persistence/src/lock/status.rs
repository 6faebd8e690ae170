//! Looking at a lock without wanting it.

use std::{path::Path, thread, time::Duration};

use super::{
    LockError, LockHolder,
    block::{self, Content},
    file,
};

/// How often a file is looked at that is held and says nothing, as between taking a lock and writing into it.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(2);

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockStatus {
    /// There is no lock file.
    Missing,
    /// Nobody.
    Free {
        /// Who held it last and ended without letting it go, where the file tells.
        left_behind: Option<LockHolder>,
    },
    /// Somebody, where the file tells who. For the shortest time it may also be another one who looks.
    Held(Option<LockHolder>),
}

/// Who holds the lock of the lock file at `path`; nothing is created or changed.
///
/// The lock is held itself for the instant in which its state is read, together with all others who look.
///
/// # Errors
///
/// When what is there is no regular file, cannot be read, or has no locks.
pub fn lock_status(path: &Path) -> Result<LockStatus, LockError> {
    for _ in 1..LOOKS {
        match look(path)? {
            LockStatus::Held(None) => thread::sleep(PAUSE),
            status => return Ok(status),
        }
    }
    look(path)
}

/// Whether the lock file at `path` is there, is held, and says by which process.
pub fn is_lock_file_valid(path: &Path) -> bool {
    matches!(lock_status(path), Ok(LockStatus::Held(Some(holder))) if holder.pid != 0)
}

/// The number of the process that the lock file at `path` names, whether it holds the lock or left it behind.
///
/// It says nothing about what lives: the number may be one of another machine, or another process may have it by now.
pub fn get_pid(path: &Path) -> Option<u32> {
    let file = file::open_for_reading(path).ok()??;
    let holder = block::read_content(&file).ok()?.into_holder()?;
    (holder.pid != 0).then_some(holder.pid)
}

fn look(path: &Path) -> Result<LockStatus, LockError> {
    let Some(file) = file::open_for_reading(path)? else { return Ok(LockStatus::Missing) };
    let is_free = file::is_granted(path, file.try_lock_shared())?;
    if is_free {
        // Nobody writes while this is read, so that it need not be read twice, and the lock is soon free for others.
        let content = block::read_once(&file);
        // A child that is just being started may still have the file open, and a writer would be refused.
        drop(file.unlock());
        let left_behind = content.map_err(LockError::io("read", path))?.into_holder();
        return Ok(LockStatus::Free { left_behind });
    }
    // There are systems where nobody but its holder can read a locked file.
    Ok(LockStatus::Held(block::read_content(&file).ok().and_then(Content::into_holder)))
}
