//! An edit of a shared row is found, and every record that it touches is named, in every run.

use std::collections::BTreeSet;

use cds_persistence::{DeviationKind, Layout};
use rusqlite::Connection;

use super::{save_all, snapshot, sources};
use crate::{
    samples::{texts, workplace},
    verify::verify_all,
};

/// Runs 1 to 3, of which the last one has another method in `pkg/b.py`.
fn three_runs(path: &std::path::Path) {
    let mut changed = sources();
    changed[1].methods[2].1 = 30;
    save_all(path, Layout::Compact, &[snapshot(&sources()), snapshot(&sources()), snapshot(&changed)]);
}

fn alter(path: &std::path::Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    let guards = texts(&connection, "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'shared%'");
    for name in texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'shared%'") {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
    for sql in guards {
        connection.execute_batch(&sql).unwrap();
    }
}

fn named(path: &std::path::Path) -> BTreeSet<i64> {
    let found = verify_all(path);
    let kinds = [DeviationKind::Record, DeviationKind::RecordHash, DeviationKind::Unpaired];
    found
        .deviations
        .iter()
        .filter(|deviation| kinds.contains(&deviation.kind))
        .filter_map(|deviation| deviation.row)
        .collect()
}

#[test]
fn every_record_of_altered_row_is_named() {
    // Record ids are 1 to 18, 19 to 36 and 37 to 54; a file has six records, and the third method is the fifth.
    let of_method = "(SELECT raw_text FROM shared_contents WHERE id = 5)";
    for (sql, expected) in [
        ("UPDATE shared_records SET start_line = 99 WHERE id = 5".to_owned(), vec![5, 23, 41]),
        ("UPDATE shared_records SET content_hash = zeroblob(32) WHERE id = 1".to_owned(), vec![1, 19, 37]),
        ("UPDATE shared_records SET field_sums = x'00' WHERE id = 2".to_owned(), vec![2, 20, 38]),
        ("UPDATE shared_records SET content_id = 6 WHERE id = 5".to_owned(), vec![5, 23, 41]),
        ("UPDATE shared_records SET content_hash = NULL WHERE id = 8".to_owned(), vec![8, 26]),
        ("UPDATE shared_contents SET intent = 'Forged.' WHERE id = 11".to_owned(), vec![11, 29]),
        ("UPDATE shared_contents SET md5sum = 'x' WHERE id = 3".to_owned(), vec![3, 21, 39]),
        ("UPDATE shared_contents SET raw_text = normalized_text WHERE id = 3".to_owned(), vec![3, 21, 39]),
        // The method, its class and its file, in all files and runs that have it.
        (
            format!("UPDATE shared_texts SET text = text || '#' WHERE id = {of_method}"),
            vec![1, 2, 5, 7, 8, 11, 13, 14, 17, 19, 20, 23, 25, 26, 29, 31, 32, 35, 37, 38, 41, 49, 50, 53],
        ),
        (
            format!(
                "UPDATE shared_text_pieces SET position = position + 100 WHERE piece_id = {of_method} AND text_id =
                     (SELECT raw_text FROM shared_contents WHERE id = 2)"
            ),
            vec![2, 8, 14, 20, 26, 32, 38, 50],
        ),
        (
            format!(
                "DELETE FROM shared_text_pieces WHERE piece_id = {of_method} AND text_id =
                     (SELECT raw_text FROM shared_contents WHERE id = 1)"
            ),
            vec![1, 7, 13, 19, 25, 31, 37, 49],
        ),
    ] {
        let (_directory, path) = workplace();
        three_runs(&path);
        assert!(verify_all(&path).is_unaltered());
        alter(&path, &sql);
        assert_eq!(named(&path), expected.into_iter().collect(), "{sql}");
    }
}

#[test]
fn altered_parts_of_runs_are_found() {
    for sql in [
        "UPDATE run_records SET first_shared_id = 2 WHERE run_id = 2",
        "UPDATE run_records SET record_count = 17 WHERE run_id = 1",
        "UPDATE run_records SET run_id = 1 WHERE run_id = 2",
        "DELETE FROM run_records WHERE run_id = 2",
        "INSERT INTO run_records VALUES (90, 2, 1, 1)",
        "DELETE FROM shared_records WHERE id = 18",
        "DELETE FROM shared_contents WHERE id = 18",
        "UPDATE shared_files SET language = 'perl' WHERE id = 2",
        "UPDATE run_files SET file_count = 2 WHERE run_id = 2",
    ] {
        let (_directory, path) = workplace();
        three_runs(&path);
        alter(&path, sql);
        let found = verify_all(&path);
        assert!(!found.is_unaltered(), "{sql}");
        assert!(found.deviations.iter().any(|deviation| deviation.run.is_some() || deviation.row.is_some()), "{sql}");
    }
}

#[test]
fn shared_rows_are_append_only() {
    let (_directory, path) = workplace();
    three_runs(&path);
    let connection = Connection::open(&path).unwrap();
    for table in ["shared_records", "shared_contents", "shared_texts", "shared_text_pieces", "shared_files"] {
        let key = if table == "shared_text_pieces" { "text_id" } else { "id" };
        for sql in [
            format!("UPDATE {table} SET {key} = {key} + 1000"),
            format!("DELETE FROM {table}"),
            format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"),
        ] {
            let error = connection.execute(&sql, []).unwrap_err().to_string();
            assert!(error.contains(&format!("{table} is append-only")), "{sql}: {error}");
        }
    }
    assert!(verify_all(&path).is_unaltered());
}

#[test]
fn missing_guard_is_reported() {
    let (_directory, path) = workplace();
    three_runs(&path);
    Connection::open(&path).unwrap().execute_batch("DROP TRIGGER shared_texts_update").unwrap();
    let found = verify_all(&path);
    assert!(found.deviations.iter().any(|deviation| {
        deviation.kind == DeviationKind::Trigger && deviation.field.as_deref() == Some("shared_texts_update")
    }));
}

#[test]
fn altered_rows_are_not_shared() {
    for sql in [
        "UPDATE shared_contents SET intent = 'Forged.' WHERE id = 11",
        "UPDATE shared_texts SET text = text || '#' WHERE id = (SELECT raw_text FROM shared_contents WHERE id = 5)",
        "UPDATE shared_records SET start_line = 99 WHERE id = 5",
        "DELETE FROM shared_text_pieces WHERE position = 2",
    ] {
        let (_directory, path) = workplace();
        save_all(&path, Layout::Compact, &[snapshot(&sources())]);
        alter(&path, sql);
        save_all(&path, Layout::Compact, &[snapshot(&sources())]);
        let named = named(&path);
        assert!(!named.is_empty() && named.iter().all(|id| *id <= 18), "{sql}: {named:?}");
    }
}
