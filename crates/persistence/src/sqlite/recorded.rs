//! Which commits the snapshots of a project are of.

use rusqlite::{Connection, Result};

use super::{fit, reader::SqliteReader};
use crate::{
    Error, RunId, Step,
    table::{runs_ledger, snapshot_chain},
};

/// A snapshot that was written for a part of a project, whether or not it was pruned since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSnapshot {
    /// Its number.
    pub run: RunId,
    /// The commit of its tree, if the ledger knows it; `-dirty` follows if the tree differed from it.
    pub code_ref: Option<String>,
    /// When its changes were made, RFC 3339.
    pub recorded_at: String,
}

impl SqliteReader {
    /// The snapshots of a part of a project, in the order in which they were written.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn recorded_snapshots(&self, project: &str, part: &str) -> std::result::Result<Vec<RecordedSnapshot>, Error> {
        self.read(|database| database.read(&Step::ReadAccounts, |connection| recorded(connection, project, part)))
    }
}

fn recorded(connection: &Connection, project: &str, part: &str) -> Result<Vec<RecordedSnapshot>> {
    if !fit::has_table(connection, &snapshot_chain::TABLE)? {
        return Ok(Vec::new());
    }
    let has_ledger = fit::has_table(connection, &runs_ledger::TABLE)?;
    snapshot_chain::snapshots_of(connection, project, part, has_ledger)
}
