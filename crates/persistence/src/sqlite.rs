//! Snapshots in one `SQLite` file.
//!
//! Opening goes through these phases, and each refuses what is wrong before the next may change anything: the path
//! (`location`), the connection (`database`), what the file holds (`inspection`), whether it can be written
//! (`schema::rehearse`), its journal (`journal`). A snapshot is then written by `snapshot`, in one transaction, and the
//! answers of models are kept by `answers`, in others. What is told of a run beside its snapshot is written by `accounts`,
//! on a connection of its own. Who only reads comes in through `reader` and changes nothing; `code` and `runs` say what can be read.

mod accepted;
mod access;
mod accounts;
mod answers;
mod busy;
mod code;
mod damage;
mod database;
mod diagnosis;
mod fit;
mod header;
mod history;
mod inspection;
mod journal;
mod location;
mod mount;
mod pairing;
mod place;
mod prune;
mod reader;
mod rollback;
mod runs;
mod schema;
mod side_files;
mod snapshot;
mod states;
mod stop;
mod transfer;
mod underneath;
mod units_reader;
mod verify;
mod write_ahead;

use std::{collections::HashMap, path::Path, time::Duration};

use cds_model::{KeptAnswer, NameOf, QuestionKey, RunSnapshot, Timestamp, word_before_bracket};

use self::{database::Database, inspection::Content, journal::Journal, location::Location};
use crate::{EnrichmentRate, Error, IntentCacheStats, Persistence, SavedRun, Step, table};

pub use self::{
    access::{Access, remove_copies},
    accounts::{SqliteAccounts, SqliteTelemetry},
    code::{CodeRow, Text, TextQuery, Texts},
    damage::DamagedRow,
    diagnosis::Diagnosis,
    fit::Mismatch,
    place::{FileSystem, PlaceReport, examine_place},
    reader::SqliteReader,
    states::{RecomputedProof, StateRow},
    stop::stop_statements,
    transfer::DatabaseRun,
    units_reader::{NamedUnits, RecordedUnit, StoredUnit, UnitPlace, UnitQuery, UnitRecord, UnitTransition},
};

/// The `user_version` of the files that this program creates, and the last that it knows.
///
/// It grows when a program that knows the older format would misread a file, or break it. A table of our own that is
/// missing does neither: readers take it for an empty one, and writers create it.
pub const FORMAT_VERSION: i64 = 1;

/// How a database is opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// How long a database that another process holds is waited for, at each step that needs it.
    pub busy_timeout: Duration,
    /// How the name of a definition is read from its signature.
    pub name_of: NameOf,
}

impl Default for OpenOptions {
    /// Waits for 5 seconds, and reads names without knowing any language.
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), name_of: word_before_bracket }
    }
}

/// Snapshots in one `SQLite` file.
#[derive(Debug)]
pub struct SqlitePersistence {
    database: Database,
    journal: Journal,
}

impl SqlitePersistence {
    /// Opens the database at `path`, or creates it.
    ///
    /// Everything about the file that could make a later [`save`](Persistence::save) fail and can be known now is found
    /// now. A file that is refused is left as it was, byte for byte. An accepted file is put into write-ahead mode;
    /// tables and indexes that it lacks are created together with the first snapshot.
    ///
    /// # Errors
    ///
    /// The database is not open. What was newly created has been removed again.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        database::check_library(rusqlite::version_number())?;
        let location = Location::claim(path)?;
        let opened = Self::open_at(&location, options);
        // While another process holds the file, it is in use and no longer only ours to remove.
        if opened.as_ref().is_err_and(|error| !error.is_locked()) {
            location.abandon();
        }
        opened
    }

    fn open_at(location: &Location, options: &OpenOptions) -> Result<Self, Error> {
        let database = Database::connect(location.clone(), *options)?;
        let journal = match database.patiently(|| inspection::inspect(&database))? {
            Content::Empty => {
                let journal = journal::prepare_new(&database, Journal::fit_for(database.location()))?;
                schema::create_all(&database)?;
                journal
            }
            Content::Ours => {
                schema::rehearse(&database)?;
                journal::set(&database, Journal::fit_for(database.location()))?
            }
        };
        database.accept()?;
        journal::remember(&database, journal);
        Ok(Self { database, journal })
    }

    /// What is kept, and how much of it stored records use.
    pub fn intent_cache_stats(&self) -> Result<IntentCacheStats, Error> {
        answers::stats(&self.database)
    }

    /// What a call to `model` cost in the last five runs that made any; nothing where there was none.
    pub fn last_enrichment_rate(&self, model: &str) -> Result<Option<EnrichmentRate>, Error> {
        answers::last_rate(&self.database, model)
    }

    /// How many answers [`prune_answers`](Self::prune_answers) would remove.
    pub fn count_prunable_answers(&self, older_than: Option<Timestamp>, is_unused: bool) -> Result<usize, Error> {
        answers::count_prunable(&self.database, older_than, is_unused)
    }

    /// Removes kept answers, all in one transaction, and says how many there were.
    ///
    /// Those go that were kept before `older_than`, or that no stored record uses; those of which both is true where
    /// both is given, and none where neither is.
    ///
    /// # Errors
    ///
    /// Nothing was removed.
    pub fn prune_answers(&mut self, older_than: Option<Timestamp>, is_unused: bool) -> Result<usize, Error> {
        answers::prune(&self.database, older_than, is_unused)
    }

    /// Closes the database; what stood beside the file is gone then, unless another process uses it.
    ///
    /// Dropping does the same and keeps what went wrong to itself. What was saved is safe in any case.
    pub fn close(self) -> Result<(), Error> {
        journal::leave(&self.database, self.journal)?;
        self.database.close()
    }
}

impl Persistence for SqlitePersistence {
    fn save_if(&mut self, snapshot: &RunSnapshot, may_commit: &dyn Fn() -> bool) -> Result<SavedRun, Error> {
        let mut saved = snapshot::write(&self.database, snapshot, may_commit)?;
        // Where another file lies there by now, the snapshot is in a log that nobody will read with it.
        self.database.check_is_in_place()?;
        if let Err(warning) = journal::checkpoint(&self.database, self.journal) {
            saved.warnings.push(warning);
        }
        self.database.check_is_in_place()?;
        Ok(saved)
    }

    fn lookup_answers(&self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, Error> {
        answers::lookup(&self.database, keys)
    }

    /// In one transaction, which costs one sync of the disk.
    fn keep_answers(&mut self, answers: &[KeptAnswer], at: Timestamp) -> Result<(), Error> {
        answers::keep(&self.database, answers, at)
    }

    fn forget_answers(&mut self, keys: &[QuestionKey]) -> Result<(), Error> {
        answers::forget(&self.database, keys)
    }

    fn latest_digest(&self, model: &str) -> Result<Option<String>, Error> {
        answers::latest_digest(&self.database, model)
    }

    fn has_definitions_of(&self, project: &str, root_path: &str) -> Result<bool, Error> {
        let query = |connection: &rusqlite::Connection| -> rusqlite::Result<bool> {
            let is_followed =
                fit::has_table(connection, &table::units::TABLE)? && table::units::has_present(connection, project)?;
            Ok(is_followed
                || fit::has_table(connection, &table::runs::TABLE)?
                    && fit::has_table(connection, &table::runs_ledger::TABLE)?
                    && table::runs::has_records_of(connection, root_path)?)
        };
        query(&self.database.connection).map_err(|cause| self.database.error(Step::ReadUnits, cause))
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Self::close(*self)
    }
}

#[cfg(test)]
mod tests;
