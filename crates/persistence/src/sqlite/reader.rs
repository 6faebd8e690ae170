//! A read-only handle: it creates and changes nothing, not even files next to the database.

use std::{collections::HashMap, path::Path};

use cds_model::{QuestionKey, Timestamp};
use rusqlite::OpenFlags;

use super::{
    OpenOptions,
    access::{self, Access, Stamp, TemporaryCopy},
    answers,
    database::{self, Database},
    inspection,
    location::Location,
    underneath::Underneath,
};
use crate::{EnrichmentRate, Error, IntentCacheStats};

/// How often a file is opened again while another process writes it.
const ATTEMPT_COUNT: usize = 5;

/// An existing database that is only read, in any location, even while another process writes it.
///
/// Missing tables count as empty.
#[derive(Debug)]
pub struct SqliteReader {
    pub(super) database: Database,
    access: Access,
    /// The location of the original.
    origin: Location,
    /// The state of the original when it was opened.
    stamp: Stamp,
    options: OpenOptions,
}

impl SqliteReader {
    /// Opens the database at `path`.
    ///
    /// # Errors
    ///
    /// If there is no such file, if [`SqlitePersistence::open`](super::SqlitePersistence::open) would not accept it
    /// unchanged, or if it cannot be read.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, Error> {
        database::check_library(rusqlite::version_number())?;
        Self::open_at(&Location::existing(path)?, *options)
    }

    /// Opens the database at `path`; `None` if it does not exist but could be created.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and if [`SqlitePersistence::open`](super::SqlitePersistence::open) could not
    /// create it because of its name or directory.
    pub fn open_if_present(path: &Path, options: &OpenOptions) -> Result<Option<Self>, Error> {
        match Self::open(path, options) {
            Ok(reader) => Ok(Some(reader)),
            Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open_at(origin: &Location, options: OpenOptions) -> Result<Self, Error> {
        for _ in 0..ATTEMPT_COUNT {
            let stamp = Stamp::of(origin);
            let access =
                Access::fit_for(origin).map_err(|source| Error::Inspect { path: origin.path.clone(), source })?;
            let mut opened = Self::open_by(access, origin, stamp.clone(), options);
            // A journal must be applied first, or the log cannot be shared here.
            if access == Access::Shared && matches!(opened, Err(Error::ReadOnly { .. } | Error::CannotOpen { .. })) {
                opened = Self::open_by(Access::Copy, origin, stamp.clone(), options);
            }
            let is_safe = matches!(opened, Ok(Self { access: Access::Shared, .. })) || Stamp::of(origin) == stamp;
            if is_safe {
                return opened;
            }
        }
        Err(Error::ChangedWhileRead { path: origin.path.clone() })
    }

    pub(super) fn open_by(
        access: Access,
        origin: &Location,
        stamp: Stamp,
        options: OpenOptions,
    ) -> Result<Self, Error> {
        if access == Access::Copy {
            return Self::open_copy(origin, stamp, options);
        }
        let name = match access {
            Access::Immutable => access::immutable_uri(&origin.absolute),
            Access::Shared | Access::Copy => origin.absolute.clone(),
        };
        let database = Database::connect_reader(origin.clone(), &name, access.flags(), options)?;
        database.patiently(|| inspection::inspect(&database))?;
        Ok(Self { database, access, origin: origin.clone(), stamp, options })
    }

    /// Reads a copy and unlinks it at once, so that nothing of it stays if the process is killed.
    fn open_copy(origin: &Location, stamp: Stamp, options: OpenOptions) -> Result<Self, Error> {
        // Checks that the log belongs to the file; a copy must not apply a foreign log either.
        let _held = Underneath::open(origin)?;
        let copy = TemporaryCopy::of(origin).map_err(|source| Error::Copy { path: origin.path.clone(), source })?;
        let location = origin.copied_to(copy.path());
        let (name, flags) = if copy.settle() {
            (access::immutable_uri(&location.absolute), Access::Copy.flags())
        } else {
            // The connection reports the problem.
            (location.absolute.clone(), OpenFlags::SQLITE_OPEN_READ_WRITE)
        };
        let database = Database::connect_reader(location, &name, flags, options)?;
        database.patiently(|| inspection::inspect(&database))?;
        database.keep_another()?;
        Ok(Self { database, access: Access::Copy, origin: origin.clone(), stamp, options })
    }

    /// How the database is read.
    pub const fn access(&self) -> Access {
        self.access
    }

    /// See [`Persistence::lookup_answers`](crate::Persistence::lookup_answers).
    pub fn lookup_answers(&self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, Error> {
        self.read(|database| answers::lookup(database, keys))
    }

    /// See [`Persistence::latest_digest`](crate::Persistence::latest_digest).
    pub fn latest_digest(&self, model: &str) -> Result<Option<String>, Error> {
        self.read(|database| answers::latest_digest(database, model))
    }

    /// See [`SqlitePersistence::intent_cache_stats`](super::SqlitePersistence::intent_cache_stats).
    pub fn intent_cache_stats(&self) -> Result<IntentCacheStats, Error> {
        self.read(answers::stats)
    }

    /// See [`SqlitePersistence::last_enrichment_rate`](super::SqlitePersistence::last_enrichment_rate).
    pub fn last_enrichment_rate(&self, model: &str) -> Result<Option<EnrichmentRate>, Error> {
        self.read(|database| answers::last_rate(database, model))
    }

    /// See [`SqlitePersistence::count_prunable_answers`](super::SqlitePersistence::count_prunable_answers).
    pub fn count_prunable_answers(&self, older_than: Option<Timestamp>, is_unused: bool) -> Result<usize, Error> {
        self.read(|database| answers::count_prunable(database, older_than, is_unused))
    }

    /// Runs `query`. If an immutable file has changed meanwhile, discards its result or error, opens the file again and
    /// repeats it.
    pub(super) fn read<T>(&self, query: impl Fn(&Database) -> Result<T, Error>) -> Result<T, Error> {
        let outcome = query(&self.database);
        if !self.is_overtaken() {
            return outcome;
        }
        for _ in 0..ATTEMPT_COUNT {
            let fresh = Self::open_at(&self.origin, self.options)?;
            let outcome = query(&fresh.database);
            if !fresh.is_overtaken() {
                return outcome;
            }
        }
        Err(self.changed_while_read())
    }

    pub(super) fn changed_while_read(&self) -> Error {
        Error::ChangedWhileRead { path: self.origin.path.clone() }
    }

    pub(super) fn is_overtaken(&self) -> bool {
        self.access == Access::Immutable && Stamp::of(&self.origin) != self.stamp
    }
}
