//! The query and the result of a verification.

use std::fmt;

use cds_model::Fingerprint;
use serde::Serialize;

use crate::RunId;

/// The scope of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyQuery {
    /// Only this snapshot, with the whole history and the whole chain; `None` for all snapshots.
    pub run: Option<RunId>,
    /// A root or chain hash that was stored outside of the file.
    pub expected: Option<Fingerprint>,
    /// The most deviations reported, the first of each kind and run; all are counted. In the compact layout each altered
    /// record is reported, and ten times as many.
    pub limit: usize,
}

impl Default for VerifyQuery {
    /// Everything, and up to 100 deviations.
    fn default() -> Self {
        Self { run: None, expected: None, limit: 100 }
    }
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Fully verified snapshots.
    pub run_count: u64,
    /// Their records.
    pub record_count: u64,
    /// Rows of `unit_history`.
    pub history_count: u64,
    /// Rows of `snapshot_chain`.
    pub chain_count: u64,
    /// Bytes of hashed records, including those of [`unverified`](Self::unverified) snapshots.
    pub byte_count: u64,
    /// The recomputed last hash of the chain; `None` if it is empty.
    pub chain_head: Option<Fingerprint>,
    /// The recomputed root of the requested snapshot, if it has one.
    pub snapshot_root: Option<Fingerprint>,
    /// Snapshots of which only MD5 sums can be verified, at most a thousand.
    pub unverified: Vec<Unverified>,
    /// The number of such snapshots.
    pub unverified_run_count: u64,
    /// Definitions whose last record was pruned while they were present: some of their hashes cannot be compared.
    pub unverified_unit_count: u64,
    /// The first deviation of each kind and run.
    pub deviations: Vec<Deviation>,
    /// The number of deviations.
    pub deviation_count: u64,
}

impl Verification {
    /// Whether no deviation was found.
    pub const fn is_unaltered(&self) -> bool {
        self.deviation_count == 0
    }
}

/// A snapshot that was written without hashes, by another program or an older version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Unverified {
    /// The snapshot.
    #[serde(rename = "run_id")]
    pub run: RunId,
    /// Its records.
    pub record_count: u64,
}

/// A difference between what is stored and what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// The kind of deviation.
    pub kind: DeviationKind,
    /// The table with the deviation.
    pub table: String,
    /// The snapshot, if it concerns one.
    pub run: Option<RunId>,
    /// The primary key of the row, if it concerns one.
    pub row: Option<i64>,
    /// The location: `file:line` of a record, or the file of a definition.
    pub place: Option<String>,
    /// The columns that differ, separated by commas, or the name of a trigger.
    pub field: Option<String>,
    /// The stored value; `None` if there is none.
    pub stored: Option<String>,
    /// The expected value according to everything else that is stored; `None` if there must be none.
    pub recomputed: Option<String>,
}

impl Deviation {
    pub(crate) fn of(kind: DeviationKind, table: &str) -> Self {
        Self {
            kind,
            table: table.to_owned(),
            run: None,
            row: None,
            place: None,
            field: None,
            stored: None,
            recomputed: None,
        }
    }

    pub(crate) fn row(mut self, row: i64) -> Self {
        self.row = Some(row);
        self
    }

    pub(crate) fn place(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    pub(crate) fn stored(mut self, stored: impl fmt::Display) -> Self {
        self.stored = Some(stored.to_string());
        self
    }

    pub(crate) fn recomputed(mut self, recomputed: impl fmt::Display) -> Self {
        self.recomputed = Some(recomputed.to_string());
        self
    }
}

/// The kinds of deviations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// The file is damaged.
    Damage,
    /// A row refers to a missing row.
    ForeignKey,
    /// A table that other tables refer to is missing.
    MissingTable,
    /// A trigger that protects rows is missing or differs.
    Trigger,
    /// A row of the chain or the history is missing, unexpected, or out of order.
    Order,
    /// A row of the chain or the history does not have the hash of the previous row.
    Link,
    /// A row of the chain or the history was altered.
    Row,
    /// The chain and the history cover different rows.
    HistoryHead,
    /// A row of the history does not follow from earlier rows.
    Transition,
    /// A snapshot is missing, but was not pruned.
    MissingRun,
    /// The ledger says that a snapshot was written with hashes, but the chain has no row for it.
    Unsealed,
    /// A row belongs to a missing snapshot.
    Stray,
    /// A pruned snapshot exists.
    UnexpectedRun,
    /// The chain says that a snapshot was written or pruned twice.
    Repeated,
    /// A run's row, analyzer errors, questions or account were altered.
    Run,
    /// A snapshot has a different number of records.
    RecordCount,
    /// The root over the records differs.
    Root,
    /// The MD5 sum does not match the code.
    Md5,
    /// A record was altered.
    Record,
    /// The stored hashes of a record were altered.
    RecordHash,
    /// A record has no hashes, or hashes have no record.
    Unpaired,
    /// A definition differs between a snapshot and the history.
    Definition,
    /// A row of `units` does not match the history.
    Unit,
    /// No root and no chain hash equals the expected one.
    Expected,
}

cds_model::words! {
    DeviationKind:
        Damage = "damage",
        ForeignKey = "foreign_key",
        MissingTable = "missing_table",
        Trigger = "trigger",
        Order = "order",
        Link = "link",
        Row = "row",
        HistoryHead = "history_head",
        Transition = "transition",
        MissingRun = "missing_run",
        Unsealed = "unsealed",
        Stray = "stray",
        UnexpectedRun = "unexpected_run",
        Repeated = "repeated",
        Run = "run",
        RecordCount = "record_count",
        Root = "root",
        Md5 = "md5sum",
        Record = "record",
        RecordHash = "record_hash",
        Unpaired = "unpaired",
        Definition = "definition",
        Unit = "unit",
        Expected = "expected",
}

impl DeviationKind {
    /// A sentence for people, without a period.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Damage => "the file is damaged",
            Self::ForeignKey => "the row refers to a missing row",
            Self::MissingTable => "the table is missing",
            Self::Trigger => "the trigger that protects the rows is missing or differs",
            Self::Order => "a row is missing, unexpected, or out of order",
            Self::Link => "the row does not have the hash of the previous row",
            Self::Row => "the row is not as it was written",
            Self::HistoryHead => "the chain and the history do not match",
            Self::Transition => "the row does not follow from earlier rows",
            Self::MissingRun => "the snapshot is missing without having been pruned",
            Self::Unsealed => "cds persist wrote the snapshot, but the chain has no row for it",
            Self::Stray => "the row belongs to a missing snapshot",
            Self::UnexpectedRun => "the snapshot exists although it was pruned",
            Self::Repeated => "the chain records the same event of the snapshot twice",
            Self::Run => "the row of the run, its analyzer errors, questions or account are not as they were written",
            Self::RecordCount => "the snapshot has a different number of records",
            Self::Root => "the root over the records differs",
            Self::Md5 => "the MD5 sum does not match the code",
            Self::Record => "the record is not as it was written",
            Self::RecordHash => "the hashes of the record are not as they were written",
            Self::Unpaired => "the record has no hashes, or the hashes have no record",
            Self::Definition => "the definition differs between the snapshot and the history",
            Self::Unit => "the row of the definition does not match the history",
            Self::Expected => "no root and no hash of the chain equals the expected one",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DeviationKind::*, *};

    const ALL: [DeviationKind; 24] = [
        Damage,
        ForeignKey,
        MissingTable,
        Trigger,
        Order,
        Link,
        Row,
        HistoryHead,
        Transition,
        MissingRun,
        Unsealed,
        Stray,
        UnexpectedRun,
        Repeated,
        Run,
        RecordCount,
        Root,
        Md5,
        Record,
        RecordHash,
        Unpaired,
        Definition,
        Unit,
        Expected,
    ];

    #[test]
    fn each_kind_has_unique_words() {
        let words: BTreeSet<_> = ALL.iter().map(|kind| kind.as_str()).collect();
        let sentences: BTreeSet<_> = ALL.iter().map(|kind| kind.sentence()).collect();
        assert_eq!((words.len(), sentences.len()), (ALL.len(), ALL.len()));
        let is_word = |word: &str| word.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'));
        assert!(words.iter().all(|word| is_word(word)), "{words:?}");
        assert!(sentences.iter().all(|sentence| !sentence.ends_with('.')), "{sentences:?}");
    }

    #[test]
    fn words_fit_their_column() {
        assert_eq!(format!("{Md5:<8}|{RecordCount}"), "md5sum  |record_count");
    }
}
