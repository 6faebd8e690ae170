//! The stored answers of an open database, for every handle: read, stored and removed.
//!
//! Reading accepts missing tables. Answers are stored in their own transaction, independent of any snapshot.

use std::collections::HashMap;

use cds_model::{KeptAnswer, QuestionKey, Timestamp};

use super::{database::Database, fit, inspection, schema};
use crate::{
    EnrichmentRate, Error, IntentCacheStats, Step,
    table::{
        enrichments,
        intent_cache::{self, Selection},
        record_questions, runs,
    },
};

/// The stored intents for `keys`.
pub(super) fn lookup(database: &Database, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, Error> {
    database.read(&Step::ReadAnswers, |connection| {
        if !fit::has_table(connection, &intent_cache::TABLE)? {
            return Ok(HashMap::new());
        }
        intent_cache::lookup(connection, keys)
    })
}

/// The last known digest of `model`.
pub(super) fn latest_digest(database: &Database, model: &str) -> Result<Option<String>, Error> {
    database.read(&Step::ReadAnswers, |connection| {
        if !fit::has_table(connection, &intent_cache::TABLE)? {
            return Ok(None);
        }
        intent_cache::latest_digest(connection, model)
    })
}

/// How many answers are stored and used.
pub(super) fn stats(database: &Database) -> Result<IntentCacheStats, Error> {
    database.read(&Step::ReadAnswers, |connection| {
        if !fit::has_table(connection, &intent_cache::TABLE)? {
            return Ok(IntentCacheStats::default());
        }
        let mut stats = intent_cache::stats(connection)?;
        if fit::has_table(connection, &record_questions::TABLE)? {
            stats.used_count = intent_cache::count_used(connection)?;
        }
        Ok(stats)
    })
}

/// The cost of a call to `model` in the last runs that made any.
pub(super) fn last_rate(database: &Database, model: &str) -> Result<Option<EnrichmentRate>, Error> {
    database.read(&Step::ReadEnrichments, |connection| {
        if fit::has_table(connection, &enrichments::TABLE)? && fit::has_table(connection, &runs::TABLE)? {
            enrichments::rate(connection, model)
        } else {
            Ok(None)
        }
    })
}

/// How many answers [`prune`] would remove.
pub(super) fn count_prunable(
    database: &Database,
    older_than: Option<Timestamp>,
    is_unused: bool,
) -> Result<usize, Error> {
    database.read(&Step::ReadAnswers, |connection| match selection(connection, older_than, is_unused)? {
        Some(selection) => intent_cache::count_selected(connection, &selection),
        None => Ok(0),
    })
}

/// Removes the answers that meet all given conditions, and returns how many.
pub(super) fn prune(database: &Database, older_than: Option<Timestamp>, is_unused: bool) -> Result<usize, Error> {
    let transaction = database.begin(&Step::Begin)?;
    inspection::inspect(database)?;
    let error = |cause| database.error(Step::PruneAnswers, cause);
    let Some(selection) = selection(&transaction, older_than, is_unused).map_err(error)? else {
        return Ok(0);
    };
    let count = intent_cache::delete_selected(&transaction, &selection).map_err(error)?;
    database.check_is_in_place()?;
    database.commit(&transaction)?;
    Ok(count)
}

/// The answers to prune; `None` if no condition is given or nothing is stored.
///
/// In a database without questions of records, every answer is unused.
fn selection(
    connection: &rusqlite::Connection,
    older_than: Option<Timestamp>,
    is_unused: bool,
) -> rusqlite::Result<Option<Selection>> {
    if (older_than.is_none() && !is_unused) || !fit::has_table(connection, &intent_cache::TABLE)? {
        return Ok(None);
    }
    Ok(Some(Selection {
        older_than: older_than.map(|moment| moment.to_string()),
        is_unused: is_unused && fit::has_table(connection, &record_questions::TABLE)?,
    }))
}

/// Stores `answers`, all or none.
pub(super) fn keep(database: &Database, answers: &[KeptAnswer], at: Timestamp) -> Result<(), Error> {
    if answers.is_empty() {
        return Ok(());
    }
    let transaction = database.begin(&Step::Begin)?;
    // Another process may have changed the schema since the database was opened.
    inspection::inspect_for(database, &intent_cache::TABLE)?;
    schema::create_table(database, &intent_cache::TABLE)?;
    let created_at = at.to_string();
    let mut statement = database.prepare_insert(&intent_cache::TABLE)?;
    for (index, answer) in answers.iter().enumerate() {
        let outcome = intent_cache::upsert(&mut statement, answer, &created_at);
        database.check_one_row(outcome, || Step::KeepAnswer { number: index + 1 })?;
    }
    drop(statement);
    database.check_is_in_place()?;
    database.commit(&transaction)?;
    database.merge_large_log();
    Ok(())
}

/// Removes the answers to `keys`, all or none.
pub(super) fn forget(database: &Database, keys: &[QuestionKey]) -> Result<(), Error> {
    let transaction = database.begin(&Step::Begin)?;
    inspection::inspect(database)?;
    if fit::has_table(&transaction, &intent_cache::TABLE).map_err(|cause| database.error(Step::PruneAnswers, cause))? {
        intent_cache::delete(&transaction, keys).map_err(|cause| database.error(Step::PruneAnswers, cause))?;
    }
    database.check_is_in_place()?;
    database.commit(&transaction)
}
