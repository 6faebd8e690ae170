//! The steps of working on a database, so that an error can name the one that failed.

use std::sync::Arc;

use cds_model::{AnalyzerError, Record, SourceFile, Stage, SymbolKind};

use crate::Layout;

/// One step of opening, writing or closing a database; it displays as the attempted action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Step {
    /// Open the file.
    #[error("open")]
    Open,
    /// Configure the connection.
    #[error("configure the connection")]
    Configure,
    /// Read the tables and columns.
    #[error("read the schema")]
    ReadSchema,
    /// Test whether the database can be written, without writing.
    #[error("try to write")]
    Rehearse,
    /// Set the journal mode.
    #[error("set the journal mode")]
    SetJournal,
    /// Begin the transaction.
    #[error("begin the transaction")]
    Begin,
    /// Create a missing table.
    #[error("create table {0}")]
    CreateTable(&'static str),
    /// Create a missing index; the table and its columns.
    #[error("create the index on {0}({1})")]
    CreateIndex(&'static str, &'static str),
    /// Create the triggers that protect the rows of a table.
    #[error("create the triggers of table {0}")]
    CreateGuard(&'static str),
    /// Set the format version.
    #[error("set the format version")]
    SetVersion,
    /// Prepare the insert into a table.
    #[error("prepare the insert into {0}")]
    PrepareInsert(&'static str),
    /// Find the number of the run.
    #[error("find the number of the run")]
    NumberRun,
    /// Find the number of the first record.
    #[error("find the number of the first record")]
    NumberRecords,
    /// Insert the run.
    #[error("insert the run")]
    InsertRun,
    /// Insert a record.
    #[error("insert record {number} ({kind} `{}`:{start_line})", .file_path.escape_debug())]
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
    #[error("convert to the {0} layout")]
    Convert(Layout),
    /// Insert a row that records share; its table.
    #[error("insert a row into {0}")]
    InsertShared(&'static str),
    /// Insert an analyzer error.
    #[error("insert analyzer error {number} (`{}`)", .file_path.escape_debug())]
    InsertAnalyzerError {
        /// Its position in the snapshot, from 1.
        number: usize,
        /// Its file.
        file_path: String,
    },
    /// Insert the question of a record.
    #[error("insert the question of record {number} (`{}`:{start_line})", .file_path.escape_debug())]
    InsertQuestion {
        /// The position of the record in the snapshot, from 1.
        number: usize,
        /// Its file.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// Insert the hashes of a record.
    #[error("insert the hashes of record {number} (`{}`:{start_line})", .file_path.escape_debug())]
    InsertRecordHash {
        /// The position of the record in the snapshot, from 1.
        number: usize,
        /// Its file.
        file_path: Arc<str>,
        /// Its first line.
        start_line: u32,
    },
    /// Read the known definitions.
    #[error("read the definitions")]
    ReadUnits,
    /// Write the current definitions.
    #[error("write the definitions")]
    WriteUnits,
    /// Write a history row; its number.
    #[error("write row {0} of the history")]
    WriteHistory(i64),
    /// Chain a snapshot to the previous ones.
    #[error("chain the snapshot to those before it")]
    WriteChain,
    /// Insert the counts of files that were not read.
    #[error("insert the counts of files not read")]
    InsertNotRead,
    /// Insert a file of a run.
    #[error("insert file {number} (`{}`)", .file_path.escape_debug())]
    InsertSourceFile {
        /// Its position in the snapshot, from 1.
        number: usize,
        /// Its path.
        file_path: Arc<str>,
    },
    /// Insert the enrichment account of a run.
    #[error("insert the enrichment account")]
    InsertEnrichment,
    /// Store an answer.
    #[error("store answer {number}")]
    KeepAnswer {
        /// Its position in the batch, from 1.
        number: usize,
    },
    /// Write the start of a run to the ledger.
    #[error("write the start of the run")]
    StartRun,
    /// Write the end of a run to the ledger.
    #[error("write the end of the run")]
    FinishRun,
    /// Append a note to a run in the ledger.
    #[error("append a note to the run")]
    AppendNote,
    /// Mark runs without an end as interrupted.
    #[error("mark interrupted runs")]
    InterruptRuns,
    /// Write the start of a stage.
    #[error("write the start of stage {0}")]
    StartStage(Stage),
    /// Write the end of a stage.
    #[error("write the end of the stage")]
    FinishStage,
    /// Find an earlier run of a stage with the same input.
    #[error("look for an earlier run of the stage")]
    FindCheckpoint,
    /// Insert a telemetry entry.
    #[error("insert telemetry entry {number}")]
    InsertTelemetry {
        /// Its position in the batch, from 1.
        number: usize,
    },
    /// Write the telemetry counts to the ledger.
    #[error("write the counts of the telemetry")]
    CountTelemetry,
    /// Write a heartbeat of a run.
    #[error("write a heartbeat of the run")]
    Beat,
    /// Write the start of a stage of another program.
    #[error("write the start of the stage of another program")]
    StartOtherStage,
    /// Write the end of a stage of another program.
    #[error("write the end of the stage of another program")]
    FinishOtherStage,
    /// Read stored answers.
    #[error("read the stored answers")]
    ReadAnswers,
    /// Remove stored answers.
    #[error("prune the stored answers")]
    PruneAnswers,
    /// Accept a group of duplicates.
    #[error("accept the duplicates")]
    AcceptDuplicate,
    /// Revoke an acceptance.
    #[error("revoke the acceptance")]
    RevokeAcceptance,
    /// Read the acceptances.
    #[error("read the accepted duplicates")]
    ReadAccepted,
    /// Read the accounts of earlier enrichments.
    #[error("read the accounts of earlier enrichments")]
    ReadEnrichments,
    /// Read the accounts of runs.
    #[error("read the accounts of the runs")]
    ReadAccounts,
    /// Read the records of a run.
    #[error("read the records of a run")]
    ReadRecords,
    /// Diagnose the database.
    #[error("diagnose the database")]
    Diagnose,
    /// Recompute the proof of the snapshots.
    #[error("verify")]
    Verify,
    /// Read the transfer log.
    #[error("read the transfer log")]
    ReadTransfers,
    /// Write to the transfer log.
    #[error("write to the transfer log")]
    WriteTransfer,
    /// Insert a row of an imported run; the table.
    #[error("insert an imported row into {0}")]
    ImportRow(&'static str),
    /// Remove snapshots.
    #[error("prune the snapshots")]
    PruneRuns,
    /// Rewrite the file without unused pages.
    #[error("compact")]
    Compact,
    /// Commit the transaction.
    #[error("commit")]
    Commit,
    /// Merge the write-ahead log into the database file.
    #[error("checkpoint the write-ahead log")]
    Checkpoint,
    /// Close the database.
    #[error("close")]
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
