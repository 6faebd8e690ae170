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

    /// Takes the acceptances of these numbers back, all or none, and says how many of them still counted.
    ///
    /// # Errors
    ///
    /// Nothing has changed.
    pub fn revoke_acceptances(&mut self, ids: &[i64], at: Timestamp) -> Result<usize, Error> {
        self.write_accepted(|database| {
            let revoke = |id: &i64| {
                accepted_duplicates::revoke(&database.connection, *id, &at.to_string())
                    .map_err(|cause| database.error(Step::RevokeAcceptance, cause))
            };
            ids.iter().map(revoke).sum()
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
