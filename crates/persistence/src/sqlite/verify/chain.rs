//! Verifies the chain of snapshots.

use std::collections::{HashMap, HashSet};

use cds_model::{CHAIN_START, ChainLink, Fingerprint};
use rusqlite::{Connection, Result, Row};

use super::{
    findings::Findings,
    stored::{fingerprint, hash_columns, integer, show, text},
};
use crate::{
    Deviation, DeviationKind, RunId,
    table::{select::verify, snapshot_chain},
};

/// The number of hashed columns, which come before the hash.
const COLUMN_COUNT: usize = 12;

/// A chain row. Unreadable values count as missing, because an altered row may hold anything.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sequence: i64,
    pub(super) is_snapshot: bool,
    pub(super) run: RunId,
    pub(super) project: String,
    pub(super) part: String,
    pub(super) recorded_at: String,
    pub(super) record_count: Option<i64>,
    pub(super) snapshot_root: Option<Fingerprint>,
    pub(super) run_hash: Option<Fingerprint>,
    pub(super) history_sequence: i64,
    pub(super) history_hash: String,
    /// The recomputed hash.
    pub(super) hash: Fingerprint,
}

/// All rows of the chain, in order.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub(super) entries: Vec<Entry>,
    /// The index of the row written with each snapshot.
    pub(super) snapshots: HashMap<RunId, usize>,
    pub(super) pruned: HashSet<RunId>,
}

impl Chain {
    /// Reads all rows; checks the hash of each and its link to the previous one.
    pub(super) fn load(connection: &Connection, findings: &mut Findings) -> Result<Self> {
        let mut chain = Self::default();
        let mut previous = (0, CHAIN_START.to_string());
        let mut statement = connection.prepare(verify::CHAIN)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let entry = read(row)?;
            check(row, &entry, &previous, findings)?;
            // The next row is compared with the stored hash, not the recomputed one, so that one altered row is one
            // deviation.
            previous = (entry.sequence, show(row.get_ref(COLUMN_COUNT)?));
            chain.add(entry, findings);
        }
        Ok(chain)
    }

    fn add(&mut self, entry: Entry, findings: &mut Findings) {
        let run = entry.run;
        let is_new = if entry.is_snapshot {
            self.snapshots.insert(run, self.entries.len()).is_none()
        } else {
            self.pruned.insert(run)
        };
        if !is_new {
            findings.add(DeviationKind::Repeated, Some(run), || {
                Deviation::of(DeviationKind::Repeated, snapshot_chain::TABLE.name).row(entry.sequence)
            });
        }
        self.entries.push(entry);
    }

    /// The last row of each part of a project, if it is a pruning: its hash covers the `units` of the part.
    pub(super) fn unit_seals(&self) -> Vec<&Entry> {
        let mut last: HashMap<(&str, &str), &Entry> = HashMap::new();
        for entry in &self.entries {
            // Later rows replace earlier ones, so each part keeps its last row.
            last.insert((&entry.project, &entry.part), entry);
        }
        last.into_values().filter(|entry| !entry.is_snapshot).collect()
    }

    /// The recomputed hash of the last row.
    pub(super) fn head(&self) -> Option<Fingerprint> {
        self.entries.last().map(|entry| entry.hash)
    }
}

fn read(row: &Row<'_>) -> Result<Entry> {
    // An unreadable value becomes empty or 0. The hash covers the stored bytes and reports the alteration.
    let owned = |column| Ok::<_, rusqlite::Error>(text(row, column)?.unwrap_or_default().to_owned());
    Ok(Entry {
        sequence: integer(row, 0)?.unwrap_or_default(),
        // An unknown event counts as a snapshot, so that a forged word cannot hide one.
        is_snapshot: text(row, 1)? != Some(ChainLink::PRUNED),
        run: RunId(integer(row, 2)?.unwrap_or_default()),
        project: owned(3)?,
        part: owned(4)?,
        recorded_at: owned(5)?,
        record_count: integer(row, 6)?,
        snapshot_root: fingerprint(row, 7)?,
        run_hash: fingerprint(row, 8)?,
        history_sequence: integer(row, 9)?.unwrap_or_default(),
        history_hash: owned(10)?,
        hash: hash_columns(row, "cds chain 1", COLUMN_COUNT)?,
    })
}

fn check(row: &Row<'_>, entry: &Entry, previous: &(i64, String), findings: &mut Findings) -> Result<()> {
    let (run, sequence) = (Some(entry.run), entry.sequence);
    let deviation = |kind| Deviation::of(kind, snapshot_chain::TABLE.name).row(sequence);
    // Numbers are consecutive, so a removed row leaves a gap.
    let expected = previous.0.saturating_add(1);
    if sequence != expected {
        findings.add(DeviationKind::Order, run, || {
            deviation(DeviationKind::Order).field("sequence").stored(sequence).recomputed(expected)
        });
    }
    let stored = show(row.get_ref(COLUMN_COUNT)?);
    if stored != entry.hash.to_string() {
        findings.add(DeviationKind::Row, run, || {
            deviation(DeviationKind::Row).field("hash").stored(stored).recomputed(entry.hash)
        });
    }
    let link = show(row.get_ref(COLUMN_COUNT - 1)?);
    if link != previous.1 {
        findings.add(DeviationKind::Link, run, || {
            deviation(DeviationKind::Link).field("previous_hash").stored(link).recomputed(&previous.1)
        });
    }
    Ok(())
}
