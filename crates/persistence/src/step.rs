//! The steps of working on a database, so that an error can name the one that failed.

use std::{fmt, sync::Arc};

use cds_model::{AnalyzerError, Record, SourceFile, Stage, SymbolKind};

use crate::Layout;

/// One step of opening, writing or closing a database; it displays as the attempted action.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Open the file.
    Open,
    /// Configure the connection.
    Configure,
    /// Read the tables and columns.
    ReadSchema,
    /// Test whether the database can be written, without writing.
    Rehearse,
    /// Set the journal mode.
    SetJournal,
    /// Begin the transaction.
    Begin,
    /// Create a missing table.
    CreateTable(&'static str),
    /// Create a missing index; the table and its columns.
    CreateIndex(&'static str, &'static str),
    /// Create the triggers that protect the rows of a table.
    CreateGuard(&'static str),
    /// Set the format version.
    SetVersion,
    /// Prepare the insert into a table.
    PrepareInsert(&'static str),
    /// Find the number of the run.
    NumberRun,
    /// Find the number of the first record.
    NumberRecords,
    /// Insert the run.
    InsertRun,
    /// Insert a record.
    InsertRecord {
        /// Its position in the snapshot, from 1.
        number: usize,
        /// Its kind.
        kind: SymbolKind,
        /// Its file.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// Convert to the layout.
    Convert(Layout),
    /// Insert a row that records share; its table.
    InsertShared(&'static str),
    /// Insert an analyzer error.
    InsertAnalyzerError {
        /// Its position in the snapshot, from 1.
        number: usize,
        /// Its file.
        file_path: String,
    },
    /// Insert the question of a record.
    InsertQuestion {
        /// The position of the record in the snapshot, from 1.
        number: usize,
        /// Its file.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// Insert the hashes of a record.
    InsertRecordHash {
        /// The position of the record in the snapshot, from 1.
        number: usize,
        /// Its file.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// Read the known definitions.
    ReadUnits,
    /// Write the current definitions.
    WriteUnits,
    /// Write a history row; its number.
    WriteHistory(i64),
    /// Chain a snapshot to the previous ones.
    WriteChain,
    /// Insert the counts of files that were not read.
    InsertNotRead,
    /// Insert a file of a run.
    InsertSourceFile {
        /// Its position in the snapshot, from 1.
        number: usize,
        /// Its path.
        file_path: Arc<str>,
    },
    /// Insert the enrichment account of a run.
    InsertEnrichment,
    /// Store an answer.
    KeepAnswer {
        /// Its position in the batch, from 1.
        number: usize,
    },
    /// Write the start of a run to the ledger.
    StartRun,
    /// Write the end of a run to the ledger.
    FinishRun,
    /// Append a note to a run in the ledger.
    AppendNote,
    /// Mark runs without an end as interrupted.
    InterruptRuns,
    /// Write the start of a stage.
    StartStage(Stage),
    /// Write the end of a stage.
    FinishStage,
    /// Find an earlier run of a stage with the same input.
    FindCheckpoint,
    /// Insert a telemetry entry.
    InsertTelemetry {
        /// Its position in the batch, from 1.
        number: usize,
    },
    /// Write the telemetry counts to the ledger.
    CountTelemetry,
    /// Write a heartbeat of a run.
    Beat,
    /// Write the start of a stage of another program.
    StartOtherStage,
    /// Write the end of a stage of another program.
    FinishOtherStage,
    /// Read stored answers.
    ReadAnswers,
    /// Remove stored answers.
    PruneAnswers,
    /// Accept a group of duplicates.
    AcceptDuplicate,
    /// Revoke an acceptance.
    RevokeAcceptance,
    /// Read the acceptances.
    ReadAccepted,
    /// Read the accounts of earlier enrichments.
    ReadEnrichments,
    /// Read the accounts of runs.
    ReadAccounts,
    /// Read the records of a run.
    ReadRecords,
    /// Diagnose the database.
    Diagnose,
    /// Recompute the proof of the snapshots.
    Verify,
    /// Read the transfer log.
    ReadTransfers,
    /// Write to the transfer log.
    WriteTransfer,
    /// Insert a row of an imported run; the table.
    ImportRow(&'static str),
    /// Remove snapshots.
    PruneRuns,
    /// Rewrite the file without unused pages.
    Compact,
    /// Commit the transaction.
    Commit,
    /// Merge the write-ahead log into the database file.
    Checkpoint,
    /// Close the database.
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

    pub(crate) fn source_file(index: usize, file: &SourceFile) -> Self {
        Self::InsertSourceFile { number: index + 1, file_path: Arc::clone(&file.file_path) }
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
            Self::Convert(layout) => write!(formatter, "convert to the {layout} layout"),
            Self::InsertShared(table) => write!(formatter, "insert a row into {table}"),
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
            Self::ReadUnits => formatter.write_str("read the definitions"),
            Self::WriteUnits => formatter.write_str("write the definitions"),
            Self::WriteHistory(sequence) => write!(formatter, "write row {sequence} of the history"),
            Self::WriteChain => formatter.write_str("chain the snapshot to those before it"),
            Self::InsertNotRead => formatter.write_str("insert the counts of files not read"),
            Self::InsertSourceFile { number, file_path } => {
                write!(formatter, "insert file {number} (`{}`)", file_path.escape_debug())
            }
            Self::InsertEnrichment => formatter.write_str("insert the enrichment account"),
            Self::KeepAnswer { number } => write!(formatter, "store answer {number}"),
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
            Self::Beat => formatter.write_str("write a heartbeat of the run"),
            Self::ReadAnswers => formatter.write_str("read the stored answers"),
            Self::PruneAnswers => formatter.write_str("prune the stored answers"),
            Self::AcceptDuplicate => formatter.write_str("accept the duplicates"),
            Self::RevokeAcceptance => formatter.write_str("revoke the acceptance"),
            Self::ReadAccepted => formatter.write_str("read the accepted duplicates"),
            Self::ReadEnrichments => formatter.write_str("read the accounts of earlier enrichments"),
            Self::ReadAccounts => formatter.write_str("read the accounts of the runs"),
            Self::ReadRecords => formatter.write_str("read the records of a run"),
            Self::Diagnose => formatter.write_str("diagnose the database"),
            Self::Verify => formatter.write_str("verify"),
            Self::ReadTransfers => formatter.write_str("read the transfer log"),
            Self::WriteTransfer => formatter.write_str("write to the transfer log"),
            Self::ImportRow(table) => write!(formatter, "insert an imported row into {table}"),
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
    fn record_step_escapes_its_path() {
        let step = Step::InsertRecord {
            number: 17,
            kind: SymbolKind::Method,
            file_path: "pkg/\u{1b}[31ma.py".into(),
            start_line: 3,
        };
        assert_eq!(step.to_string(), "insert record 17 (method `pkg/\\u{1b}[31ma.py`:3)");
    }
}
