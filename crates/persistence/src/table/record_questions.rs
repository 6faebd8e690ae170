//! The table `record_questions`: the question that a record's intent answers.

use cds_model::AskedQuestion;
use rusqlite::{Result, Statement, params};

use super::{Index, Table};

pub(crate) const TABLE: Table = Table {
    name: "record_questions",
    create: "
CREATE TABLE IF NOT EXISTS record_questions (
    record_id INTEGER PRIMARY KEY REFERENCES records(id),
    question TEXT NOT NULL,
    is_cut INTEGER NOT NULL
)",
    indexes: &[Index {
        columns: "question",
        create: "CREATE INDEX IF NOT EXISTS idx_record_questions_question ON record_questions(question)",
    }],
    guards: &[],
    insert: "INSERT INTO record_questions (record_id, question, is_cut) VALUES (?1, ?2, ?3)",
};

/// Stored instead of a question if the sentence is derived from a definition without a body.
pub(crate) const DERIVED: &str = "derived";

/// Marks the intent of a record as derived; returns the number of rows written.
pub(crate) fn insert_derived(statement: &mut Statement<'_>, record_id: i64) -> Result<usize> {
    statement.execute(params![record_id, DERIVED, false])
}

/// Inserts the question of one record; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, record_id: i64, question: &AskedQuestion) -> Result<usize> {
    statement.execute(params![record_id, question.key.to_string(), question.is_cut])
}
