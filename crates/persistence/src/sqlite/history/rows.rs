//! The rows of `units` and `unit_history` that a snapshot writes.

use cds_model::{
    CHAIN_START, Fingerprint, HistoryContext, HistoryLink, Transition, TransitionCounts, UnitKey, derived_intent,
    followed_intent,
};
use rusqlite::Statement;
use serde::Serialize;

use super::{super::database::Database, known::KnownUnit, namesakes::Renumbered};
use crate::{
    Error, Layout, RunId, Step,
    table::{
        self, runs,
        unit_history::{self, NewRows},
        units::{self, NewUnits, SeenUnit, UnitNames},
    },
};

/// `SQLite` stores the number 1 without a byte, and 2 in one. If the second run made each row of a full page longer, it
/// would split the pages: a database where nothing changed would grow by a hundredth. So the rows of the first run of a
/// compact database are written with the number 2, and get theirs at the end.
const FIRST: RunId = RunId(1);
const SECOND: RunId = RunId(2);

/// A definition as it is in the snapshot that is being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) key: UnitKey<'a>,
    pub(super) content: Fingerprint,
    pub(super) code: Fingerprint,
    pub(super) intent: Fingerprint,
    /// The first and the last line.
    pub(super) lines: (u32, u32),
    /// The prepared metadata of its history row if it is new.
    pub(super) metadata: Option<&'a str>,
}

impl<'a> Seen<'a> {
    /// The same with the intent that the history records.
    fn with_followed_intent(&self, is_derived: bool, origin: Option<&KnownUnit>) -> Self {
        let known = origin.map(|origin| Fingerprint(origin.state.intent));
        Self { intent: followed_intent(is_derived, known, self.intent), ..*self }
    }

    /// The values for its row in `units`; `content` is the content hash as text.
    fn unit(&self, content: &'a str) -> SeenUnit<'a> {
        SeenUnit { key: self.key, content, code: self.code, intent: self.intent }
    }
}

/// The metadata of a history row, besides its columns.
#[derive(Serialize)]
struct Metadata<'a> {
    file_path: &'a str,
    kind: &'a str,
    name: &'a str,
    ordinal: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<u32>,
    /// What changed: `code`, `intent` or both.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<&'static str>,
    /// Its names before a move, or its previous ordinal.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Names<'a>>,
    /// For a file: the changed ordinals of its definitions.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    renumbered: &'a [Renumbered],
    /// Whether its intent is a derived sentence; all of these share one hash.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    derived: bool,
    #[serde(flatten)]
    last: Option<LastSeen>,
}

/// The last known state of a removed definition, so that `units` can be verified after its last snapshot is pruned.
#[derive(Serialize)]
struct LastSeen {
    last_run: i64,
    code_hash: String,
    intent_hash: String,
}

#[derive(Serialize)]
struct Names<'a> {
    file_path: &'a str,
    name: &'a str,
    ordinal: u32,
}

/// Writes history rows, each chained to the previous one.
pub(super) struct HistoryRows<'a> {
    database: &'a Database,
    context: &'a HistoryContext,
    run: RunId,
    at: String,
    is_derived: bool,
    new_units: NewUnits<'a>,
    change_unit: Statement<'a>,
    remove_unit: Statement<'a>,
    new_rows: NewRows<'a>,
    sequence: i64,
    previous_hash: String,
    counts: TransitionCounts,
}

impl<'a> HistoryRows<'a> {
    pub(super) fn new(
        database: &'a Database,
        run: RunId,
        at: String,
        context: &'a HistoryContext,
    ) -> Result<Self, Error> {
        let last = unit_history::last(&database.connection).map_err(|cause| database.error(Step::ReadUnits, cause))?;
        let (sequence, previous_hash) = last.unwrap_or_else(|| (0, CHAIN_START.to_string()));
        let writing = |cause| database.error(Step::WriteUnits, cause);
        let change_unit = units::prepare_change(&database.connection).map_err(writing)?;
        let remove_unit = units::prepare_remove(&database.connection).map_err(writing)?;
        let layout = table::layout(&database.connection).map_err(writing)?;
        let last_run = if layout == Layout::Compact && run == FIRST { SECOND } else { run };
        let new_units =
            NewUnits::new(database.prepare_insert(&units::TABLE)?, context, (run, last_run), &at).map_err(writing)?;
        let new_rows =
            NewRows::new(database.prepare_insert(&unit_history::TABLE)?, context, run, &at).map_err(writing)?;
        Ok(Self {
            database,
            context,
            run,
            at,
            is_derived: runs::is_derived(&database.connection, run).map_err(writing)?,
            new_units,
            change_unit,
            remove_unit,
            new_rows,
            sequence,
            previous_hash,
            counts: TransitionCounts::default(),
        })
    }

    /// When the snapshot was made, as stored in the rows.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// Whether the intents of the snapshot come from the embedded provider.
    pub(super) const fn is_derived(&self) -> bool {
        self.is_derived
    }

    /// The number of rows written so far, by transition.
    pub(super) const fn counts(&self) -> TransitionCounts {
        self.counts
    }

    /// Writes a definition that kept its names. If only its lines or ordinal changed, it gets no history row.
    ///
    /// For a file, `renumbered` are the changed ordinals of its definitions; its code has then changed too.
    pub(super) fn write_same(
        &mut self,
        seen: &Seen<'_>,
        origin: &KnownUnit,
        renumbered: &[Renumbered],
    ) -> Result<(), Error> {
        let seen = &seen.with_followed_intent(self.is_derived, Some(origin));
        let is_same_intent = origin.state.intent == seen.intent.0;
        // Most definitions are unchanged. `mark_seen` updates all of them in one statement.
        if origin.state.content == Some(seen.content) && origin.ordinal == seen.key.ordinal && is_same_intent {
            return Ok(());
        }
        self.change(seen, origin)?;
        if origin.state.code != seen.code.0 {
            self.write(Transition::Changed, seen, origin, (other_number(seen, origin), renumbered))
        } else if !is_same_intent {
            self.write(Transition::IntentChanged, seen, origin, (other_number(seen, origin), renumbered))
        } else {
            Ok(())
        }
    }

    pub(super) fn write_moved(&mut self, seen: &Seen<'_>, origin: &KnownUnit, from: &UnitNames) -> Result<(), Error> {
        let seen = &seen.with_followed_intent(self.is_derived, Some(origin));
        self.change(seen, origin)?;
        let from = Names { file_path: &from.file_path, name: &from.name, ordinal: from.ordinal };
        self.write(Transition::Moved, seen, origin, (Some(from), &[]))
    }

    pub(super) fn write_returned(&mut self, seen: &Seen<'_>, origin: &KnownUnit) -> Result<(), Error> {
        let seen = &seen.with_followed_intent(self.is_derived, Some(origin));
        self.change(seen, origin)?;
        self.write(Transition::Returned, seen, origin, (other_number(seen, origin), &[]))
    }

    pub(super) fn write_added(&mut self, seen: &Seen<'_>) -> Result<(), Error> {
        let seen = &seen.with_followed_intent(self.is_derived, None);
        let content = seen.content.to_string();
        let outcome = self.new_units.insert(&seen.unit(&content));
        self.database.check_one_row(outcome, || Step::WriteUnits)?;
        let id = self.database.connection.last_insert_rowid();
        let hashes = (None, Some(content.as_str()));
        // A second thread may have prepared the metadata.
        if let Some(metadata) = seen.metadata {
            return self.write_history(id, Transition::Added, hashes, metadata);
        }
        let metadata = self.metadata_text(metadata_of_new(seen, self.is_derived))?;
        self.write_history(id, Transition::Added, hashes, &metadata)
    }

    /// Writes a removed definition; its row in `units` keeps its last state.
    pub(super) fn write_removed(&mut self, unit: &KnownUnit, names: &UnitNames) -> Result<(), Error> {
        let outcome = units::remove(&mut self.remove_unit, unit.id);
        self.database.check_one_row(outcome, || Step::WriteUnits)?;
        let metadata = Metadata {
            file_path: &names.file_path,
            kind: &names.kind,
            name: &names.name,
            ordinal: names.ordinal,
            start_line: None,
            end_line: None,
            changed: Vec::new(),
            from: None,
            renumbered: &[],
            derived: false,
            last: Some(LastSeen {
                last_run: names.last_run.0,
                code_hash: Fingerprint(unit.state.code).to_string(),
                intent_hash: Fingerprint(unit.state.intent).to_string(),
            }),
        };
        let metadata = self.metadata_text(serde_json::to_string(&metadata))?;
        let content = unit.state.content.map(|hash| hash.to_string());
        self.write_history(unit.id, Transition::Removed, (content.as_deref(), None), &metadata)
    }

    /// Gives new definitions their last run if they have another one, see [`SECOND`].
    pub(super) fn settle(&self) -> Result<(), Error> {
        if self.run != FIRST {
            return Ok(());
        }
        units::set_last_run(&self.database.connection, SECOND, FIRST)
            .map(drop)
            .map_err(|cause| self.database.error(Step::WriteUnits, cause))
    }

    /// Marks every present definition as seen, except `unseen`.
    pub(super) fn mark_seen(&self, unseen: &[i64]) -> Result<(), Error> {
        units::mark_seen(&self.database.connection, self.context, self.run, &self.at, unseen)
            .map(drop)
            .map_err(|cause| self.database.error(Step::WriteUnits, cause))
    }

    fn change(&mut self, seen: &Seen<'_>, origin: &KnownUnit) -> Result<(), Error> {
        let content = seen.content.to_string();
        let outcome = units::change(&mut self.change_unit, origin.id, self.run, &self.at, &seen.unit(&content));
        self.database.check_one_row(outcome, || Step::WriteUnits)
    }

    fn write(
        &mut self,
        transition: Transition,
        seen: &Seen<'_>,
        origin: &KnownUnit,
        (from, renumbered): (Option<Names<'_>>, &[Renumbered]),
    ) -> Result<(), Error> {
        let code = (origin.state.code != seen.code.0).then_some("code");
        let intent = (origin.state.intent != seen.intent.0).then_some("intent");
        let changed = code.into_iter().chain(intent).collect();
        let metadata = Metadata { changed, from, renumbered, ..metadata(seen) };
        let metadata = self.metadata_text(serde_json::to_string(&metadata))?;
        let before = origin.state.content.map(|hash| hash.to_string());
        self.write_history(origin.id, transition, (before.as_deref(), Some(&seen.content.to_string())), &metadata)
    }

    /// Adds the number of the next row to an error of serializing its metadata.
    fn metadata_text(&self, metadata: serde_json::Result<String>) -> Result<String, Error> {
        metadata.map_err(|cause| {
            let cause = rusqlite::Error::ToSqlConversionFailure(cause.into());
            self.database.error(Step::WriteHistory(self.sequence.saturating_add(1)), cause)
        })
    }

    fn write_history(
        &mut self,
        unit_id: i64,
        transition: Transition,
        (previous_content_hash, content_hash): (Option<&str>, Option<&str>),
        metadata: &str,
    ) -> Result<(), Error> {
        self.sequence = self.sequence.saturating_add(1);
        let link = HistoryLink {
            sequence: self.sequence,
            unit_id,
            run_id: self.run.0,
            transition: transition.as_str(),
            previous_content_hash,
            content_hash,
            actor: self.context.actor.as_deref(),
            reasoning: self.context.reasoning.as_deref(),
            metadata,
            recorded_at: &self.at,
            previous_hash: &self.previous_hash,
        };
        let hash = link.hash().to_string();
        let outcome = self.new_rows.insert(&link, &hash);
        self.database.check_one_row(outcome, || Step::WriteHistory(self.sequence))?;
        self.previous_hash = hash;
        self.counts.add(transition);
        Ok(())
    }
}

/// The previous names of a definition if its ordinal changed.
fn other_number<'a>(seen: &Seen<'a>, origin: &KnownUnit) -> Option<Names<'a>> {
    let UnitKey { file_path, name, ordinal, .. } = seen.key;
    (origin.ordinal != ordinal).then_some(Names { file_path, name, ordinal: origin.ordinal })
}

/// The metadata of a new definition.
pub(super) fn metadata_of_new(seen: &Seen<'_>, is_derived: bool) -> serde_json::Result<String> {
    serde_json::to_string(&metadata(&seen.with_followed_intent(is_derived, None)))
}

fn metadata<'a>(seen: &Seen<'a>) -> Metadata<'a> {
    Metadata {
        file_path: seen.key.file_path,
        kind: seen.key.kind,
        name: seen.key.name,
        ordinal: seen.key.ordinal,
        start_line: Some(seen.lines.0),
        end_line: Some(seen.lines.1),
        changed: Vec::new(),
        from: None,
        renumbered: &[],
        derived: seen.intent == derived_intent(),
        last: None,
    }
}
