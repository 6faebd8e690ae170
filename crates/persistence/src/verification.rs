//! What is asked of a verification, and what it finds.

use std::fmt;

use cds_model::Fingerprint;

use crate::RunId;

/// What is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyQuery {
    /// Only this snapshot, together with the whole history and the whole chain; none for all snapshots.
    pub run: Option<RunId>,
    /// A root or a chain head that somebody kept outside of the file.
    pub expected: Option<Fingerprint>,
    /// At most so many deviations are told, of each kind and run the first; all are counted.
    pub limit: usize,
}

impl Default for VerifyQuery {
    /// Everything, and up to 100 deviations.
    fn default() -> Self {
        Self { run: None, expected: None, limit: 100 }
    }
}

/// What was recomputed, what could not be, and what is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Snapshots of which everything was recomputed.
    pub run_count: u64,
    /// Their records.
    pub record_count: u64,
    /// Rows of `unit_history`.
    pub history_count: u64,
    /// Rows of `snapshot_chain`.
    pub chain_count: u64,
    /// Bytes of the records that were hashed, those of [`unverified`](Self::unverified) snapshots among them.
    pub byte_count: u64,
    /// The recomputed hash of the last row of the chain; none where there is none.
    pub chain_head: Option<Fingerprint>,
    /// The recomputed root of the one snapshot that was asked for, where it has one.
    pub snapshot_root: Option<Fingerprint>,
    /// Snapshots of which only the MD5 sums can be recomputed, at most a thousand.
    pub unverified: Vec<Unverified>,
    /// How many such snapshots there are.
    pub unverified_run_count: u64,
    /// Units whose last record was pruned while they were present: not all of their hashes can be compared.
    pub unverified_unit_count: u64,
    /// The first deviation of each kind and run.
    pub deviations: Vec<Deviation>,
    /// How many deviations there are.
    pub deviation_count: u64,
}

impl Verification {
    /// Whether everything that can be verified is as it was written.
    pub const fn is_unaltered(&self) -> bool {
        self.deviation_count == 0
    }
}

/// A snapshot that was written without hashes, by another program or an older version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unverified {
    /// The snapshot.
    pub run: RunId,
    /// Its records.
    pub record_count: u64,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// What is wrong.
    pub kind: DeviationKind,
    /// The table in which it shows.
    pub table: String,
    /// The snapshot that is concerned, where it is one.
    pub run: Option<RunId>,
    /// The primary key of the row, where it is one.
    pub row: Option<i64>,
    /// `file:line` of a record, the file of a unit.
    pub place: Option<String>,
    /// The columns that differ, with commas between them; the name of a trigger.
    pub field: Option<String>,
    /// What is stored; none where nothing is.
    pub stored: Option<String>,
    /// What it must be by everything else that is stored; none where there must be nothing.
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
    /// The file itself is broken.
    Damage,
    /// A row points at a row that is missing.
    ForeignKey,
    /// A table that others speak of is missing.
    MissingTable,
    /// A trigger that keeps rows as they are is missing or another one.
    Trigger,
    /// A row of the chain or of the history is missing, one too many, or in another place.
    Order,
    /// A row of the chain or of the history does not hold the hash of the row before.
    Link,
    /// A row of the chain or of the history is not as it was written.
    Row,
    /// The chain and the history do not speak of the same rows.
    HistoryHead,
    /// A row of the history does not follow from what was there before.
    Transition,
    /// A snapshot is not there, and was not pruned.
    MissingRun,
    /// A snapshot was written with hashes by the account of its run, and they are gone.
    Unsealed,
    /// A row belongs to a snapshot that is not there.
    Stray,
    /// A snapshot is there that was pruned.
    UnexpectedRun,
    /// A snapshot was written or pruned twice by the chain.
    Repeated,
    /// The row of a run, its analyzer errors, its questions or its account are not as they were written.
    Run,
    /// A snapshot has another number of records.
    RecordCount,
    /// The root over the records is another one.
    Root,
    /// The MD5 sum is not that of the code.
    Md5,
    /// A record is not as it was written.
    Record,
    /// The stored hashes of a record are not as they were written.
    RecordHash,
    /// A record has no hashes, or hashes have no record.
    Unpaired,
    /// A definition is in the snapshot and not in the history, or the other way round.
    Definition,
    /// A row of `units` does not follow from the history.
    Unit,
    /// Neither a root nor a hash of the chain is the one that was expected.
    Expected,
}

impl DeviationKind {
    /// The word for it in machine-readable output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::ForeignKey => "foreign_key",
            Self::MissingTable => "missing_table",
            Self::Trigger => "trigger",
            Self::Order => "order",
            Self::Link => "link",
            Self::Row => "row",
            Self::HistoryHead => "history_head",
            Self::Transition => "transition",
            Self::MissingRun => "missing_run",
            Self::Unsealed => "unsealed",
            Self::Stray => "stray",
            Self::UnexpectedRun => "unexpected_run",
            Self::Repeated => "repeated",
            Self::Run => "run",
            Self::RecordCount => "record_count",
            Self::Root => "root",
            Self::Md5 => "md5sum",
            Self::Record => "record",
            Self::RecordHash => "record_hash",
            Self::Unpaired => "unpaired",
            Self::Definition => "definition",
            Self::Unit => "unit",
            Self::Expected => "expected",
        }
    }

    /// The same as a sentence for people, without its end.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Damage => "the file is damaged",
            Self::ForeignKey => "the row points at a row that is missing",
            Self::MissingTable => "the table is missing",
            Self::Trigger => "the trigger that keeps rows as they are is missing or another one",
            Self::Order => "a row is missing, one too many, or in another place",
            Self::Link => "the row does not hold the hash of the row before it",
            Self::Row => "the row is not as it was written",
            Self::HistoryHead => "the chain and the history do not fit together",
            Self::Transition => "the row does not follow from the rows before it",
            Self::MissingRun => "the snapshot is missing without having been pruned",
            Self::Unsealed => "the snapshot is one of cds persist, which chains each, and the chain does not know it",
            Self::Stray => "the row belongs to a snapshot that is not there",
            Self::UnexpectedRun => "the snapshot is there although it was pruned",
            Self::Repeated => "the chain has the same event of the snapshot twice",
            Self::Run => "the row of the run, its analyzer errors, questions or account are not as they were written",
            Self::RecordCount => "the snapshot has another number of records",
            Self::Root => "the root over the records is another one",
            Self::Md5 => "the MD5 sum is not that of the code",
            Self::Record => "the record is not as it was written",
            Self::RecordHash => "the hashes of the record are not as they were written",
            Self::Unpaired => "the record has no hashes, or the hashes have no record",
            Self::Definition => "the definition is not in the snapshot as the history tells it",
            Self::Unit => "the unit is not as the history tells it",
            Self::Expected => "neither a root nor a hash of the chain is the one that was expected",
        }
    }
}

impl fmt::Display for DeviationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
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
    fn each_kind_has_words_of_its_own() {
        let words: BTreeSet<_> = ALL.iter().map(|kind| kind.as_str()).collect();
        let sentences: BTreeSet<_> = ALL.iter().map(|kind| kind.sentence()).collect();
        assert_eq!((words.len(), sentences.len()), (ALL.len(), ALL.len()));
        let is_word = |word: &str| word.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'));
        assert!(words.iter().all(|word| is_word(word)), "{words:?}");
        assert!(sentences.iter().all(|sentence| !sentence.ends_with('.')), "{sentences:?}");
    }

    #[test]
    fn word_of_a_kind_fills_its_column() {
        assert_eq!(format!("{Md5:<8}|{RecordCount}"), "md5sum  |record_count");
    }
}
