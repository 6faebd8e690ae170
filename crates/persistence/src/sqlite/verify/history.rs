//! The rows of the history, read in order along the chain.

use std::borrow::Cow;

use cds_model::{CHAIN_START, Fingerprint, Transition, UnitKey};
use rusqlite::{Connection, Result, Row, Statement};
use serde::Deserialize;

use super::{
    chain::Entry,
    findings::Findings,
    replay::Replay,
    stored::{fingerprint, hash_columns, integer, show, text},
};
use crate::{
    Deviation, DeviationKind, RunId,
    table::{select::verify, unit_history},
};

/// How many columns come before the hash of a row.
const COLUMN_COUNT: usize = 11;

/// What a row tells beside its columns.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) file_path: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) ordinal: u32,
    #[serde(default)]
    pub(super) changed: Vec<String>,
    pub(super) from: Option<Place>,
    #[serde(default)]
    pub(super) renumbered: Vec<Renumbered>,
    #[serde(default)]
    pub(super) derived: bool,
    pub(super) last_run: Option<i64>,
    pub(super) code_hash: Option<String>,
    pub(super) intent_hash: Option<String>,
}

/// Names of before.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub(super) file_path: String,
    pub(super) name: String,
    pub(super) ordinal: u32,
}

/// Definitions of one name whose numbers follow each other, before and after.
#[derive(Debug, Deserialize)]
pub(super) struct Renumbered {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) count: u32,
}

impl Metadata<'_> {
    /// The names of before, where they are told.
    pub(super) fn key_before(&self) -> Option<UnitKey<'_>> {
        let Place { file_path, name, ordinal } = self.from.as_ref()?;
        Some(UnitKey { file_path, kind: &self.kind, name, ordinal: *ordinal })
    }

    pub(super) fn key(&self) -> UnitKey<'_> {
        UnitKey { file_path: &self.file_path, kind: &self.kind, name: &self.name, ordinal: self.ordinal }
    }
}

/// A row as far as a unit depends on it.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) sequence: i64,
    pub(super) unit: i64,
    pub(super) run: RunId,
    pub(super) transition: Transition,
    pub(super) previous: Option<Fingerprint>,
    pub(super) content: Option<Fingerprint>,
    pub(super) metadata: Metadata<'a>,
}

/// Reads the history from row to row.
pub(super) struct HistoryReader<'a> {
    statement: Statement<'a>,
    /// All rows up to this number were read.
    after: i64,
    /// The number and the stored hash of the last row that was read.
    last: (i64, String),
    count: u64,
}

impl<'a> HistoryReader<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self> {
        let statement = connection.prepare(verify::HISTORY)?;
        Ok(Self { statement, after: i64::MIN, last: (0, CHAIN_START.to_string()), count: 0 })
    }

    /// How many rows were read.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Reads the rows that `entry` of the chain speaks of, and lets `replay` follow them.
    pub(super) fn read_to(&mut self, entry: &Entry, replay: &mut Replay, findings: &mut Findings) -> Result<()> {
        self.read(entry.history_sequence, Some(entry), replay, findings)?;
        if self.last != (entry.history_sequence, entry.history_hash.clone()) {
            let (sequence, hash) = &self.last;
            findings.add(DeviationKind::HistoryHead, Some(entry.run), || {
                Deviation::of(DeviationKind::HistoryHead, unit_history::TABLE.name)
                    .row(entry.history_sequence)
                    .field("sequence, hash")
                    .stored(format_args!("{sequence}, {hash}"))
                    .recomputed(format_args!("{}, {}", entry.history_sequence, entry.history_hash))
            });
        }
        Ok(())
    }

    /// Reads the rows behind those that the chain speaks of: there must be none.
    pub(super) fn read_rest(&mut self, replay: &mut Replay, findings: &mut Findings) -> Result<()> {
        self.read(i64::MAX, None, replay, findings)
    }

    fn read(&mut self, until: i64, entry: Option<&Entry>, replay: &mut Replay, findings: &mut Findings) -> Result<()> {
        let mut rows = self.statement.query((self.after, until))?;
        while let Some(row) = rows.next()? {
            let hash = show(row.get_ref(COLUMN_COUNT)?);
            let sequence = integer(row, 0)?.unwrap_or_default();
            check(row, sequence, &hash, &self.last, findings)?;
            check_entry(row, sequence, entry, findings)?;
            match step(row, sequence)? {
                Some(step) => replay.follow(&step, entry, findings),
                None => findings.add(DeviationKind::Transition, integer(row, 2)?.map(RunId), || {
                    let deviation = Deviation::of(DeviationKind::Transition, unit_history::TABLE.name);
                    deviation.row(sequence).field("transition, metadata")
                }),
            }
            self.last = (sequence, hash);
            self.count += 1;
        }
        self.after = self.after.max(until);
        Ok(())
    }
}

fn check(row: &Row<'_>, sequence: i64, hash: &str, last: &(i64, String), findings: &mut Findings) -> Result<()> {
    let run = integer(row, 2)?.map(RunId);
    let deviation = |kind| Deviation::of(kind, unit_history::TABLE.name).row(sequence);
    let expected = last.0.saturating_add(1);
    if sequence != expected {
        findings.add(DeviationKind::Order, run, || {
            deviation(DeviationKind::Order).field("sequence").stored(sequence).recomputed(expected)
        });
    }
    let recomputed = hash_columns(row, "cds history 1", COLUMN_COUNT)?;
    if hash != recomputed.to_string() {
        findings.add(DeviationKind::Row, run, || {
            deviation(DeviationKind::Row).field("hash").stored(hash).recomputed(recomputed)
        });
    }
    let link = row.get_ref(COLUMN_COUNT - 1)?;
    if link.as_str().ok() != Some(&last.1) {
        findings.add(DeviationKind::Link, run, || {
            deviation(DeviationKind::Link).field("previous_hash").stored(show(link)).recomputed(&last.1)
        });
    }
    Ok(())
}

/// Each row is of the snapshot whose row of the chain speaks of it.
fn check_entry(row: &Row<'_>, sequence: i64, entry: Option<&Entry>, findings: &mut Findings) -> Result<()> {
    let (run, at) = (integer(row, 2)?, text(row, 9)?);
    if entry.is_some_and(|entry| run == Some(entry.run.0) && at == Some(&entry.recorded_at)) {
        return Ok(());
    }
    findings.add(DeviationKind::HistoryHead, run.map(RunId), || {
        let deviation = Deviation::of(DeviationKind::HistoryHead, unit_history::TABLE.name);
        let deviation = deviation.row(sequence).field("run_id, recorded_at");
        let deviation = deviation.stored(format_args!("{}, {}", run.unwrap_or_default(), at.unwrap_or_default()));
        match entry {
            Some(entry) => deviation.recomputed(format_args!("{}, {}", entry.run, entry.recorded_at)),
            None => deviation,
        }
    });
    Ok(())
}

/// None where the row tells nothing that could be followed.
fn step<'a>(row: &'a Row<'_>, sequence: i64) -> Result<Option<Step<'a>>> {
    let transition = text(row, 3)?.and_then(|word| word.parse().ok());
    let metadata = text(row, 8)?.and_then(|text| serde_json::from_str(text).ok());
    let (Some(unit), Some(run), Some(transition), Some(metadata)) =
        (integer(row, 1)?, integer(row, 2)?, transition, metadata)
    else {
        return Ok(None);
    };
    let (previous, content) = (fingerprint(row, 4)?, fingerprint(row, 5)?);
    Ok(Some(Step { sequence, unit, run: RunId(run), transition, previous, content, metadata }))
}
