//! The table `intent_cache`: paid answers, each stored under its question.
//!
//! The question is the primary key of a `WITHOUT ROWID` table: a lookup is one search instead of two, and the 64 digits
//! are stored once. Rows of about 250 bytes are small enough for that with pages of 8 KiB.

use std::collections::HashMap;

use cds_model::{KeptAnswer, QuestionKey};
use rusqlite::{Connection, OptionalExtension, Result, Row, Statement, params};

use super::{
    Table, read_count, read_tokens,
    shared::{Query, question},
    tokens,
};
use crate::{CachedModel, IntentCacheStats};

pub(crate) const TABLE: Table = Table {
    name: "intent_cache",
    create: "
CREATE TABLE IF NOT EXISTS intent_cache (
    question TEXT PRIMARY KEY NOT NULL,
    intent TEXT NOT NULL,
    model TEXT NOT NULL,
    model_digest TEXT NOT NULL,
    prompt_version INTEGER NOT NULL,
    prompt_tokens INTEGER,
    answer_tokens INTEGER,
    created_at TEXT NOT NULL
) WITHOUT ROWID",
    indexes: &[],
    guards: &[],
    insert: "
INSERT INTO intent_cache (question, intent, model, model_digest, prompt_version, prompt_tokens, answer_tokens,
                          created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (question) DO UPDATE
SET intent = excluded.intent, model = excluded.model, model_digest = excluded.model_digest,
    prompt_version = excluded.prompt_version, prompt_tokens = excluded.prompt_tokens,
    answer_tokens = excluded.answer_tokens, created_at = excluded.created_at",
};

const LOOKUP: &str = "SELECT intent FROM intent_cache WHERE question = ?1";

const LATEST_DIGEST: &str = "
SELECT model_digest
FROM intent_cache
WHERE model = ?1 AND model_digest <> ''
ORDER BY created_at DESC, model_digest
LIMIT 1";

/// Sums use floating point, because an integer sum that overflows is an error.
const TOTALS: &str = "
SELECT count(*), coalesce(sum(octet_length(intent)), 0), min(created_at), max(created_at),
       CASE WHEN count(prompt_tokens) > 0 THEN CAST(total(prompt_tokens) AS INTEGER) END,
       CASE WHEN count(answer_tokens) > 0 THEN CAST(total(answer_tokens) AS INTEGER) END
FROM intent_cache";

const MODELS: &str = "
SELECT model, model_digest, count(*)
FROM intent_cache
GROUP BY model, model_digest
ORDER BY count(*) DESC, model, model_digest";

/// In the compact layout. The questions of a removed record count until the next snapshot is pruned.
macro_rules! used_questions {
    () => {
        concat!("(SELECT ", question!(), " FROM shared_contents AS content WHERE content.question IS NOT NULL)")
    };
}

const COUNT_USED: Query = Query {
    plain: "
SELECT count(*) FROM intent_cache WHERE question IN (SELECT question FROM record_questions)",
    compact: concat!(
        "
SELECT count(*) FROM intent_cache WHERE question IN ",
        used_questions!(),
        ""
    ),
};

const COUNT_OLDER: &str = "SELECT count(*) FROM intent_cache WHERE ?1 IS NULL OR created_at < ?1";

const COUNT_OLDER_UNUSED: Query = Query {
    plain: "
SELECT count(*)
FROM intent_cache
WHERE (?1 IS NULL OR created_at < ?1) AND question NOT IN (SELECT question FROM record_questions)",
    compact: concat!(
        "
SELECT count(*)
FROM intent_cache
WHERE (?1 IS NULL OR created_at < ?1) AND question NOT IN ",
        used_questions!(),
        ""
    ),
};

const DELETE_OLDER: &str = "DELETE FROM intent_cache WHERE ?1 IS NULL OR created_at < ?1";

const DELETE_OLDER_UNUSED: Query = Query {
    plain: "
DELETE FROM intent_cache
WHERE (?1 IS NULL OR created_at < ?1) AND question NOT IN (SELECT question FROM record_questions)",
    compact: concat!(
        "
DELETE FROM intent_cache
WHERE (?1 IS NULL OR created_at < ?1) AND question NOT IN ",
        used_questions!(),
        ""
    ),
};

const DELETE: &str = "DELETE FROM intent_cache WHERE question = ?1";

/// The selected answers; they meet all given conditions.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// Stored before this moment.
    pub(crate) older_than: Option<String>,
    /// Not used by any row of `record_questions`, which must exist.
    pub(crate) is_unused: bool,
}

/// Inserts or replaces one answer; returns the number of rows written.
pub(crate) fn upsert(statement: &mut Statement<'_>, answer: &KeptAnswer, created_at: &str) -> Result<usize> {
    statement.execute(params![
        answer.key.to_string(),
        answer.intent,
        answer.model,
        answer.model_digest,
        answer.prompt_version,
        tokens(answer.prompt_tokens),
        tokens(answer.answer_tokens),
        created_at,
    ])
}

/// The stored intents for `keys`.
pub(crate) fn lookup(connection: &Connection, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>> {
    let mut statement = connection.prepare(LOOKUP)?;
    let mut found = HashMap::new();
    // Sorted by key, so that each page of the table is read once.
    let mut ordered = keys.to_vec();
    ordered.sort_unstable();
    ordered.dedup();
    for key in ordered {
        if let Some(intent) = statement.query_row([key.to_string()], |row| row.get(0)).optional()? {
            found.insert(key, intent);
        }
    }
    Ok(found)
}

/// Removes the answers to `keys`.
pub(crate) fn delete(connection: &Connection, keys: &[QuestionKey]) -> Result<()> {
    let mut statement = connection.prepare(DELETE)?;
    keys.iter().try_for_each(|key| statement.execute([key.to_string()]).map(drop))
}

/// The digest in the newest answer of `model` that has one.
pub(crate) fn latest_digest(connection: &Connection, model: &str) -> Result<Option<String>> {
    connection.query_row(LATEST_DIGEST, [model], |row| row.get(0)).optional()
}

/// All statistics except the number of used answers.
pub(crate) fn stats(connection: &Connection) -> Result<IntentCacheStats> {
    let models = connection.prepare(MODELS)?.query_map([], read_model)?.collect::<Result<_>>()?;
    connection.query_row(TOTALS, [], |row| {
        Ok(IntentCacheStats {
            answer_count: read_count(row, 0)?,
            models,
            intent_byte_count: read_count(row, 1)?,
            oldest: row.get(2)?,
            newest: row.get(3)?,
            prompt_tokens: read_tokens(row, 4)?,
            answer_tokens: read_tokens(row, 5)?,
            used_count: 0,
        })
    })
}

fn read_model(row: &Row<'_>) -> Result<CachedModel> {
    Ok(CachedModel { model: row.get(0)?, model_digest: row.get(1)?, answer_count: read_count(row, 2)? })
}

/// The number of answers that `record_questions` uses.
pub(crate) fn count_used(connection: &Connection) -> Result<usize> {
    connection.query_row(COUNT_USED.sql(connection)?, [], |row| read_count(row, 0))
}

/// The number of selected answers.
pub(crate) fn count_selected(connection: &Connection, selection: &Selection) -> Result<usize> {
    let sql = if selection.is_unused { COUNT_OLDER_UNUSED.sql(connection)? } else { COUNT_OLDER };
    connection.query_row(sql, [&selection.older_than], |row| read_count(row, 0))
}

/// Removes the answers of the selection and says how many there were.
pub(crate) fn delete_selected(connection: &Connection, selection: &Selection) -> Result<usize> {
    let sql = if selection.is_unused { DELETE_OLDER_UNUSED.sql(connection)? } else { DELETE_OLDER };
    connection.execute(sql, [&selection.older_than])
}
