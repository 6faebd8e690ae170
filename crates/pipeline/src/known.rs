//! What the latest snapshot knows of the records of a tree: which sentences are still true, and what changed last.

use std::collections::HashMap;

use cds_llm_client::is_kept_form;
use cds_model::{
    AskedQuestion, Followed, Intent, Md5Sum, Record, Scope, UnitKey, UnitName, UnitRow, match_units, unit_names,
};
use cds_persistence::{IntentOrigin, KnownRecord, LastChange, LatestSnapshot};

/// The rank of code that the latest snapshot does not have.
const CHANGED_NOW: u64 = u64::MAX;

/// The records of the latest snapshot with their names.
pub(crate) struct Known<'a> {
    records: &'a [KnownRecord],
    names: Vec<UnitName>,
}

/// What a definition was in the latest snapshot.
#[derive(Debug, Clone, Copy)]
struct Before {
    /// Its index there.
    index: usize,
    has_same_code: bool,
}

/// Records in scope that have code, and those of them that have an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KeptCounts {
    pub(crate) selected: usize,
    pub(crate) kept: usize,
}

impl<'a> Known<'a> {
    /// Those of `latest`, if there is one.
    pub(crate) fn new(latest: Option<&'a LatestSnapshot>) -> Self {
        let records = latest.map_or(&[][..], |latest| &latest.records);
        let row = |record: &'a KnownRecord| {
            UnitRow::stored(&record.kind, &record.file_path, record.signature.as_deref(), record.lines)
        };
        let names = unit_names(&records.iter().map(row).collect::<Vec<_>>(), cds_language::name_of);
        Self { records, names }
    }

    /// Gives every record whose code did not change the sentence that it had, wherever it is now. A record in `scope` that
    /// gets none keeps the question of its last sentence.
    pub(crate) fn keep(&self, scope: Scope, records: &mut [Record]) -> KeptCounts {
        let before = self.before(records);
        let mut counts = KeptCounts::default();
        for (record, before) in records.iter_mut().zip(before) {
            let known = before.map(|before| (&self.records[before.index], before.has_same_code));
            let is_selected = scope.contains(record.kind) && !record.normalized_code.trim_start().is_empty();
            let origin = known.and_then(|(known, _)| known.origin);
            let sentence =
                known.filter(|(_, has_same_code)| *has_same_code).and_then(|(known, _)| known.intent.as_deref());
            record.intent = match sentence.filter(|sentence| is_kept_form(sentence)) {
                Some(sentence) if origin == Some(IntentOrigin::Derived) => Intent::Derived(sentence.to_owned()),
                Some(sentence) => Intent::Success(sentence.to_owned()),
                None if is_selected => Intent::NotAsked,
                None => continue,
            };
            if let Some(IntentOrigin::Asked(key, is_cut)) = origin {
                record.question = Some(AskedQuestion { key, is_cut });
            }
            counts.selected += usize::from(is_selected);
            counts.kept += usize::from(is_selected && record.intent.text().is_some());
        }
        counts
    }

    /// How recently the code of each record changed: the number of the snapshot, and the most for what is new now.
    pub(crate) fn ranks(&self, records: &[Record], changes: &[LastChange]) -> Vec<u64> {
        let changes: HashMap<UnitKey<'_>, u64> = changes
            .iter()
            .map(|change| {
                let LastChange { file_path, kind, name, ordinal, run } = change;
                (UnitKey { file_path, kind, name, ordinal: *ordinal }, run.0.unsigned_abs())
            })
            .collect();
        let rank = |before: Option<Before>| match before {
            Some(Before { index, has_same_code: true }) => changes.get(&self.key(index)).copied().unwrap_or_default(),
            _ => CHANGED_NOW,
        };
        self.before(records).into_iter().map(rank).collect()
    }

    fn key(&self, index: usize) -> UnitKey<'_> {
        let (record, name) = (&self.records[index], &self.names[index]);
        UnitKey { file_path: &record.file_path, kind: &record.kind, name: &name.qualified, ordinal: name.ordinal }
    }

    /// What each of `records` was: the definition of its names, else one of the same code that is not there any more.
    fn before(&self, records: &[Record]) -> Vec<Option<Before>> {
        // A sum that another program wrote in another form is equal to no other.
        let known: Vec<(usize, Md5Sum)> = self.records.iter().enumerate().filter_map(with_sum).collect();
        let before: Vec<_> = known
            .iter()
            .map(|&(index, code)| Followed {
                key: self.key(index),
                code,
                declaration: self.records[index].signature.as_deref(),
            })
            .collect();
        let row = |record: &'_ Record| (record.start_line, record.end_line);
        let rows: Vec<_> = records
            .iter()
            .map(|record| {
                UnitRow::stored(record.kind.as_str(), &record.file_path, record.signature.as_deref(), row(record))
            })
            .collect();
        let names = unit_names(&rows, cds_language::name_of);
        let after: Vec<_> = records
            .iter()
            .zip(&names)
            .map(|(record, name)| Followed {
                key: UnitKey {
                    file_path: &record.file_path,
                    kind: record.kind.as_str(),
                    name: &name.qualified,
                    ordinal: name.ordinal,
                },
                code: record.md5sum,
                declaration: record.signature.as_deref(),
            })
            .collect();
        let matching = match_units(&before, &after);
        let mut found = vec![None; records.len()];
        for (old, new) in matching.same.into_iter().chain(matching.moved) {
            found[new] = Some(Before { index: known[old].0, has_same_code: before[old].code == after[new].code });
        }
        found
    }
}

fn with_sum((index, record): (usize, &KnownRecord)) -> Option<(usize, Md5Sum)> {
    Some((index, record.md5sum.parse().ok()?))
}
