//! Reads and writes the log of transfers.

use cds_model::ChainLink;

use super::{
    super::{SqlitePersistence, database::Database, fit, inspection, reader::SqliteReader, schema},
    read::of_key,
};
use crate::{
    Error, Presence, RunId, RunIdentity, Step, Transfer, TransferRow,
    table::{runs, select::states, snapshot_chain, transfer_log},
};

impl SqliteReader {
    /// The last attempt at each run of `peer` in one direction, ordered by run number.
    pub fn transfers(&self, direction: &str, peer: &str) -> Result<Vec<TransferRow>, Error> {
        self.read_log(|connection| transfer_log::last(connection, direction, peer))
    }

    /// Every archive or source that runs were moved to or from.
    pub fn transfer_peers(&self, direction: &str) -> Result<Vec<String>, Error> {
        self.read_log(|connection| transfer_log::peers(connection, direction))
    }

    fn read_log<T>(&self, query: impl Fn(&rusqlite::Connection) -> rusqlite::Result<Vec<T>>) -> Result<Vec<T>, Error> {
        self.read(|database| read_log(database, &query))
    }
}

fn read_log<T>(
    database: &Database,
    query: &impl Fn(&rusqlite::Connection) -> rusqlite::Result<Vec<T>>,
) -> Result<Vec<T>, Error> {
    database.read(&Step::ReadTransfers, |connection| {
        if fit::has_table(connection, &transfer_log::TABLE)? { query(connection) } else { Ok(Vec::new()) }
    })
}

impl SqlitePersistence {
    /// See [`SqliteReader::transfers`].
    pub fn transfers(&self, direction: &str, peer: &str) -> Result<Vec<TransferRow>, Error> {
        read_log(&self.database, &|connection| transfer_log::last(connection, direction, peer))
    }

    /// Logs an attempt in its own transaction.
    ///
    /// # Errors
    ///
    /// If nothing was written.
    pub fn log_transfer(&mut self, transfer: &Transfer) -> Result<(), Error> {
        let database = &self.database;
        let transaction = database.begin(&Step::Begin)?;
        inspection::inspect(database)?;
        schema::create_table(database, &transfer_log::TABLE)?;
        schema::create_indexes(database, &transfer_log::TABLE)?;
        write(database, transfer)?;
        database.check_is_in_place()?;
        database.commit(&transaction)
    }

    /// Whether a run is in this database, imported or created here.
    pub fn presence_of(&self, identity: &RunIdentity) -> Result<Presence, Error> {
        let key = &identity.run_key;
        self.database.read(&Step::ReadTransfers, |connection| {
            let mut number = None;
            if fit::has_table(connection, &transfer_log::TABLE)? {
                number = transfer_log::imported(connection, key)?;
            }
            if number.is_none() {
                number = of_key(connection, key)?;
            }
            let Some(number) = number else { return Ok(Presence::Absent) };
            let is_there =
                fit::has_table(connection, &runs::TABLE)? && runs::snapshot(connection, RunId(number))?.is_some();
            if is_there {
                return Ok(Presence::Here(RunId(number)));
            }
            // A run that was deleted by hand is not pruned, so it may be imported again.
            let is_pruned = fit::has_table(connection, &snapshot_chain::TABLE)?
                && states::last_event(connection, RunId(number))?.as_deref() == Some(ChainLink::PRUNED);
            Ok(if is_pruned { Presence::Pruned } else { Presence::Absent })
        })
    }
}

/// Writes one row within the open transaction.
pub(super) fn write(database: &Database, transfer: &Transfer) -> Result<(), Error> {
    database.check_one_row(transfer_log::insert(&database.connection, transfer), || Step::WriteTransfer)
}
