//! Other programs insert, change and remove records through the views as in the tables of a plain database.

use cds_persistence::{KeepRule, Layout, VerifyQuery};
use rusqlite::Connection;

use super::{open_as, rows, save_all, snapshot, sources};
use crate::{
    samples::{asked, at, traced, workplace},
    verify::{verify, verify_all},
};

/// A run of another program.
const RUN: &str = "
INSERT INTO runs VALUES (9, '', '', '/y', '', '', 'all', 1, 'completed', 0, 0, 2);
INSERT INTO records (run_id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent,
                     intent_status, intent_error)
VALUES (9, 'file', 'y.py', NULL, '1', 2, 5, 'x', '9dd4e461268c8034f5c8564e155c67a6', NULL, 'skipped', NULL),
       (9, 'function', 'y.py', 'def f():', 2, 2, x'00ff', 'x', '9dd4e461268c8034f5c8564e155c67a6', 'Does.', 'success', NULL);";

/// Statements that other programs may run, each of which has the same effect in both layouts.
const STATEMENTS: &[&str] = &[
    RUN,
    "INSERT INTO records SELECT 500, run_id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code,
                                md5sum, intent, intent_status, intent_error FROM records WHERE id = 2",
    "UPDATE records SET raw_code = 'forged' WHERE run_id = 2 AND kind = 'class'",
    "UPDATE records SET normalized_code = x'ff', intent = NULL, start_line = '7' WHERE id = 1",
    "UPDATE records SET raw_code = raw_code || '#', normalized_code = normalized_code || '#' WHERE kind = 'method'",
    "UPDATE records SET md5sum = upper(md5sum)",
    "UPDATE records SET run_id = 1 WHERE id = 19",
    "INSERT INTO source_files VALUES (2, 'new.py', x'00', 'python', 'other', 3)",
    "UPDATE source_files SET language = 'perl', file_path = 'pkg/z.py' WHERE run_id = 2 AND file_path = 'pkg/b.py'",
    "DELETE FROM source_files WHERE run_id = 3 AND file_path <> 'pkg/b.py'",
    "INSERT INTO record_questions VALUES (5, 'why', 0)",
    "UPDATE record_questions SET question = 'why not', is_cut = 1",
    "DELETE FROM record_questions WHERE record_id < 20",
    "DELETE FROM record_questions",
];

/// Statements that a plain database refuses, and a compact one too.
const REFUSED: &[&str] = &[
    "INSERT INTO records SELECT * FROM records WHERE id = 2",
    "INSERT INTO records (run_id, kind, file_path, start_line, end_line, raw_code, normalized_code, md5sum, intent_status)
     VALUES (1, 'file', 'x', 1, 1, NULL, '', '', '')",
    "INSERT INTO records (run_id, kind, file_path, start_line, end_line, raw_code, normalized_code, md5sum, intent_status)
     VALUES (1, NULL, 'x', 1, 1, '', '', '', '')",
    "INSERT INTO records (run_id, kind, file_path, start_line, end_line, raw_code, normalized_code, md5sum, intent_status)
     VALUES (77, 'file', 'x', 1, 1, '', '', '', '')",
    "UPDATE records SET id = 2 WHERE id = 1",
    "UPDATE records SET raw_code = NULL WHERE id = 1",
    "INSERT INTO record_questions VALUES (2, 'twice', 0)",
    "INSERT INTO record_questions VALUES (9999, 'of nothing', 0)",
    "INSERT INTO record_questions VALUES (3, NULL, 0)",
    "INSERT INTO source_files SELECT * FROM source_files",
    "INSERT INTO source_files VALUES (77, 'new.py', x'00', 'python', 'other', 3)",
    "INSERT INTO source_files VALUES (2, NULL, x'00', 'python', 'other', 3)",
    "UPDATE record_hashes SET content_hash = 'x'",
    "DELETE FROM record_hashes",
];

fn connect(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    connection
}

#[test]
fn statements_act_as_on_plain_tables() {
    let (_directory, plain) = workplace();
    let (_other, compact) = workplace();
    let snapshots = [traced(asked(), "shop"), snapshot(&sources()), snapshot(&sources())];
    let layouts = [(&plain, Layout::Plain), (&compact, Layout::Compact)];
    for (path, layout) in layouts {
        save_all(path, layout, &snapshots);
    }
    let compare = |sql: &str| {
        let records = |path| rows(path).into_iter().filter(|line| !line.starts_with("record_hashes: "));
        assert!(records(&plain).eq(records(&compact)), "after {sql}");
    };
    for sql in REFUSED {
        for (path, layout) in layouts {
            assert!(connect(path).execute_batch(sql).is_err(), "{layout} accepts {sql}");
        }
        compare(sql);
    }
    for sql in STATEMENTS {
        for (path, layout) in layouts {
            // A plain table has foreign keys to the record.
            let connection = connect(path);
            connection.pragma_update(None, "foreign_keys", !sql.contains("SET id")).unwrap();
            connection.execute_batch(sql).unwrap_or_else(|error| panic!("{layout}: {sql}: {error}"));
        }
        compare(sql);
    }
}

#[test]
fn removed_records_leave_the_others() {
    let (_directory, path) = workplace();
    save_all(&path, Layout::Compact, &[snapshot(&sources()), snapshot(&sources())]);
    let ids = |path: &std::path::Path| {
        crate::samples::texts(&connect(path), "SELECT CAST(id AS TEXT) FROM records ORDER BY id")
    };
    let mut expected: Vec<String> = (1..=36).map(|id| id.to_string()).collect();
    // The first, one in the middle, two neighbours, the last of one run, and all of another.
    for gone in ["1", "5", "9", "10", "18"] {
        connect(&path).execute(&format!("DELETE FROM records WHERE id = {gone}"), []).unwrap();
        expected.retain(|id| id != gone);
        assert_eq!(ids(&path), expected);
    }
    connect(&path).execute("DELETE FROM records WHERE run_id = 2", []).unwrap();
    assert_eq!(ids(&path), expected[..13]);
    assert!(!verify_all(&path).is_unaltered());
}

#[test]
fn inserted_run_is_unverified_and_prunable() {
    let (_directory, path) = workplace();
    save_all(&path, Layout::Compact, &[snapshot(&sources())]);
    connect(&path).execute_batch(RUN).unwrap();
    let found = verify(&path, &VerifyQuery::default());
    // Its code is a number and bytes, so only the fingerprints are checked.
    assert_eq!((found.unverified_run_count, found.is_unaltered()), (1, true), "{found:#?}");
    save_all(&path, Layout::Compact, &[snapshot(&sources())]);
    let mut persistence = open_as(&path, Layout::Compact);
    persistence.prune_runs(&[KeepRule::Last(1)], at(0)).unwrap();
    persistence.prune_runs(&[KeepRule::Since(at(9_000_000_000))], at(0)).unwrap();
    persistence.close().unwrap();
    super::sharing::check_nothing_is_left(&path);
}
