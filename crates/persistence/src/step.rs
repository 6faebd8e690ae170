//! The steps of the work on a database, so that an error can say which of them failed.

use std::{fmt, sync::Arc};

use cds_model::{AnalyzerError, Record, Stage, SymbolKind};

/// One step of opening, writing or closing a database; shown as what was attempted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The file is opened.
    Open,
    /// The connection gets its settings.
    Configure,
    /// The tables and columns are read.
    ReadSchema,
    /// A transaction that writes nothing finds out whether one could.
    Rehearse,
    /// The way of the journal is chosen.
    SetJournal,
    /// The one transaction begins.
    Begin,
    /// A table that is missing is created.
    CreateTable(&'static str),
    /// An index that is missing is created; its column.
    CreateIndex(&'static str, &'static str),
    /// A trigger that keeps the rows of a table as they are is created.
    CreateGuard(&'static str),
    /// The number of the format is set.
    SetVersion,
    /// The insert into a table is prepared.
    PrepareInsert(&'static str),
    /// The number that the run gets is looked for.
    NumberRun,
    /// The number that the first record gets is looked for.
    NumberRecords,
    /// The run's row is written.
    InsertRun,
    /// A record's row is written.
    InsertRecord {
        /// Its place in the snapshot, from 1.
        number: usize,
        /// What it is.
        kind: SymbolKind,
        /// Where it is.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// An analyzer error's row is written.
    InsertAnalyzerError {
        /// Its place in the snapshot, from 1.
        number: usize,
        /// The file it is about.
        file_path: String,
    },
    /// A record's question is written.
    InsertQuestion {
        /// The record's place in the snapshot, from 1.
        number: usize,
        /// Where it is.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// The hashes of a record are written.
    InsertRecordHash {
        /// The record's place in the snapshot, from 1.
        number: usize,
        /// Where it is.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// The units are read as they were last seen.
    ReadUnits,
    /// The units are written as they are now.
    WriteUnits,
    /// A row of the history is written; its number.
    WriteHistory(i64),
    /// A snapshot is chained to those before it.
    WriteChain,
    /// What of the tree was not read is written.
    InsertNotRead,
    /// The account of a run's intents is written.
    InsertEnrichment,
    /// An answer is kept.
    KeepAnswer {
        /// Its place in the group, from 1.
        number: usize,
    },
    /// The start of a run is written into the ledger.
    StartRun,
    /// The end of a run is written into the ledger.
    FinishRun,
    /// A note is appended to a run's row in the ledger.
    AppendNote,
    /// Runs without an end are marked interrupted.
    InterruptRuns,
    /// The start of a stage is written.
    StartStage(Stage),
    /// The end of a stage is written.
    FinishStage,
    /// An earlier run of a stage with the same input is looked for.
    FindCheckpoint,
    /// A telemetry entry is written.
    InsertTelemetry {
        /// Its place in the batch, from 1.
        number: usize,
    },
    /// What became of the telemetry is written into the ledger.
    CountTelemetry,
    /// A sign of life of a run is written into the ledger.
    Beat,
    /// The start of a stage of another program is written.
    StartOtherStage,
    /// The end of a stage of another program is written.
    FinishOtherStage,
    /// Kept answers are looked at.
    ReadAnswers,
    /// Kept answers are removed.
    PruneAnswers,
    /// A group of duplicates is accepted.
    AcceptDuplicate,
    /// An acceptance is taken back.
    RevokeAcceptance,
    /// What was accepted is read.
    ReadAccepted,
    /// The accounts of earlier intents are read.
    ReadEnrichments,
    /// The accounts of runs are read.
    ReadAccounts,
    /// The records of a run are read.
    ReadRecords,
    /// The database is looked over.
    Diagnose,
    /// Everything that proves the snapshots is recomputed.
    Verify,
    /// What became of moved runs is read.
    ReadTransfers,
    /// What became of a moved run is written.
    WriteTransfer,
    /// A row of a run that comes from elsewhere is written; its table.
    ImportRow(&'static str),
    /// Snapshots are removed.
    PruneRuns,
    /// The file is written anew without its gaps.
    Compact,
    /// The transaction is committed.
    Commit,
    /// The write-ahead log is merged into the database file.
    Checkpoint,
    /// The database is closed.
    Close,
}

impl Step {
    pub(crate) fn record(index: usize, record: &Record) -> Self {
        Self::InsertRecord {
            number: index + 1,
            kind: record.kind,
            file_path: Arc::clone(&record.file_path),
            start_line: record.start_line,
        }
    }

    pub(crate) fn question(index: usize, record: &Record) -> Self {
        Self::InsertQuestion {
            number: index + 1,
            file_path: Arc::clone(&record.file_path),
            start_line: record.start_line,
        }
    }

    pub(crate) fn analyzer_error(index: usize, error: &AnalyzerError) -> Self {
        Self::InsertAnalyzerError { number: index + 1, file_path: error.file_path.clone() }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => formatter.write_str("open"),
            Self::Configure => formatter.write_str("configure the connection"),
            Self::ReadSchema => formatter.write_str("read the schema"),
            Self::Rehearse => formatter.write_str("try to write"),
            Self::SetJournal => formatter.write_str("set the journal mode"),
            Self::Begin => formatter.write_str("begin the transaction"),
            Self::CreateTable(table) => write!(formatter, "create table {table}"),
            Self::CreateIndex(table, columns) => write!(formatter, "create the index on {table}({columns})"),
            Self::CreateGuard(table) => write!(formatter, "create the triggers of table {table}"),
            Self::SetVersion => formatter.write_str("set the format version"),
            Self::PrepareInsert(table) => write!(formatter, "prepare the insert into {table}"),
            Self::NumberRun => formatter.write_str("find the number of the run"),
            Self::NumberRecords => formatter.write_str("find the number of the first record"),
            Self::InsertRun => formatter.write_str("insert the run"),
            Self::InsertRecord { number, kind, file_path, start_line } => {
                write!(formatter, "insert record {number} ({kind} `{}`:{start_line})", file_path.escape_debug())
            }
            Self::InsertAnalyzerError { number, file_path } => {
                write!(formatter, "insert analyzer error {number} (`{}`)", file_path.escape_debug())
            }
            Self::InsertQuestion { number, file_path, start_line } => {
                write!(
                    formatter,
                    "insert the question of record {number} (`{}`:{start_line})",
                    file_path.escape_debug()
                )
            }
            Self::InsertRecordHash { number, file_path, start_line } => {
                write!(formatter, "insert the hashes of record {number} (`{}`:{start_line})", file_path.escape_debug())
            }
            Self::ReadUnits => formatter.write_str("read the units"),
            Self::WriteUnits => formatter.write_str("write the units"),
            Self::WriteHistory(sequence) => write!(formatter, "write row {sequence} of the history"),
            Self::WriteChain => formatter.write_str("chain the snapshot to those before it"),
            Self::InsertNotRead => formatter.write_str("insert what was not read"),
            Self::InsertEnrichment => formatter.write_str("insert the account of the intents"),
            Self::KeepAnswer { number } => write!(formatter, "keep answer {number}"),
            Self::StartRun => formatter.write_str("write the start of the run"),
            Self::FinishRun => formatter.write_str("write the end of the run"),
            Self::AppendNote => formatter.write_str("append a note to the run"),
            Self::InterruptRuns => formatter.write_str("mark interrupted runs"),
            Self::StartStage(stage) => write!(formatter, "write the start of stage {stage}"),
            Self::FinishStage => formatter.write_str("write the end of the stage"),
            Self::FindCheckpoint => formatter.write_str("look for an earlier run of the stage"),
            Self::InsertTelemetry { number } => write!(formatter, "insert telemetry entry {number}"),
            Self::CountTelemetry => formatter.write_str("write the counts of the telemetry"),
            Self::StartOtherStage => formatter.write_str("write the start of the stage of another program"),
            Self::FinishOtherStage => formatter.write_str("write the end of the stage of another program"),
            Self::Beat => formatter.write_str("write a sign of life of the run"),
            Self::ReadAnswers => formatter.write_str("read the kept answers"),
            Self::PruneAnswers => formatter.write_str("prune the kept answers"),
            Self::AcceptDuplicate => formatter.write_str("accept the duplicates"),
            Self::RevokeAcceptance => formatter.write_str("revoke the acceptance"),
            Self::ReadAccepted => formatter.write_str("read the accepted duplicates"),
            Self::ReadEnrichments => formatter.write_str("read the accounts of earlier intents"),
            Self::ReadAccounts => formatter.write_str("read the accounts of the runs"),
            Self::ReadRecords => formatter.write_str("read the records of a run"),
            Self::Diagnose => formatter.write_str("look over the database"),
            Self::Verify => formatter.write_str("verify"),
            Self::ReadTransfers => formatter.write_str("read what became of moved runs"),
            Self::WriteTransfer => formatter.write_str("write what became of a moved run"),
            Self::ImportRow(table) => write!(formatter, "insert a row of {table} from elsewhere"),
            Self::PruneRuns => formatter.write_str("prune the snapshots"),
            Self::Compact => formatter.write_str("compact"),
            Self::Commit => formatter.write_str("commit"),
            Self::Checkpoint => formatter.write_str("checkpoint the write-ahead log"),
            Self::Close => formatter.write_str("close"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_its_place_and_without_control_characters() {
        let step = Step::InsertRecord {
            number: 17,
            kind: SymbolKind::Method,
            file_path: "pkg/\u{1b}[31ma.py".into(),
            start_line: 3,
        };
        assert_eq!(step.to_string(), "insert record 17 (method `pkg/\\u{1b}[31ma.py`:3)");
    }
}
