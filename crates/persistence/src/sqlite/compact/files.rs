//! Writes the files of a run; a file that is equal to one that is stored adds no row.

use cds_model::FieldValue;
use rusqlite::{OptionalExtension as _, Statement, params_from_iter};

use super::super::database::Database;
use crate::{
    Error, RunId, Step,
    table::{
        bound::Bound,
        shared::{self, FILE_FIELDS},
    },
};

/// Writes the files of runs.
pub(in super::super) struct FileWriter<'a> {
    database: &'a Database,
    insert_file: Statement<'a>,
    insert_part: Statement<'a>,
    equal: Statement<'a>,
    last_id: i64,
    /// The files of the current run.
    ids: Vec<i64>,
}

impl<'a> FileWriter<'a> {
    pub(in super::super) fn new(database: &'a Database) -> Result<Self, Error> {
        let connection = &database.connection;
        let reading = |cause| database.error(Step::ReadRecords, cause);
        Ok(Self {
            database,
            insert_file: database.prepare_insert(&shared::FILES)?,
            insert_part: database.prepare_insert(&shared::RUN_FILES)?,
            equal: connection.prepare(shared::EQUAL_FILES).map_err(reading)?,
            last_id: connection.query_row(shared::LAST_FILE, [], |row| row.get(0)).map_err(reading)?,
            ids: Vec::new(),
        })
    }

    /// Adds a file of the current run: the columns of `source_files` besides the run.
    pub(in super::super) fn push(&mut self, fields: [FieldValue<'_>; FILE_FIELDS]) -> Result<(), Error> {
        let found = self.equal.query_row(params_from_iter(fields.map(Bound)), |row| row.get(0)).optional();
        let found: Option<i64> = found.map_err(|cause| self.database.error(Step::ReadRecords, cause))?;
        if let Some(id) = found {
            self.ids.push(id);
            return Ok(());
        }
        self.last_id += 1;
        let outcome = shared::insert_file(&mut self.insert_file, self.last_id, fields);
        self.database.check_one_row(outcome, || Step::InsertShared(shared::FILES.name))?;
        self.ids.push(self.last_id);
        Ok(())
    }

    /// Ends a run: writes its files as ranges.
    pub(in super::super) fn end_run(&mut self, run: RunId) -> Result<(), Error> {
        let mut ids = std::mem::take(&mut self.ids);
        ids.sort_unstable();
        for part in ids.chunk_by(|one, next| one + 1 == *next) {
            let count = i64::try_from(part.len()).unwrap_or(i64::MAX);
            let outcome = self.insert_part.execute((run.0, part[0], count));
            self.database.check_one_row(outcome, || Step::InsertShared(shared::RUN_FILES.name))?;
        }
        Ok(())
    }
}
