//! How a transaction is made durable: by a write-ahead log, or by a rollback journal where that cannot work.
//!
//! Both sync at each commit, so that what was committed survives a power cut.

use std::{path::Path, time::Duration};

use super::{database::Database, location::Location};
use crate::{Error, Step};

/// Records take about two kilobytes: on smaller pages, half of each is lost.
const PAGE_SIZE: i64 = 8192;

/// Of a large snapshot, the pages of four indexes are changed all over; with `SQLite`'s own 2 MiB they go to the log
/// two or three times, at half as much processor time again.
const CACHE_KIBIBYTES: i64 = 16 * 1024;

/// How long a reader that keeps the log in use is waited for; then the log is merged another time.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(500);

/// The journal of an open database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Journal {
    /// Readers and the writer never wait for each other.
    WriteAheadLog,
    /// Works without memory that processes share.
    Truncate,
}

impl Journal {
    /// The best that the file system of the file allows.
    pub(super) fn fit_for(location: &Location) -> Self {
        if lacks_shared_memory(location) { Self::Truncate } else { Self::WriteAheadLog }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::WriteAheadLog => "wal",
            Self::Truncate => "truncate",
        }
    }
}

/// Gives a database without content its page size and its journal.
pub(super) fn prepare_new(database: &Database, wanted: Journal) -> Result<Journal, Error> {
    // It cannot be changed any more once there is a log.
    database
        .connection
        .pragma_update(None, "page_size", PAGE_SIZE)
        .map_err(|cause| database.error(Step::Configure, cause))?;
    set(database, wanted)
}

/// Sets the journal to `wanted`, or to the one that needs no shared memory.
pub(super) fn set(database: &Database, wanted: Journal) -> Result<Journal, Error> {
    let mut mode = String::new();
    for journal in [wanted, Journal::Truncate] {
        mode = set_mode(database, journal.as_str())?;
        if mode == journal.as_str() {
            settle(database)?;
            if journal == Journal::Truncate {
                database.forget();
            }
            return Ok(journal);
        }
    }
    Err(Error::Journal { path: database.path(), mode })
}

/// Takes over the journal of a file that has been accepted before, for one more connection to it.
///
/// Only the log is a property of the file; every other journal is one of the connection.
pub(super) fn join(database: &Database) -> Result<Journal, Error> {
    let mode: String = database.patiently(|| {
        database
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .map_err(|cause| database.error(Step::SetJournal, cause))
    })?;
    if mode == Journal::WriteAheadLog.as_str() {
        settle(database)?;
        Ok(Journal::WriteAheadLog)
    } else {
        set(database, Journal::Truncate)
    }
}

/// Leaves the sync of each commit out where a power cut can then cost commits, but never the file.
///
/// With a log, those commits are safe as soon as any other connection has synced one of its own.
pub(super) fn relax(database: &Database, journal: Journal) -> Result<(), Error> {
    match journal {
        Journal::WriteAheadLog => database
            .connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(|cause| database.error(Step::SetJournal, cause)),
        Journal::Truncate => Ok(()),
    }
}

/// Answers the mode that the database is in then.
fn set_mode(database: &Database, mode: &str) -> Result<String, Error> {
    database.patiently(|| {
        database
            .connection
            .pragma_update_and_check(None, "journal_mode", mode, |row| row.get(0))
            .map_err(|cause| database.error(Step::SetJournal, cause))
    })
}

/// Syncs each commit, and gives the page cache its size, which counts in pages and so comes after their size.
fn settle(database: &Database) -> Result<(), Error> {
    let connection = &database.connection;
    database.patiently(|| {
        connection
            .pragma_update(None, "synchronous", "FULL")
            .and_then(|()| connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES))
            // The log is merged where that is noted; see `Database::remember`.
            .and_then(|()| connection.pragma_update(None, "wal_autocheckpoint", 0))
            .map_err(|cause| database.error(Step::SetJournal, cause))
    })
}

/// Merges the log into the file, so that the file alone holds everything.
pub(super) fn checkpoint(database: &Database, journal: Journal) -> Result<(), Error> {
    if journal != Journal::WriteAheadLog {
        return Ok(());
    }
    let merged = database.patiently_up_to(CHECKPOINT_PATIENCE, || {
        let is_busy: bool = database
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|cause| database.error(Step::Checkpoint, cause))?;
        if is_busy { Err(Error::Locked { path: database.path(), step: Step::Checkpoint }) } else { Ok(()) }
    });
    database.remember(true);
    merged.map_err(|error| if error.is_locked() { Error::CheckpointPending { path: database.path() } } else { error })
}

/// Takes the file for right in which the log begins; a rollback journal leaves it to `SQLite` to notice changes.
pub(super) fn remember(database: &Database, journal: Journal) {
    if journal == Journal::WriteAheadLog {
        database.remember(false);
    }
}

/// Before closing: removes the empty journal that would stay beside the file.
pub(super) fn leave(database: &Database, journal: Journal) -> Result<(), Error> {
    match journal {
        Journal::WriteAheadLog => Ok(()),
        Journal::Truncate => set_mode(database, "delete").map(drop),
    }
}

/// Whether the file system is known to be unfit for memory that several processes, or several machines, share.
fn lacks_shared_memory(location: &Location) -> bool {
    file_system(&location.absolute).is_some_and(is_unfit_for_log)
}

/// The number of the file system that holds `path`, where the system tells.
#[cfg(target_os = "linux")]
pub(super) fn file_system(path: &Path) -> Option<u32> {
    u32::try_from(rustix::fs::statfs(path).ok()?.f_type & 0xffff_ffff).ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn file_system(_: &Path) -> Option<u32> {
    None
}

/// Network file systems, and those in user space, of which virtiofs is one; by the numbers of `linux/magic.h`.
pub(super) const fn is_unfit_for_log(file_system: u32) -> bool {
    const NFS: u32 = 0x6969;
    const SMB: u32 = 0x517b;
    const SMB2: u32 = 0xfe53_4d42;
    const CIFS: u32 = 0xff53_4d42;
    const PLAN_9: u32 = 0x0102_1997;
    const FUSE: u32 = 0x6573_5546;
    matches!(file_system, NFS | SMB | SMB2 | CIFS | PLAN_9 | FUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_get_no_log_and_local_ones_do() {
        for unfit in [0x6969, 0x517b, 0xfe53_4d42, 0xff53_4d42, 0x0102_1997, 0x6573_5546] {
            assert!(is_unfit_for_log(unfit), "{unfit:#x}");
        }
        for (name, fit) in [("ext4", 0xef53), ("tmpfs", 0x0102_1994), ("btrfs", 0x9123_683e), ("xfs", 0x5846_5342)] {
            assert!(!is_unfit_for_log(fit), "{name}");
        }
    }
}
