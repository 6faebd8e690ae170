//! The queries of a verification: every hashed row, whatever its values are.

use crate::table::shared::{Query, code, content_hash, hashed_fields, ordered_records, record_id};

/// The hashed columns come first, in hashing order, then the hash.
pub(crate) const CHAIN: &str = "
SELECT sequence, event, run_id, project, part, recorded_at, record_count, snapshot_root, run_hash, history_sequence,
       history_hash, previous_hash, hash
FROM snapshot_chain
ORDER BY sequence";

/// The hashed columns come first, in hashing order, then the hash.
pub(crate) const HISTORY: &str = "
SELECT sequence, unit_id, run_id, transition, previous_content_hash, content_hash, actor, reasoning, metadata,
       recorded_at, previous_hash, hash
FROM unit_history
WHERE sequence > ?1 AND sequence <= ?2
ORDER BY sequence";

/// The last metadata of a definition.
pub(crate) const LAST_METADATA: &str = "
SELECT metadata
FROM unit_history
WHERE unit_id = ?1 AND sequence <= ?2
ORDER BY sequence DESC
LIMIT 1";

/// The hashed fields of a record, and its stored hashes.
pub(crate) const RECORDS: Query = Query {
    plain: "
SELECT records.kind, records.file_path, records.signature, records.start_line, records.end_line, records.raw_code,
       records.normalized_code, records.md5sum, records.intent, records.intent_status, records.intent_error,
       records.id, record_hashes.record_id, record_hashes.run_id, record_hashes.content_hash, record_hashes.field_sums
FROM records
LEFT JOIN record_hashes ON record_hashes.record_id = records.id
WHERE records.run_id = ?1
ORDER BY records.id",
    compact: concat!(
        "
SELECT ",
        hashed_fields!(),
        ",
       ",
        record_id!(),
        ",
       CASE WHEN shared.content_hash IS NOT NULL THEN ",
        record_id!(),
        " END, part.run_id,
       ",
        content_hash!(),
        ", shared.field_sums
FROM ",
        ordered_records!(),
        "
WHERE part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
    ),
};

/// Records of snapshots without a chain row. Reading all in storage order is faster than following the index.
pub(crate) const UNSEALED_RECORDS: Query = Query {
    plain: "
SELECT id, run_id, file_path, start_line, normalized_code, md5sum
FROM records
WHERE +run_id NOT IN (SELECT run_id FROM snapshot_chain WHERE event = 'snapshot') AND (?1 IS NULL OR run_id = ?1)
ORDER BY id",
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", part.run_id, content.file_path, shared.start_line, ",
        code!("normalized_text"),
        ", content.md5sum
FROM ",
        ordered_records!(),
        "
WHERE +part.run_id NOT IN (SELECT run_id FROM snapshot_chain WHERE event = 'snapshot')
  AND (?1 IS NULL OR part.run_id = ?1)
ORDER BY part.first_record_id, shared.id"
    ),
};

/// The same for a database without a chain.
pub(crate) const ALL_RECORDS: Query = Query {
    plain: "
SELECT id, run_id, file_path, start_line, normalized_code, md5sum
FROM records
WHERE ?1 IS NULL OR +run_id = ?1
ORDER BY id",
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", part.run_id, content.file_path, shared.start_line, ",
        code!("normalized_text"),
        ", content.md5sum
FROM ",
        ordered_records!(),
        "
WHERE ?1 IS NULL OR +part.run_id = ?1
ORDER BY part.first_record_id, shared.id"
    ),
};

pub(crate) const RUNS: &str = "SELECT id FROM runs ORDER BY id";

pub(crate) const STRAY_HASHES: Query = Query {
    plain: "
SELECT record_id, run_id
FROM record_hashes
WHERE NOT EXISTS (SELECT 1 FROM records WHERE records.id = record_hashes.record_id)
   OR run_id NOT IN (SELECT run_id FROM snapshot_chain WHERE event = 'snapshot')
ORDER BY record_id",
    // Here a hash cannot be without its record.
    compact: concat!(
        "
SELECT ",
        record_id!(),
        ", part.run_id
FROM run_records AS part
CROSS JOIN shared_records AS shared
      ON shared.id BETWEEN part.first_shared_id AND part.first_shared_id + part.record_count - 1
WHERE shared.content_hash IS NOT NULL
  AND +part.run_id NOT IN (SELECT run_id FROM snapshot_chain WHERE event = 'snapshot')
ORDER BY part.first_record_id, shared.id"
    ),
};

/// Snapshots of those commands of ours that chain each snapshot, according to the ledger.
pub(crate) const OWN_SNAPSHOTS: &str = "
SELECT DISTINCT snapshot_id FROM runs_ledger WHERE snapshot_id IS NOT NULL AND command IN ('persist', 'backfill')";

/// The ids of the analyzer errors of each run.
pub(crate) const ERROR_IDS: &str = "
SELECT run_id, min(id), max(id) FROM analyzer_errors GROUP BY run_id ORDER BY min(id)";

pub(crate) const UNITS: &str = "
SELECT id, project, part, file_path, kind, name, ordinal, state, first_run, last_run, last_seen_at, content_hash,
       code_hash, intent_hash
FROM units
ORDER BY id";

/// Snapshots in the ledger, from one number on.
pub(crate) const LEDGER_SNAPSHOTS: &str = "
SELECT DISTINCT snapshot_id FROM runs_ledger WHERE snapshot_id >= ?1 ORDER BY snapshot_id";

pub(crate) const TRIGGER: &str = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?1";

/// The triggers of a table.
pub(crate) const TRIGGERS_OF: &str = "
SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 ORDER BY name";

/// Rows of one table with a dangling foreign key.
pub(crate) const DANGLING: &str = "SELECT rowid, parent FROM pragma_foreign_key_check(?1)";

pub(crate) const INTEGRITY: &str = "PRAGMA integrity_check(100)";
