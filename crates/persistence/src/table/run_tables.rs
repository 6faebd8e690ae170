//! The columns and rows of each table that belong to one run.

use super::{
    Table, analyzer_errors, enrichments, intent_cache, ledger_details, not_read, record_hashes, record_questions,
    records, runs, runs_ledger,
    shared::{Query, code, content_hash, hashed_fields, ordered_records, question, record_id, same},
    snapshot_chain, source_files, stage_runs, telemetry, unit_history,
};
use crate::{
    ColumnKind::{self, Blob, Integer, Real, Text},
    RunColumn, RunTable,
};

const fn column(name: &'static str, kind: ColumnKind, is_nullable: bool) -> RunColumn {
    RunColumn { name, kind, is_nullable }
}

pub(crate) const RUNS: RunTable = RunTable {
    name: runs::TABLE.name,
    columns: &[
        column("id", Integer, false),
        column("started_at", Text, false),
        column("finished_at", Text, false),
        column("root_path", Text, false),
        column("provider_url", Text, false),
        column("model", Text, false),
        column("scope", Text, false),
        column("progress_batch_size", Integer, false),
        column("status", Text, false),
        column("analyzer_error_count", Integer, false),
        column("intent_failed_count", Integer, false),
        column("record_count", Integer, false),
    ],
    select: same(
        "
SELECT id, started_at, finished_at, root_path, provider_url, model, scope, progress_batch_size, status,
       analyzer_error_count, intent_failed_count, record_count
FROM runs
WHERE id = ?1
ORDER BY id",
    ),
};

pub(crate) const RECORDS: RunTable = RunTable {
    name: records::TABLE.name,
    columns: &[
        column("id", Integer, false),
        column("kind", Text, false),
        column("file_path", Text, false),
        column("signature", Text, true),
        column("start_line", Integer, false),
        column("end_line", Integer, false),
        column("raw_code", Text, false),
        column("normalized_code", Text, false),
        column("md5sum", Text, false),
        column("intent", Text, true),
        column("intent_status", Text, false),
        column("intent_error", Text, true),
    ],
    select: Query {
        plain: "
SELECT id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent,
       intent_status, intent_error
FROM records
WHERE run_id = ?1
ORDER BY id",
        compact: concat!(
            "
SELECT ",
            record_id!(),
            ",
       ",
            hashed_fields!(),
            "
FROM ",
            ordered_records!(),
            "
WHERE part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
        ),
    },
};

pub(crate) const ANALYZER_ERRORS: RunTable = RunTable {
    name: analyzer_errors::TABLE.name,
    columns: &[column("file_path", Text, false), column("line", Integer, true), column("reason", Text, false)],
    select: same(
        "
SELECT file_path, line, reason
FROM analyzer_errors
WHERE run_id = ?1
ORDER BY id",
    ),
};

pub(crate) const NOT_READ: RunTable = RunTable {
    name: not_read::TABLE.name,
    columns: &[column("ending", Text, false), column("reason", Text, false), column("file_count", Integer, false)],
    select: same(
        "
SELECT ending, reason, file_count
FROM not_read
WHERE run_id = ?1
ORDER BY ending, reason",
    ),
};

pub(crate) const SOURCE_FILES: RunTable = RunTable {
    name: source_files::TABLE.name,
    columns: &[
        column("file_path", Text, false),
        column("source_hash", Blob, false),
        column("language", Text, false),
        column("analyzer", Text, false),
        column("record_count", Integer, false),
    ],
    select: same(
        "
SELECT file_path, source_hash, language, analyzer, record_count
FROM source_files
WHERE run_id = ?1
ORDER BY file_path",
    ),
};

pub(crate) const RECORD_QUESTIONS: RunTable = RunTable {
    name: record_questions::TABLE.name,
    columns: &[column("record_id", Integer, false), column("question", Text, false), column("is_cut", Integer, false)],
    select: Query {
        plain: "
SELECT record_id, question, is_cut
FROM record_questions
WHERE record_id IN (SELECT id FROM records WHERE run_id = ?1)
ORDER BY record_id",
        compact: concat!(
            "
SELECT ",
            record_id!(),
            ", ",
            question!(),
            ", content.is_cut
FROM ",
            ordered_records!(),
            "
WHERE part.run_id = ?1 AND content.question IS NOT NULL
ORDER BY part.first_record_id, shared.id"
        ),
    },
};

pub(crate) const ENRICHMENTS: RunTable = RunTable {
    name: enrichments::TABLE.name,
    columns: &[
        column("selected_count", Integer, false),
        column("asked_count", Integer, false),
        column("reused_count", Integer, false),
        column("shared_count", Integer, false),
        column("failed_count", Integer, false),
        column("retried_count", Integer, false),
        column("call_count", Integer, false),
        column("cut_count", Integer, false),
        column("prompt_tokens", Integer, true),
        column("answer_tokens", Integer, true),
        column("elapsed_seconds", Real, false),
        column("mean_latency_seconds", Real, false),
        column("p95_latency_seconds", Real, false),
    ],
    select: same(
        "
SELECT selected_count, asked_count, reused_count, shared_count, failed_count, retried_count, call_count,
       cut_count, prompt_tokens, answer_tokens, elapsed_seconds, mean_latency_seconds, p95_latency_seconds
FROM enrichments
WHERE run_id = ?1
ORDER BY run_id",
    ),
};

pub(crate) const INTENT_CACHE: RunTable = RunTable {
    name: intent_cache::TABLE.name,
    columns: &[
        column("question", Text, false),
        column("intent", Text, false),
        column("model", Text, false),
        column("model_digest", Text, false),
        column("prompt_version", Integer, false),
        column("prompt_tokens", Integer, true),
        column("answer_tokens", Integer, true),
        column("created_at", Text, false),
    ],
    select: Query {
        plain: "
SELECT question, intent, model, model_digest, prompt_version, prompt_tokens, answer_tokens, created_at
FROM intent_cache
WHERE question IN (SELECT question FROM record_questions
                   WHERE record_id IN (SELECT id FROM records WHERE run_id = ?1))
ORDER BY question",
        compact: concat!(
            "
SELECT question, intent, model, model_digest, prompt_version, prompt_tokens, answer_tokens, created_at
FROM intent_cache
WHERE question IN (SELECT ",
            question!(),
            "
                   FROM ",
            ordered_records!(),
            "
                   WHERE part.run_id = ?1)
ORDER BY question"
        ),
    },
};

pub(crate) const RUNS_LEDGER: RunTable = RunTable {
    name: runs_ledger::TABLE.name,
    columns: &[
        column("run_id", Text, false),
        column("subject", Text, false),
        column("notes", Text, true),
        column("started_at", Text, false),
        column("finished_at", Text, true),
        column("status", Text, false),
        column("error", Text, true),
        column("closed_by", Text, true),
        column("command", Text, false),
        column("tool_version", Text, false),
        column("host", Text, false),
        column("pid", Integer, false),
        column("root_path", Text, true),
        column("code_ref", Text, true),
        column("code_ref_note", Text, false),
        column("trace_id", Text, false),
        column("telemetry_recorded", Integer, true),
        column("telemetry_written", Integer, true),
        column("telemetry_dropped", Integer, true),
    ],
    select: same(
        "
SELECT run_id, subject, notes, started_at, finished_at, status, error, closed_by, command, tool_version, host,
       pid, root_path, code_ref, code_ref_note, trace_id, telemetry_recorded, telemetry_written,
       telemetry_dropped
FROM runs_ledger
WHERE snapshot_id = ?1
ORDER BY rowid",
    ),
};

pub(crate) const LEDGER_DETAILS: RunTable = RunTable {
    name: ledger_details::TABLE.name,
    columns: &[
        column("run_id", Text, false),
        column("role", Text, false),
        column("request", Text, true),
        column("heartbeat_at", Text, true),
        column("expires_at", Text, true),
        column("answered_count", Integer, true),
        column("selected_count", Integer, true),
    ],
    select: same(
        "
SELECT run_id, role, request, heartbeat_at, expires_at, answered_count, selected_count
FROM ledger_details
WHERE run_id IN (SELECT run_id FROM runs_ledger WHERE snapshot_id = ?1)
ORDER BY rowid",
    ),
};

pub(crate) const STAGE_RUNS: RunTable = RunTable {
    name: stage_runs::TABLE.name,
    columns: &[
        column("run_id", Text, false),
        column("ledger_id", Text, false),
        column("stage", Text, false),
        column("status", Text, false),
        column("source", Text, false),
        column("error", Text, true),
        column("input_fingerprint", Text, true),
        column("code_ref", Text, true),
        column("code_ref_note", Text, false),
        column("config_hash", Text, false),
        column("started_at", Text, false),
        column("finished_at", Text, true),
        column("rows_in", Integer, true),
        column("rows_out", Integer, true),
        column("duration_seconds", Real, true),
        column("llm_calls", Integer, true),
        column("tokens", Integer, true),
        column("trace_id", Text, false),
    ],
    select: same(
        "
SELECT run_id, ledger_id, stage, status, source, error, input_fingerprint, code_ref, code_ref_note, config_hash,
       started_at, finished_at, rows_in, rows_out, duration_seconds, llm_calls, tokens, trace_id
FROM stage_runs
WHERE ledger_id IN (SELECT run_id FROM runs_ledger WHERE snapshot_id = ?1)
ORDER BY rowid",
    ),
};

pub(crate) const TELEMETRY: RunTable = RunTable {
    name: telemetry::TABLE.name,
    columns: &[
        column("ledger_id", Text, false),
        column("recorded_at", Text, false),
        column("log_type", Text, false),
        column("subject", Text, true),
        column("event_details", Text, false),
        column("error_metadata", Text, true),
    ],
    select: same(
        "
SELECT ledger_id, recorded_at, log_type, subject, event_details, error_metadata
FROM telemetry
WHERE ledger_id IN (SELECT run_id FROM runs_ledger WHERE snapshot_id = ?1)
ORDER BY id",
    ),
};

pub(crate) const RECORD_HASHES: RunTable = RunTable {
    name: record_hashes::TABLE.name,
    columns: &[
        column("record_id", Integer, false),
        column("content_hash", Text, false),
        column("field_sums", Blob, false),
    ],
    select: Query {
        plain: "
SELECT record_id, content_hash, field_sums
FROM record_hashes
WHERE record_id IN (SELECT id FROM records WHERE run_id = ?1)
ORDER BY record_id",
        compact: concat!(
            "
SELECT ",
            record_id!(),
            ", ",
            content_hash!(),
            ", shared.field_sums
FROM ",
            ordered_records!(),
            "
WHERE part.run_id = ?1 AND shared.content_hash IS NOT NULL
ORDER BY part.first_record_id, shared.id"
        ),
    },
};

pub(crate) const UNIT_HISTORY: RunTable = RunTable {
    name: unit_history::TABLE.name,
    columns: &[
        column("sequence", Integer, false),
        column("unit_id", Integer, false),
        column("transition", Text, false),
        column("previous_content_hash", Text, true),
        column("content_hash", Text, true),
        column("actor", Text, true),
        column("reasoning", Text, true),
        column("metadata", Text, false),
        column("recorded_at", Text, false),
        column("previous_hash", Text, false),
        column("hash", Text, false),
    ],
    select: same("
SELECT sequence, unit_id, transition, previous_content_hash, content_hash, actor, reasoning, metadata,
       recorded_at, previous_hash, hash
FROM unit_history
WHERE run_id = ?1
  AND sequence <= (SELECT history_sequence FROM snapshot_chain WHERE sequence = (SELECT sequence FROM snapshot_chain WHERE run_id = ?1 AND event = 'snapshot'))
  AND sequence > coalesce((SELECT history_sequence FROM snapshot_chain WHERE sequence < (SELECT sequence FROM snapshot_chain WHERE run_id = ?1 AND event = 'snapshot')
                           ORDER BY sequence DESC LIMIT 1), 0)
ORDER BY sequence"),
};

pub(crate) const SNAPSHOT_CHAIN: RunTable = RunTable {
    name: snapshot_chain::TABLE.name,
    columns: &[
        column("sequence", Integer, false),
        column("event", Text, false),
        column("project", Text, false),
        column("part", Text, false),
        column("recorded_at", Text, false),
        column("record_count", Integer, false),
        column("snapshot_root", Text, false),
        column("run_hash", Text, false),
        column("history_sequence", Integer, false),
        column("history_hash", Text, false),
        column("previous_hash", Text, false),
        column("hash", Text, false),
    ],
    select: same(
        "
SELECT sequence, event, project, part, recorded_at, record_count, snapshot_root, run_hash, history_sequence,
       history_hash, previous_hash, hash
FROM snapshot_chain
WHERE run_id = ?1 AND event = 'snapshot'
ORDER BY sequence",
    ),
};

/// Every table with rows of a run, as its exported columns and its definition.
pub(crate) const ALL: [(&RunTable, &Table); 15] = [
    (&RUNS, &runs::TABLE),
    (&RECORDS, &records::TABLE),
    (&ANALYZER_ERRORS, &analyzer_errors::TABLE),
    (&NOT_READ, &not_read::TABLE),
    (&SOURCE_FILES, &source_files::TABLE),
    (&RECORD_QUESTIONS, &record_questions::TABLE),
    (&ENRICHMENTS, &enrichments::TABLE),
    (&INTENT_CACHE, &intent_cache::TABLE),
    (&RUNS_LEDGER, &runs_ledger::TABLE),
    (&LEDGER_DETAILS, &ledger_details::TABLE),
    (&STAGE_RUNS, &stage_runs::TABLE),
    (&TELEMETRY, &telemetry::TABLE),
    (&RECORD_HASHES, &record_hashes::TABLE),
    (&UNIT_HISTORY, &unit_history::TABLE),
    (&SNAPSHOT_CHAIN, &snapshot_chain::TABLE),
];

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::table::TABLES;

    const LEFT_OUT: [&str; 11] = [
        // The number of the run, or the id of a row that no other row refers to.
        "records.run_id",
        "analyzer_errors.id",
        "analyzer_errors.run_id",
        "not_read.run_id",
        "source_files.run_id",
        "enrichments.run_id",
        "runs_ledger.snapshot_id",
        "telemetry.id",
        "record_hashes.run_id",
        "unit_history.run_id",
        "snapshot_chain.run_id",
    ];

    #[test]
    fn run_columns_match_their_tables() {
        let connection = Connection::open_in_memory().unwrap();
        for table in TABLES {
            connection.execute_batch(table.create).unwrap();
        }
        for (run_table, table) in ALL {
            let sql = "SELECT name, type, \"notnull\" OR pk FROM pragma_table_info(?1)";
            let mut statement = connection.prepare(sql).unwrap();
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            let declared = statement.query_map([table.name], read).unwrap().map(Result::unwrap);
            let expected: Vec<(String, String, bool)> =
                declared.filter(|(name, ..)| !LEFT_OUT.contains(&&*format!("{}.{name}", table.name))).collect();
            let found: Vec<(String, String, bool)> = run_table
                .columns
                .iter()
                .map(|column| {
                    let kind = format!("{:?}", column.kind).to_uppercase();
                    (column.name.to_owned(), kind, !column.is_nullable)
                })
                .collect();
            assert_eq!(found, expected, "{}", table.name);
            assert_eq!(
                connection.prepare(run_table.select.plain).unwrap().column_count(),
                found.len(),
                "{}",
                table.name
            );
        }
    }
}
