//! Groups of duplicates that were accepted: read by any handle, written by the one that writes.

use cds_model::Timestamp;

use super::{SqlitePersistence, database::Database, fit, inspection, reader::SqliteReader, schema};
use crate::{Acceptance, AcceptedDuplicate, Error, Step, table::accepted_duplicates};

impl SqliteReader {
    /// Every acceptance there ever was, the oldest first.
    pub fn accepted_duplicates(&self) -> Result<Vec<AcceptedDuplicate>, Error> {
        self.read(|database| {
            database.read(&Step::ReadAccepted, |connection| {
                if fit::has_table(connection, &accepted_duplicates::TABLE)? {
                    accepted_duplicates::all(connection)
                } else {
                    Ok(Vec::new())
                }
            })
        })
    }
}

impl SqlitePersistence {
    /// Accepts a group of duplicates and says under which number; an acceptance of the same group that still counted is
    /// revoked by it.
    ///
    /// # Errors
    ///
    /// Nothing has changed.
    pub fn accept_duplicate(&mut self, acceptance: &Acceptance, at: Timestamp) -> Result<i64, Error> {
        self.write_accepted(|database| {
            let at = at.to_string();
            let error = |cause| database.error(Step::AcceptDuplicate, cause);
            let connection = &database.connection;
            accepted_duplicates::revoke_group(connection, &acceptance.channel, &acceptance.group_id, &at)
                .map_err(error)?;
            let mut statement = database.prepare_insert(&accepted_duplicates::TABLE)?;
            let outcome = accepted_duplicates::insert(&mut statement, acceptance, &at);
            database.check_one_row(outcome, || Step::AcceptDuplicate)?;
            Ok(connection.last_insert_rowid())
        })
    }

    /// Takes the acceptance of this number back; false where there is none that still counted.
    ///
    /// # Errors
    ///
    /// Nothing has changed.
    pub fn revoke_acceptance(&mut self, id: i64, at: Timestamp) -> Result<bool, Error> {
        self.write_accepted(|database| {
            accepted_duplicates::revoke(&database.connection, id, &at.to_string())
                .map(|count| count > 0)
                .map_err(|cause| database.error(Step::RevokeAcceptance, cause))
        })
    }

    /// One transaction around `write`, in which the table is there.
    fn write_accepted<T>(&self, write: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        let database = &self.database;
        let transaction = database.begin(&Step::Begin)?;
        // The database may have been opened a while ago, and others may have changed it.
        inspection::inspect_for(database, &accepted_duplicates::TABLE)?;
        schema::create_table(database, &accepted_duplicates::TABLE)?;
        schema::create_indexes(database, &accepted_duplicates::TABLE)?;
        let written = write(database)?;
        database.check_is_in_place()?;
        database.commit(&transaction)?;
        Ok(written)
    }
}
