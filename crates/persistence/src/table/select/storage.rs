//! Reads how much room tables and runs take.

/// The pages of each table with its indexes.
pub(crate) const TABLES: &str = "
SELECT coalesce(schema.tbl_name, used.name), sum(used.pgsize)
FROM dbstat AS used LEFT JOIN sqlite_schema AS schema ON schema.name = used.name
WHERE used.aggregate = TRUE
GROUP BY 1
ORDER BY 2 DESC, 1";

/// The lengths are in the row header, so that no code is read.
pub(crate) const PLAIN_RUNS: &str = "
SELECT run_id, count(*),
       sum(octet_length(raw_code) + octet_length(normalized_code) + coalesce(octet_length(intent), 0)
           + coalesce(octet_length(signature), 0) + octet_length(file_path) + 100)
FROM records
GROUP BY run_id
ORDER BY run_id DESC";

/// The content of the compact layout, in bytes: each distinct record once, and code only of files, which hold that of
/// their definitions.
pub(crate) const DISTINCT_BYTES: &str = "
SELECT coalesce(sum(bytes), 0)
FROM (SELECT CASE WHEN kind = 'file' THEN octet_length(raw_code) + octet_length(normalized_code) ELSE 0 END
             + coalesce(octet_length(intent), 0) + coalesce(octet_length(signature), 0) + octet_length(file_path) * 2
             + 350 AS bytes
      FROM record_hashes JOIN records ON records.id = record_hashes.record_id
      GROUP BY content_hash)";

/// Records without a hash are not compared.
pub(crate) const WITHOUT_HASH: &str = "
SELECT coalesce(sum(octet_length(raw_code) + octet_length(normalized_code) + 350), 0)
FROM records
WHERE NOT EXISTS (SELECT 1 FROM record_hashes WHERE record_id = records.id)";

pub(crate) const PARTS: &str = "SELECT run_id, first_shared_id, record_count FROM run_records";

pub(crate) const SHARED_RECORDS: &str = "SELECT id, content_id, 110 FROM shared_records ORDER BY id";

/// The weight is that of the row with its entries in the indexes.
pub(crate) const SHARED_CONTENTS: &str = "
SELECT id, raw_text, normalized_text,
       coalesce(octet_length(intent), 0) + coalesce(octet_length(signature), 0) + octet_length(file_path) * 2 + 130
FROM shared_contents
ORDER BY id";

pub(crate) const SHARED_PIECES: &str = "SELECT text_id, piece_id FROM shared_text_pieces ORDER BY text_id";

pub(crate) const SHARED_TEXTS: &str = "
SELECT id, coalesce(octet_length(text), 0) + 30 FROM shared_texts ORDER BY id";

/// A table or index takes at least one page.
pub(crate) const TREE_COUNT: &str = "SELECT count(*) + 1 FROM sqlite_schema WHERE rootpage > 0";

/// The records of the first snapshot, and of all.
pub(crate) const RECORD_COUNTS: &str = "
SELECT coalesce((SELECT record_count FROM runs ORDER BY id LIMIT 1), 0), coalesce(sum(record_count), 0) FROM runs";
