//! How transactions become durable: with a write-ahead log, or a rollback journal where that cannot work.
//!
//! Both sync at each commit, so that committed data survives a power cut.

use std::{path::Path, time::Duration};

use super::{database::Database, location::Location};
use crate::{Error, Step};

/// A record takes about two kilobytes; smaller pages would waste half of their space.
const PAGE_SIZE: i64 = 8192;

/// A large snapshot changes pages of four indexes at random. With the default cache of 2 MiB, `SQLite` writes them to
/// the log two or three times, which takes half as much processor time again.
const CACHE_KIBIBYTES: i64 = 16 * 1024;

/// How long to wait for a reader that uses the log; after that, the log is merged another time.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(500);

/// The journal of an open database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Journal {
    /// Readers and the writer never block each other.
    WriteAheadLog,
    /// Works without shared memory.
    Truncate,
}

impl Journal {
    /// The best journal that the file system supports.
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

/// Sets the page size and journal of an empty database.
pub(super) fn prepare_new(database: &Database, wanted: Journal) -> Result<Journal, Error> {
    // The page size cannot change once there is a log.
    database
        .connection
        .pragma_update(None, "page_size", PAGE_SIZE)
        .map_err(|cause| database.error(Step::Configure, cause))?;
    set(database, wanted)
}

/// Sets the journal to `wanted`, or falls back to the one without shared memory.
pub(super) fn set(database: &Database, wanted: Journal) -> Result<Journal, Error> {
    let mut mode = String::new();
    for journal in [wanted, Journal::Truncate] {
        mode = set_mode(database, journal.as_str())?;
        if mode == journal.as_str() {
            settle(database, journal)?;
            if journal == Journal::Truncate {
                database.forget();
            }
            return Ok(journal);
        }
    }
    Err(Error::Journal { path: database.path(), mode })
}

/// Uses the journal of an accepted file for one more connection.
///
/// Only write-ahead mode is a property of the file; every other mode belongs to the connection.
pub(super) fn join(database: &Database) -> Result<Journal, Error> {
    let mode: String = database.patiently(|| {
        database
            .connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .map_err(|cause| database.error(Step::SetJournal, cause))
    })?;
    if mode == Journal::WriteAheadLog.as_str() {
        settle(database, Journal::WriteAheadLog)?;
        Ok(Journal::WriteAheadLog)
    } else {
        set(database, Journal::Truncate)
    }
}

/// Turns off the sync of each commit if a power cut can then lose commits, but not damage the file.
///
/// With a log, such commits are safe as soon as any other connection syncs a commit.
pub(super) fn relax(database: &Database, journal: Journal) -> Result<(), Error> {
    match journal {
        Journal::WriteAheadLog => database
            .connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(|cause| database.error(Step::SetJournal, cause)),
        Journal::Truncate => Ok(()),
    }
}

/// Sets the journal mode and returns the resulting one.
fn set_mode(database: &Database, mode: &str) -> Result<String, Error> {
    database.patiently(|| {
        database
            .connection
            .pragma_update_and_check(None, "journal_mode", mode, |row| row.get(0))
            .map_err(|cause| database.error(Step::SetJournal, cause))
    })
}

/// Decides on the sync of each commit, and sets the cache size, which is in pages and so depends on the page size.
fn settle(database: &Database, journal: Journal) -> Result<(), Error> {
    let connection = &database.connection;
    // Without a log, a power cut in the middle of a write could damage the file.
    let is_relaxed = database.options().may_lose_commits && journal == Journal::WriteAheadLog;
    let sync = if is_relaxed { "NORMAL" } else { "FULL" };
    database.patiently(|| {
        connection
            .pragma_update(None, "synchronous", sync)
            .and_then(|()| connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES))
            // `Database::remember` must know of every merge, so `SQLite` must not merge by itself.
            .and_then(|()| connection.pragma_update(None, "wal_autocheckpoint", 0))
            .map_err(|cause| database.error(Step::SetJournal, cause))
    })
}

/// Merges the log into the file, so that the file alone is complete.
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

/// Remembers the state of the file in which the log begins; with a rollback journal `SQLite` detects changes itself.
pub(super) fn remember(database: &Database, journal: Journal) {
    if journal == Journal::WriteAheadLog {
        database.remember(false);
    }
}

/// Removes the empty journal that would stay next to the file; call it before closing.
pub(super) fn leave(database: &Database, journal: Journal) -> Result<(), Error> {
    match journal {
        Journal::WriteAheadLog => Ok(()),
        Journal::Truncate => set_mode(database, "delete").map(drop),
    }
}

/// Whether the file system is known to lack memory shared by several processes or machines.
fn lacks_shared_memory(location: &Location) -> bool {
    file_system(&location.absolute).is_some_and(is_unfit_for_log)
}

/// The file system type of `path`, if the system reports it.
#[cfg(target_os = "linux")]
pub(super) fn file_system(path: &Path) -> Option<u32> {
    u32::try_from(rustix::fs::statfs(path).ok()?.f_type & 0xffff_ffff).ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn file_system(_: &Path) -> Option<u32> {
    None
}

/// Network and user-space file systems, such as virtiofs, by their numbers in `linux/magic.h`.
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
    fn only_local_file_systems_get_logs() {
        for unfit in [0x6969, 0x517b, 0xfe53_4d42, 0xff53_4d42, 0x0102_1997, 0x6573_5546] {
            assert!(is_unfit_for_log(unfit), "{unfit:#x}");
        }
        for (name, fit) in [("ext4", 0xef53), ("tmpfs", 0x0102_1994), ("btrfs", 0x9123_683e), ("xfs", 0x5846_5342)] {
            assert!(!is_unfit_for_log(fit), "{name}");
        }
    }
}
