//! One open database file: its connection, its errors, and its transactions.

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

/// Earlier versions can damage a database when its write-ahead log restarts.
const FIRST_SAFE_LIBRARY: (i32, &str) = (3_051_003, "3.51.3");

/// Rejects a linked `SQLite` that can damage a database with a write-ahead log.
pub(super) fn check_library(version_number: i32) -> Result<(), Error> {
    let (number, required) = FIRST_SAFE_LIBRARY;
    if version_number < number {
        return Err(Error::OldLibrary { found: rusqlite::version(), required });
    }
    Ok(())
}

/// The most triggers that an error message names.
const MOST_TRIGGERS: usize = 5;

/// A connection with its context.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    location: Location,
    /// The file that was opened.
    identity: Option<Identity>,
    options: OpenOptions,
    /// The name, flags and role with which it was opened.
    opened: (PathBuf, OpenFlags, Role),
    /// A second connection, opened before the file lost its name.
    spare: Mutex<Option<Box<Database>>>,
    /// The raw file on disk; it must be dropped after the connection.
    underneath: Option<Arc<Underneath>>,
    /// The last result of `PRAGMA data_version`; it changes if another connection has written.
    data_version: Cell<i64>,
    /// The `schema_version` for which a snapshot found every table as it must be; every schema change increases it.
    pub(super) fit_schema: Cell<Option<i64>>,
}

/// A log of this size is merged into the file after a commit, since auto-checkpoints are off.
const LARGE_LOG: u64 = 8 << 20;

impl Database {
    /// Opens the file at `location` without changing it, and with all content untrusted.
    pub(super) fn connect(location: Location, options: OpenOptions) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let name = location.absolute.clone();
        let database = Self::connect_as(location, &name, flags, Role::Writer, options)?;
        if database.connection.is_readonly("main").map_err(|cause| database.error(Step::Configure, cause))? {
            return Err(Error::ReadOnly { path: database.path(), source: None });
        }
        Ok(database)
    }

    /// Opens the file at `location` by `name` and `flags` as read-only.
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

    /// Opens a second read-only connection to the same file.
    pub(super) fn open_another(&self) -> Result<Self, Error> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(spare) = spare {
            return Ok(*spare);
        }
        let (name, flags, _) = &self.opened;
        Self::connect_reader(self.location.clone(), name, *flags, self.options)
    }

    /// Opens the second connection now, because the file is about to lose its name.
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
            fit_schema: Cell::new(None),
        };
        stop::obey(&mut database.connection, role).map_err(|cause| database.error(Step::Configure, cause))?;
        database.configure().map_err(|cause| database.error(Step::Configure, cause))?;
        Ok(database)
    }

    fn configure(&self) -> rusqlite::Result<()> {
        let connection = &self.connection;
        // The `busy` module waits instead.
        connection.busy_timeout(Duration::ZERO)?;
        // Closing a file that is rejected must not merge a log that another process left behind.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, self.location.has_pending_log())?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // On macOS a plain sync may stop at the cache of the disk; on other systems this setting has no effect.
        connection.pragma_update(None, "fullfsync", true)
    }

    /// Accepts the file as ours, so that closing it merges and removes the log.
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

    /// The location of the file.
    pub(super) const fn location(&self) -> &Location {
        &self.location
    }

    /// The options with which it was opened.
    pub(super) const fn options(&self) -> OpenOptions {
        self.options
    }

    /// Fails if the path no longer leads to the opened file: writes would be lost.
    pub(super) fn check_is_in_place(&self) -> Result<(), Error> {
        if self.location.identity() == self.identity && !self.is_overwritten() {
            return Ok(());
        }
        // The log must not be merged into the file that is there now.
        drop(self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
        Err(Error::Replaced { path: self.path() })
    }

    fn is_overwritten(&self) -> bool {
        let Some(underneath) = &self.underneath else { return false };
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap_or_default();
        let is_written_by_others = self.data_version.replace(version) != version;
        underneath.is_overwritten(|| is_written_by_others)
    }

    /// Remembers the current state of the file on disk as valid, because the log is about to begin or was just merged.
    pub(super) fn remember(&self, is_merged: bool) {
        if let Some(underneath) = &self.underneath {
            underneath.remember(is_merged);
        }
        if is_merged {
            // Drops the cached first page, so that the next transaction continues with the counter in the file.
            drop(self.connection.execute_batch("PRAGMA shrink_memory"));
        }
    }

    /// Forgets the remembered state: without a log, each commit changes the file.
    pub(super) fn forget(&self) {
        if let Some(underneath) = &self.underneath {
            underneath.forget();
        }
    }

    /// Whether the log has more bytes than that.
    pub(super) fn has_log_above(&self, limit: u64) -> bool {
        fs::metadata(self.location.beside("-wal")).is_ok_and(|log| log.len() > limit)
    }

    /// Merges a large log, so that it does not grow during the whole run.
    pub(super) fn merge_large_log(&self) {
        // With fewer syncs, the writer of the snapshots merges.
        if !self.options.may_lose_commits && self.has_log_above(LARGE_LOG) && self.check_is_in_place().is_ok() {
            // If a reader blocks this, the next commit tries again.
            drop(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
            self.remember(true);
        }
    }

    /// Wraps an error of `SQLite` during `step`.
    ///
    /// A file that was copied over this one looks like damage, so the path is checked first.
    pub(super) fn error(&self, step: Step, cause: rusqlite::Error) -> Error {
        let error = Error::from_sqlite(&self.location.path, step, cause);
        if matches!(error, Error::Damaged { .. } | Error::NotADatabase { .. }) {
            return self.check_is_in_place().err().unwrap_or(error);
        }
        error
    }

    /// Like [`error`](Self::error) for a write; it names the triggers of other programs that may have caused it.
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

    /// Limits future waits to `limit`.
    pub(super) fn limit_patience(&mut self, limit: Duration) {
        self.options.busy_timeout = self.options.busy_timeout.min(limit);
    }

    /// Retries `attempt` while the database is locked, up to its patience.
    pub(super) fn patiently<T>(&self, attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        busy::retry(self.options.busy_timeout, attempt)
    }

    /// Like [`patiently`](Self::patiently), but for no longer than `limit`.
    pub(super) fn patiently_up_to<T>(
        &self,
        limit: Duration,
        attempt: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        busy::retry(self.options.busy_timeout.min(limit), attempt)
    }

    /// Reads in one transaction, so that everything is from the same moment; `step` describes it for errors.
    pub(super) fn read<T>(&self, step: &Step, query: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.patiently(|| {
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)
                .and_then(|transaction| query(&transaction))
                .map_err(|cause| self.error(step.clone(), cause))
        })
    }

    /// The insert statement of `table`.
    pub(super) fn prepare_insert(&self, table: &Table) -> Result<Statement<'_>, Error> {
        let sql = table.insert_beside_triggers(&self.connection);
        sql.and_then(|sql| self.connection.prepare(&sql))
            .map_err(|cause| self.error(Step::PrepareInsert(table.name), cause))
    }

    /// Checks that a statement wrote exactly one row.
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

    /// Begins a transaction that may write from its start; dropping it rolls it back.
    ///
    /// A transaction that upgrades from reading to writing fails at once if another writer came first.
    pub(super) fn begin(&self, step: &Step) -> Result<Transaction<'_>, Error> {
        self.begin_within(step, Duration::ZERO)
    }

    /// Like [`begin`](Self::begin), but waits for at least `least`.
    pub(super) fn begin_within(&self, step: &Step, least: Duration) -> Result<Transaction<'_>, Error> {
        busy::retry(self.options.busy_timeout.max(least), || {
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(|cause| self.error(step.clone(), cause))
        })
    }

    /// Commits `transaction`, and retries while a reader blocks it.
    ///
    /// `Transaction::commit` would roll back at the first failure.
    pub(super) fn commit(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        self.mark_first_page(transaction).map_err(|cause| self.error(Step::Commit, cause))?;
        self.patiently(|| transaction.execute_batch("COMMIT").map_err(|cause| self.error(Step::Commit, cause)))
    }

    /// Makes the transaction write the first page, whose counter later shows which file the log belongs to.
    fn mark_first_page(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        self.connection.pragma_update(None, "user_version", version)
    }

    /// Closes the connection; keeps a log that no longer belongs to the file.
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
    fn damaging_library_is_refused() {
        assert!(matches!(check_library(3_051_002), Err(Error::OldLibrary { required: "3.51.3", .. })));
        assert!(check_library(3_051_003).is_ok());
    }

    #[test]
    fn linked_library_is_accepted() {
        check_library(rusqlite::version_number()).unwrap();
    }
}
