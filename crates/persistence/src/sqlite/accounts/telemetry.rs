//! Writes the telemetry of one run.

use std::time::Duration;

use cds_model::{Heartbeat, LedgerId, TelemetryEntry};

use super::{super::journal, SqliteAccounts};
use crate::{
    Error, Step, TelemetrySink,
    table::{ledger_details, telemetry},
};

/// A short wait for a lock: the sender retries the batch, and must not block for longer.
const PATIENCE: Duration = Duration::from_millis(100);

/// The telemetry of one run in one `SQLite` file.
///
/// Each batch is one transaction. It survives the end of the process at once. It survives a power cut after the next
/// sync of the database, such as for a snapshot or the end of a stage.
#[derive(Debug)]
pub struct SqliteTelemetry {
    accounts: SqliteAccounts,
    ledger_id: String,
}

impl SqliteTelemetry {
    pub(super) fn new(mut accounts: SqliteAccounts, ledger: LedgerId) -> Self {
        accounts.database.limit_patience(PATIENCE);
        // If this fails, batches are slower but as safe.
        drop(journal::relax(&accounts.database, accounts.journal));
        Self { accounts, ledger_id: ledger.to_string() }
    }

    /// Writes a heartbeat of the run, replacing the previous one; it is not telemetry.
    ///
    /// # Errors
    ///
    /// If it was not written; the next one replaces it.
    pub fn beat(&mut self, beat: &Heartbeat) -> Result<(), Error> {
        let ledger_id = &self.ledger_id;
        self.accounts.write(|database| {
            let outcome = ledger_details::beat(&database.connection, ledger_id, beat);
            database.check_one_row(outcome, || Step::Beat)
        })
    }

    /// Closes the connection. Dropping does the same but ignores errors.
    pub fn close(self) -> Result<(), Error> {
        self.accounts.close()
    }
}

impl TelemetrySink for SqliteTelemetry {
    fn write(&mut self, entries: &[TelemetryEntry]) -> Result<(), Error> {
        let ledger_id = &self.ledger_id;
        self.accounts.write(|database| {
            let mut statement = database.prepare_insert(&telemetry::TABLE)?;
            for (index, entry) in entries.iter().enumerate() {
                let outcome = telemetry::insert(&mut statement, ledger_id, entry);
                database.check_one_row(outcome, || Step::InsertTelemetry { number: index + 1 })?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{OpenOptions, SqlitePersistence, sqlite::journal::Journal};

    fn synchronous(accounts: &SqliteAccounts) -> i64 {
        accounts.database.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
    }

    #[test]
    fn telemetry_skips_sync_only_with_wal() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("code.sqlite");
        let options = OpenOptions::default();
        SqlitePersistence::open(&path, &options).unwrap().close().unwrap();
        for (journal, expected) in [(Journal::WriteAheadLog, 1), (Journal::Truncate, 2)] {
            let accounts = SqliteAccounts::open(&path, &options).unwrap();
            journal::set(&accounts.database, journal).unwrap();
            accounts.close().unwrap();

            let accounts = SqliteAccounts::open(&path, &options).unwrap();
            assert_eq!((accounts.journal, synchronous(&accounts)), (journal, 2));
            let sink = accounts.into_telemetry_sink("019a9f3e-0000-7000-8000-000000000001".parse().unwrap());
            assert_eq!(synchronous(&sink.accounts), expected, "{journal:?}");
            sink.close().unwrap();
        }
    }
}
