//! Writes the telemetry of one run.

use std::time::Duration;

use cds_model::{Heartbeat, LedgerId, TelemetryEntry};

use super::{super::journal, SqliteAccounts};
use crate::{
    Error, Step, TelemetrySink,
    table::{ledger_details, telemetry},
};

/// A batch that meets a lock is tried again by whoever sends it; here, nobody is kept waiting for longer.
const PATIENCE: Duration = Duration::from_millis(100);

/// The telemetry of one run in one `SQLite` file.
///
/// Each batch is one transaction. It survives the end of the process at once, and a power cut as soon as the database
/// has since been synced for anything else, as for a snapshot or the end of a stage.
#[derive(Debug)]
pub struct SqliteTelemetry {
    accounts: SqliteAccounts,
    ledger_id: String,
}

impl SqliteTelemetry {
    pub(super) fn new(mut accounts: SqliteAccounts, ledger: LedgerId) -> Self {
        accounts.database.limit_patience(PATIENCE);
        // Where this fails, batches are slower and no less safe.
        drop(journal::relax(&accounts.database, accounts.journal));
        Self { accounts, ledger_id: ledger.to_string() }
    }

    /// Writes a sign of life of the run, which is no telemetry: it takes the place of the one before.
    ///
    /// # Errors
    ///
    /// It is not written; the next one is as good.
    pub fn beat(&mut self, beat: &Heartbeat) -> Result<(), Error> {
        let ledger_id = &self.ledger_id;
        self.accounts.write(|database| {
            let outcome = ledger_details::beat(&database.connection, ledger_id, beat);
            database.check_one_row(outcome, || Step::Beat)
        })
    }

    /// Closes the connection. Dropping does the same and keeps what went wrong to itself.
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
    fn only_telemetry_is_not_synced_each_time_and_only_with_a_log() {
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
