//! Snapshots in one `SQLite` file.
//!
//! Opening goes through these phases, and each refuses what is wrong before the next may change anything: the path
//! (`location`), the connection (`database`), what the file holds (`inspection`), whether it can be written
//! (`schema::rehearse`), its journal (`journal`). A snapshot is then written by `snapshot`, in one transaction.

mod busy;
mod database;
mod fit;
mod inspection;
mod journal;
mod location;
mod schema;
mod snapshot;

use std::{path::Path, time::Duration};

use cds_model::RunSnapshot;

use self::{database::Database, inspection::Content, journal::Journal, location::Location};
use crate::{Error, Persistence, SavedRun};

pub use self::fit::Mismatch;

/// The `user_version` of the files that this program creates, and the last that it knows.
pub const FORMAT_VERSION: i64 = 1;

/// How a database is opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenOptions {
    /// How long a database that another process holds is waited for, at each step that needs it.
    pub busy_timeout: Duration,
}

impl Default for OpenOptions {
    /// Waits for 5 seconds.
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5) }
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
        let database = Database::connect(location.clone(), options.busy_timeout)?;
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
        Ok(Self { database, journal })
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
    fn save(&mut self, snapshot: &RunSnapshot) -> Result<SavedRun, Error> {
        let mut saved = snapshot::write(&self.database, snapshot)?;
        if let Err(warning) = journal::checkpoint(&self.database, self.journal) {
            saved.warnings.push(warning);
        }
        Ok(saved)
    }
}

#[cfg(test)]
mod tests;
