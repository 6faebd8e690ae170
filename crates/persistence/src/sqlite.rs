//! Snapshots in one `SQLite` file.
//!
//! Opening has these phases. Each rejects its own problems before the next may change anything:
//!
//! 1. the path (`location`)
//! 2. the connection (`database`)
//! 3. the content of the file (`inspection`)
//! 4. whether it can be written (`schema::rehearse`)
//! 5. its journal (`journal`)
//!
//! `snapshot` writes a snapshot in one transaction, `answers` stores the answers of models in others, and `accounts`
//! writes the accounts on its own connection. `reader` opens a database without changing it; `code` and `runs` are its
//! queries.

mod accepted;
mod access;
mod accounts;
mod answers;
mod busy;
mod code;
mod compact;
mod damage;
mod database;
mod diagnosis;
mod fit;
mod format;
mod header;
mod history;
mod inspection;
mod journal;
mod known;
mod known_files;
mod location;
mod location_report;
mod mount;
mod pairing;
mod prune;
mod reader;
mod recorded;
mod rollback;
mod runs;
mod schema;
mod side_files;
mod snapshot;
mod states;
mod stop;
mod storage;
mod transfer;
mod underneath;
mod units_reader;
mod verify;
mod write_ahead;

use std::{collections::HashMap, path::Path, time::Duration};

use cds_model::{KeptAnswer, NameOf, QuestionKey, RunSnapshot, Timestamp, word_before_bracket};

use self::{database::Database, inspection::Content, journal::Journal, location::Location};
use crate::{
    EnrichmentRate, Error, IntentCacheStats, LastChange, LatestSnapshot, Layout, Persistence, SavedRun, Step, table,
};

pub use self::{
    access::{Access, remove_copies},
    accounts::{SqliteAccounts, SqliteTelemetry},
    code::{CodeRow, Text, TextQuery, Texts},
    damage::DamagedRow,
    diagnosis::Diagnosis,
    fit::Mismatch,
    format::{FORMAT_VERSION, Format},
    known_files::{FileRecord, KnownContent, KnownFile, KnownFiles},
    location_report::{FileSystem, LocationReport, examine_location},
    reader::SqliteReader,
    recorded::RecordedSnapshot,
    states::{RecomputedProof, StateRow},
    stop::stop_statements,
    transfer::DatabaseRun,
    units_reader::{NamedUnits, RecordedUnit, StoredUnit, UnitLocation, UnitQuery, UnitRecord, UnitTransition},
};

/// The bytes of a log that grows over several snapshots, before it is merged.
const LARGEST_LOG: u64 = 64 << 20;

/// Options for opening a database.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// How long each step waits for a database that another process holds.
    pub busy_timeout: Duration,
    /// Reads the name of a definition from its signature.
    pub name_of: NameOf,
    /// The layout of a database that is created; an existing one keeps its own.
    pub layout: Layout,
    /// Whether a power cut may undo the last commits, which are then faster. The file stays whole in any case, and a
    /// process that is killed loses nothing.
    pub may_lose_commits: bool,
}

impl Default for OpenOptions {
    /// Waits for 5 seconds, and reads names without knowing any language.
    fn default() -> Self {
        Self {
            busy_timeout: Duration::from_secs(5),
            name_of: word_before_bracket,
            layout: Layout::Plain,
            may_lose_commits: false,
        }
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
    /// Opening detects every problem of the file that can be known now and would make [`save`](Persistence::save) fail.
    /// A rejected file stays unchanged, byte for byte. An accepted file is switched to write-ahead mode; missing tables
    /// and indexes are created with the first snapshot.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened. A newly created file has been removed.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        database::check_library(rusqlite::version_number())?;
        let location = Location::claim(path)?;
        let opened = Self::open_at(&location, options);
        // A file that another process holds is in use, so it must not be removed.
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

    /// How the database stores its records.
    pub fn layout(&self) -> Result<Layout, Error> {
        self.database.read(&Step::ReadSchema, table::layout)
    }

    /// How many answers are stored, and how many of them stored records use.
    pub fn intent_cache_stats(&self) -> Result<IntentCacheStats, Error> {
        answers::stats(&self.database)
    }

    /// The cost of a call to `model` in the last five runs that made any; `None` if there was none.
    pub fn last_enrichment_rate(&self, model: &str) -> Result<Option<EnrichmentRate>, Error> {
        answers::last_rate(&self.database, model)
    }

    /// How many answers [`prune_answers`](Self::prune_answers) would remove.
    pub fn count_prunable_answers(&self, older_than: Option<Timestamp>, is_unused: bool) -> Result<usize, Error> {
        answers::count_prunable(&self.database, older_than, is_unused)
    }

    /// Removes stored answers in one transaction, and returns how many.
    ///
    /// `older_than` selects answers stored before that moment, `is_unused` those that no stored record uses. An answer
    /// must meet both if both are given. If neither is given, nothing is removed.
    ///
    /// # Errors
    ///
    /// If nothing was removed.
    pub fn prune_answers(&mut self, older_than: Option<Timestamp>, is_unused: bool) -> Result<usize, Error> {
        answers::prune(&self.database, older_than, is_unused)
    }

    /// Closes the database and removes the files next to it, unless another process uses them.
    ///
    /// Dropping does the same but ignores errors. Saved data is safe in any case.
    pub fn close(self) -> Result<(), Error> {
        if self.database.options().may_lose_commits {
            journal::checkpoint(&self.database, self.journal)?;
        }
        journal::leave(&self.database, self.journal)?;
        self.database.close()
    }
}

impl Persistence for SqlitePersistence {
    fn save_if(&mut self, snapshot: &RunSnapshot, may_commit: &dyn Fn() -> bool) -> Result<SavedRun, Error> {
        let mut saved = snapshot::write(&self.database, snapshot, may_commit)?;
        // If the path now has another file, the snapshot would go to a log that is never read with it.
        self.database.check_is_in_place()?;
        let waits = self.database.options().may_lose_commits && !self.database.has_log_above(LARGEST_LOG);
        if !waits && let Err(warning) = journal::checkpoint(&self.database, self.journal) {
            saved.warnings.push(warning);
        }
        self.database.check_is_in_place()?;
        Ok(saved)
    }

    fn lookup_answers(&self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, Error> {
        answers::lookup(&self.database, keys)
    }

    /// Uses one transaction, which costs one sync of the disk.
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

    fn latest_snapshot(&self, project: &str, part: &str, root_path: &str) -> Result<Option<LatestSnapshot>, Error> {
        known::latest_snapshot(&self.database, project, part, root_path)
    }

    fn last_changes(&self, project: &str, part: &str) -> Result<Vec<LastChange>, Error> {
        known::last_changes(&self.database, project, part)
    }

    fn close(self: Box<Self>) -> Result<(), Error> {
        Self::close(*self)
    }
}

#[cfg(test)]
mod tests;
