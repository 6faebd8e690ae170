//! Reads and verifies the history rows, in the order of the chain.

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

/// The number of hashed columns, which come before the hash.
const COLUMN_COUNT: usize = 11;

/// The metadata of a history row, besides its columns.
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
    pub(super) from: Option<Names>,
    #[serde(default)]
    pub(super) renumbered: Vec<Renumbered>,
    #[serde(default)]
    pub(super) derived: bool,
    pub(super) last_run: Option<i64>,
    pub(super) code_hash: Option<String>,
    pub(super) intent_hash: Option<String>,
}

/// The previous names of a definition.
#[derive(Debug, Deserialize)]
pub(super) struct Names {
    pub(super) file_path: String,
    pub(super) name: String,
    pub(super) ordinal: u32,
}

/// Consecutive definitions of one name whose ordinals changed.
#[derive(Debug, Deserialize)]
pub(super) struct Renumbered {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) count: u32,
}

impl Metadata<'_> {
    /// The previous names, if the row has them.
    pub(super) fn key_before(&self) -> Option<UnitKey<'_>> {
        let Names { file_path, name, ordinal } = self.from.as_ref()?;
        Some(UnitKey { file_path, kind: &self.kind, name, ordinal: *ordinal })
    }

    pub(super) fn key(&self) -> UnitKey<'_> {
        UnitKey { file_path: &self.file_path, kind: &self.kind, name: &self.name, ordinal: self.ordinal }
    }
}

/// The values of a row that the state of its definition depends on.
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

/// Reads history rows in order.
pub(super) struct HistoryReader<'a> {
    statement: Statement<'a>,
    /// All rows up to this number have been read.
    after: i64,
    /// The number and stored hash of the last row read.
    last: (i64, String),
    count: u64,
}

impl<'a> HistoryReader<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self> {
        let statement = connection.prepare(verify::HISTORY)?;
        Ok(Self { statement, after: i64::MIN, last: (0, CHAIN_START.to_string()), count: 0 })
    }

    /// The number of rows read.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Reads the rows that chain row `entry` covers, and passes them to `replay`.
    pub(super) fn read_to(&mut self, entry: &Entry, replay: &mut Replay, findings: &mut Findings) -> Result<()> {
        self.read(entry.history_sequence, Some(entry), replay, findings)?;
        // The chain row names the last history row at its time, so rows cut off at the end are detected here.
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

    /// Reads the rows after the last chain row; there must be none.
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
            // As in the chain, the stored hash is used, so that one altered row is one deviation.
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

/// Checks that the row belongs to the snapshot of the chain row that covers it.
fn check_entry(row: &Row<'_>, sequence: i64, entry: Option<&Entry>, findings: &mut Findings) -> Result<()> {
    let (run, at) = (integer(row, 2)?, text(row, 9)?);
    if entry.is_some_and(|entry| run == Some(entry.run.0) && at == Some(&entry.recorded_at)) {
        return Ok(());
    }
    // History and chain rows are written in one transaction, so a row of another run was added or altered later.
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

/// `None` if the row has no usable metadata.
fn step<'a>(row: &'a Row<'_>, sequence: i64) -> Result<Option<Step<'a>>> {
    // A word or metadata that cannot be parsed was altered, which the hash of the row has reported.
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
