//! Accepted groups of duplicates: every handle reads them, only the writer writes them.

use cds_model::Timestamp;

use super::{SqlitePersistence, database::Database, fit, inspection, reader::SqliteReader, schema};
use crate::{Acceptance, AcceptedDuplicate, Error, Step, table::accepted_duplicates};

impl SqliteReader {
    /// Every acceptance, including revoked ones, oldest first.
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
    /// Accepts groups of duplicates and returns the numbers of the new rows. Revokes a valid acceptance of the same
    /// group.
    ///
    /// # Errors
    ///
    /// If nothing has changed.
    pub fn accept_duplicates(&mut self, acceptances: &[Acceptance], at: Timestamp) -> Result<Vec<i64>, Error> {
        self.write_accepted(|database| {
            let at = at.to_string();
            let mut statement = database.prepare_insert(&accepted_duplicates::TABLE)?;
            let mut accept = |acceptance: &Acceptance| {
                accepted_duplicates::revoke_group(&database.connection, &acceptance.channel, &acceptance.group_id, &at)
                    .map_err(|cause| database.error(Step::AcceptDuplicate, cause))?;
                let outcome = accepted_duplicates::insert(&mut statement, acceptance, &at);
                database.check_one_row(outcome, || Step::AcceptDuplicate)?;
                Ok(database.connection.last_insert_rowid())
            };
            acceptances.iter().map(&mut accept).collect()
        })
    }

    /// Revokes the acceptances with these numbers, all or none, and returns how many were valid.
    ///
    /// # Errors
    ///
    /// If nothing has changed.
    pub fn revoke_acceptances(&mut self, ids: &[i64], at: Timestamp) -> Result<usize, Error> {
        self.write_accepted(|database| {
            let revoke = |id: &i64| {
                accepted_duplicates::revoke(&database.connection, *id, &at.to_string())
                    .map_err(|cause| database.error(Step::RevokeAcceptance, cause))
            };
            ids.iter().map(revoke).sum()
        })
    }

    /// Runs `write` in one transaction, in which the table exists.
    fn write_accepted<T>(&self, write: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        let database = &self.database;
        let transaction = database.begin(&Step::Begin)?;
        // Another process may have changed the schema since the database was opened.
        inspection::inspect_for(database, &accepted_duplicates::TABLE)?;
        schema::create_table(database, &accepted_duplicates::TABLE)?;
        schema::create_indexes(database, &accepted_duplicates::TABLE)?;
        let written = write(database)?;
        database.check_is_in_place()?;
        database.commit(&transaction)?;
        Ok(written)
    }
}
