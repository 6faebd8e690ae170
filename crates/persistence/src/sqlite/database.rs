//! One open database file: its connection, how errors about it are worded, and how its transactions begin and end.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Statement, Transaction, TransactionBehavior, config::DbConfig};

use super::{
    busy,
    location::{Identity, Location},
    stop::{self, Role},
    underneath::Underneath,
};
use crate::{
    Error, OpenOptions, Step,
    table::{Table, foreign_triggers},
};

/// Versions before this one can damage a database when its write-ahead log starts anew.
const FIRST_SAFE_LIBRARY: (i32, &str) = (3_051_003, "3.51.3");

/// Refuses a linked `SQLite` that cannot be trusted with a write-ahead log.
pub(super) fn check_library(version_number: i32) -> Result<(), Error> {
    let (number, required) = FIRST_SAFE_LIBRARY;
    if version_number < number {
        return Err(Error::OldLibrary { found: rusqlite::version(), required });
    }
    Ok(())
}

/// So many triggers are named where a write is refused.
const MOST_TRIGGERS: usize = 5;

/// A connection and what it takes to work with it.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    location: Location,
    /// The file that was opened.
    identity: Option<Identity>,
    options: OpenOptions,
    /// By what name and how it was opened.
    opened: (PathBuf, OpenFlags, Role),
    /// Another connection like this one, to a file that has no name any more.
    spare: Mutex<Option<Box<Database>>>,
    /// The file on the disk; let go after the connection.
    underneath: Option<Arc<Underneath>>,
    /// What `PRAGMA data_version` said last: another connection has written when it says something else.
    data_version: Cell<i64>,
}

/// A log of so many bytes is merged into the file after a commit, as `SQLite` would by itself.
const LARGE_LOG: u64 = 8 << 20;

impl Database {
    /// Opens the file at `location` without changing it, and with nothing in it trusted.
    pub(super) fn connect(location: Location, options: OpenOptions) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let name = location.absolute.clone();
        let database = Self::connect_as(location, &name, flags, Role::Writer, options)?;
        if database.connection.is_readonly("main").map_err(|cause| database.error(Step::Configure, cause))? {
            return Err(Error::ReadOnly { path: database.path(), source: None });
        }
        Ok(database)
    }

    /// Opens the file at `location` by `name` and `flags` so that nothing in its content can be changed.
    pub(super) fn connect_reader(
        location: Location,
        name: &Path,
        flags: OpenFlags,
        options: OpenOptions,
    ) -> Result<Self, Error> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Self::connect_as(location, name, flags, Role::Reader, options)?;
        database
            .connection
            .pragma_update(None, "query_only", true)
            .map_err(|cause| database.error(Step::Configure, cause))?;
        Ok(database)
    }

    /// Another connection to what this one reads, in which nothing can be changed either.
    pub(super) fn open_another(&self) -> Result<Self, Error> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(spare) = spare {
            return Ok(*spare);
        }
        let (name, flags, _) = &self.opened;
        Self::connect_reader(self.location.clone(), name, *flags, self.options)
    }

    /// Opens the other connection now, because the file is about to lose its name.
    pub(super) fn keep_another(&self) -> Result<(), Error> {
        let another = Box::new(self.open_another()?);
        *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(another);
        Ok(())
    }

    fn connect_as(
        location: Location,
        name: &Path,
        flags: OpenFlags,
        role: Role,
        options: OpenOptions,
    ) -> Result<Self, Error> {
        let underneath = Underneath::open(&location)?;
        let connection = Connection::open_with_flags(name, flags)
            .map_err(|cause| Error::from_sqlite(&location.path, Step::Open, cause))?;
        let identity = location.identity();
        let mut database = Self {
            connection,
            location,
            identity,
            options,
            opened: (name.to_owned(), flags, role),
            spare: Mutex::default(),
            underneath,
            data_version: Cell::new(0),
        };
        stop::obey(&mut database.connection, role).map_err(|cause| database.error(Step::Configure, cause))?;
        database.configure().map_err(|cause| database.error(Step::Configure, cause))?;
        Ok(database)
    }

    fn configure(&self) -> rusqlite::Result<()> {
        let connection = &self.connection;
        // See `busy`.
        connection.busy_timeout(Duration::ZERO)?;
        // A log that somebody left behind is not merged by closing a file that is refused.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, self.location.has_pending_log())?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // On macOS a plain sync may stop at the disk's own cache; elsewhere this says nothing.
        connection.pragma_update(None, "fullfsync", true)
    }

    /// Takes the file on as ours: closing it leaves nothing beside it.
    pub(super) fn accept(&self) -> Result<(), Error> {
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
            .map(drop)
            .map_err(|cause| self.error(Step::Configure, cause))
    }

    /// The path as the user gave it.
    pub(super) fn path(&self) -> PathBuf {
        self.location.path.clone()
    }

    /// Where the file is.
    pub(super) const fn location(&self) -> &Location {
        &self.location
    }

    /// How long the database is waited for.
    pub(super) const fn options(&self) -> OpenOptions {
        self.options
    }

    /// Refuses to go on when the path leads to another file now, or to none: what is written would be lost.
    pub(super) fn check_is_in_place(&self) -> Result<(), Error> {
        if self.location.identity() == self.identity && !self.is_overwritten() {
            return Ok(());
        }
        // Nothing of the log may get into what lies there now.
        drop(self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
        Err(Error::Replaced { path: self.path() })
    }

    fn is_overwritten(&self) -> bool {
        let Some(underneath) = &self.underneath else { return false };
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap_or_default();
        let is_written_by_others = self.data_version.replace(version) != version;
        underneath.is_overwritten(|| is_written_by_others)
    }

    /// Takes the file on the disk as it is now for right, as the log is about to be begun, or was just merged.
    pub(super) fn remember(&self, is_merged: bool) {
        if let Some(underneath) = &self.underneath {
            underneath.remember(is_merged);
        }
        if is_merged {
            // The next transaction reads the first page again, and counts on from what is in the file.
            drop(self.connection.execute_batch("PRAGMA shrink_memory"));
        }
    }

    /// No state of the file on the disk is right for longer than a commit, where there is no log.
    pub(super) fn forget(&self) {
        if let Some(underneath) = &self.underneath {
            underneath.forget();
        }
    }

    /// Merges a log that has grown large, so that it does not grow for as long as a run takes.
    pub(super) fn merge_large_log(&self) {
        let is_large = fs::metadata(self.location.beside("-wal")).is_ok_and(|log| log.len() > LARGE_LOG);
        if is_large && self.check_is_in_place().is_ok() {
            // A reader may be in the way; then it is done after another commit.
            drop(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
            self.remember(true);
        }
    }

    /// What `SQLite` said about `step`, in our words.
    ///
    /// Another file that was copied over this one looks like damage.
    pub(super) fn error(&self, step: Step, cause: rusqlite::Error) -> Error {
        let error = Error::from_sqlite(&self.location.path, step, cause);
        if matches!(error, Error::Damaged { .. } | Error::NotADatabase { .. }) {
            return self.check_is_in_place().err().unwrap_or(error);
        }
        error
    }

    /// The same of a write, which triggers of other programs may have refused.
    fn error_of_write(&self, step: Step, cause: rusqlite::Error) -> Error {
        let mut error = self.error(step, cause);
        if let Error::Statement { source, .. } = &mut error {
            let triggers = foreign_triggers(&self.connection).unwrap_or_default();
            if !triggers.is_empty() {
                let names = triggers.iter().take(MOST_TRIGGERS).map(|name| format!("{name:?}")).collect::<Vec<_>>();
                source.text = format!("{}; triggers of another program act here: {}", source.text, names.join(", "));
            }
        }
        error
    }

    /// From now on, waits no longer than `limit`.
    pub(super) fn limit_patience(&mut self, limit: Duration) {
        self.options.busy_timeout = self.options.busy_timeout.min(limit);
    }

    /// Tries `attempt` for as long as this database is to be waited for.
    pub(super) fn patiently<T>(&self, attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        busy::retry(self.options.busy_timeout, attempt)
    }

    /// As [`patiently`](Self::patiently), but never for longer than `limit`.
    pub(super) fn patiently_up_to<T>(
        &self,
        limit: Duration,
        attempt: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        busy::retry(self.options.busy_timeout.min(limit), attempt)
    }

    /// Reads in one transaction, so that everything is of the same moment; `step` is what it is for.
    pub(super) fn read<T>(&self, step: &Step, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.patiently(|| {
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)
                .and_then(|transaction| query(&transaction))
                .map_err(|cause| self.error(step.clone(), cause))
        })
    }

    /// The statement that writes one row of `table`.
    pub(super) fn prepare_insert(&self, table: &Table) -> Result<Statement<'_>, Error> {
        let sql = table.insert_beside_triggers(&self.connection);
        sql.and_then(|sql| self.connection.prepare(&sql))
            .map_err(|cause| self.error(Step::PrepareInsert(table.name), cause))
    }

    /// One row was to be written: neither an error nor none will do.
    pub(super) fn check_one_row(
        &self,
        outcome: rusqlite::Result<usize>,
        step: impl FnOnce() -> Step,
    ) -> Result<(), Error> {
        match outcome {
            Ok(1) => Ok(()),
            Ok(_) => Err(Error::RowIgnored { path: self.path(), step: step() }),
            Err(cause) => Err(self.error_of_write(step(), cause)),
        }
    }

    /// Begins a transaction that holds the right to write from its first moment; dropping it rolls it back.
    ///
    /// A transaction that only becomes a writer later fails at once when another writer came first.
    pub(super) fn begin(&self, step: &Step) -> Result<Transaction<'_>, Error> {
        self.begin_within(step, Duration::ZERO)
    }

    /// As [`begin`](Self::begin), but waits no shorter than `least`.
    pub(super) fn begin_within(&self, step: &Step, least: Duration) -> Result<Transaction<'_>, Error> {
        busy::retry(self.options.busy_timeout.max(least), || {
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(|cause| self.error(step.clone(), cause))
        })
    }

    /// Commits `transaction`, again and again while a reader is in the way.
    ///
    /// `Transaction::commit` would roll back at the first such answer.
    pub(super) fn commit(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        self.mark_first_page(transaction).map_err(|cause| self.error(Step::Commit, cause))?;
        self.patiently(|| transaction.execute_batch("COMMIT").map_err(|cause| self.error(Step::Commit, cause)))
    }

    /// Has the transaction write the first page, whose counter says later which file the log belongs to.
    fn mark_first_page(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        self.connection.pragma_update(None, "user_version", version)
    }

    /// Closes the connection; a log that does not belong to the file any more is left beside it.
    pub(super) fn close(self) -> Result<(), Error> {
        if self.opened.2 == Role::Writer {
            drop(self.check_is_in_place());
        }
        self.connection.close().map_err(|(_, cause)| Error::from_sqlite(&self.location.path, Step::Close, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_can_damage_files_is_refused() {
        assert!(matches!(check_library(3_051_002), Err(Error::OldLibrary { required: "3.51.3", .. })));
        assert!(check_library(3_051_003).is_ok());
    }

    #[test]
    fn the_linked_library_will_do() {
        check_library(rusqlite::version_number()).unwrap();
    }
}
