//! Writes the telemetry of one run.

use std::time::Duration;

use cds_model::{LedgerId, TelemetryEntry};

use super::{super::journal, SqliteAccounts};
use crate::{Error, Step, TelemetrySink, table::telemetry};

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
