//! What became of each attempt to move a run.

use super::{
    super::{SqlitePersistence, database::Database, fit, inspection, reader::SqliteReader, schema},
    read::of_key,
};
use crate::{
    Error, RunId, RunIdentity, Step, Transfer, TransferRow,
    table::{runs, transfer_log},
};

/// A run that is in the database already.
pub(super) enum Presence {
    /// Under this number, or it was and is pruned.
    There(Option<RunId>),
    /// Not at all.
    Absent,
}

impl SqliteReader {
    /// The last attempt at each run of `peer` in that direction, by the numbers of the runs.
    pub fn transfers(&self, direction: &str, peer: &str) -> Result<Vec<TransferRow>, Error> {
        self.read_log(|connection| transfer_log::last(connection, direction, peer))
    }

    /// Every archive or source that runs were ever moved to or from.
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
    /// As [`SqliteReader::transfers`].
    pub fn transfers(&self, direction: &str, peer: &str) -> Result<Vec<TransferRow>, Error> {
        read_log(&self.database, &|connection| transfer_log::last(connection, direction, peer))
    }

    /// Writes down what became of an attempt, in a transaction of its own.
    ///
    /// # Errors
    ///
    /// Nothing was written.
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

    /// Under which number a run is here that came from elsewhere, or was made here; none where it never was here.
    ///
    /// A run that was here and is pruned is [`Some`] with nothing in it.
    pub fn number_of(&self, identity: &RunIdentity) -> Result<Option<Option<RunId>>, Error> {
        Ok(match presence(&self.database, identity)? {
            Presence::There(number) => Some(number),
            Presence::Absent => None,
        })
    }
}

/// Writes one row inside the transaction that is open.
pub(super) fn write(database: &Database, transfer: &Transfer) -> Result<(), Error> {
    database.check_one_row(transfer_log::insert(&database.connection, transfer), || Step::WriteTransfer)
}

pub(super) fn presence(database: &Database, identity: &RunIdentity) -> Result<Presence, Error> {
    database.read(&Step::ReadTransfers, |connection| {
        let mut number = None;
        if fit::has_table(connection, &transfer_log::TABLE)? {
            number = transfer_log::imported(connection, &identity.run_key)?;
        }
        if number.is_none() {
            number = of_key(connection, &identity.run_key)?.map(Some);
        }
        let Some(number) = number else { return Ok(Presence::Absent) };
        let Some(number) = number.filter(|_| fit::has_table(connection, &runs::TABLE).unwrap_or(false)) else {
            return Ok(Presence::There(None));
        };
        Ok(Presence::There(runs::snapshot(connection, RunId(number))?.map(|row| row.id)))
    })
}
