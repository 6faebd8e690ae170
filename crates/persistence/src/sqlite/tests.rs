//! Tests that need private access: connection settings, a full disk, file systems without a log.

use std::path::PathBuf;

use cds_model::{Intent, Md5Sum, Record, RunSettings, Scope, SourceSlice, SymbolKind, Timestamp};
use tempfile::TempDir;

use super::*;

fn workplace() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("code.sqlite");
    (directory, path)
}

fn snapshot(record_count: usize) -> RunSnapshot {
    let record = Record {
        kind: SymbolKind::File,
        file_path: "a.py".into(),
        signature: None,
        start_line: 1,
        end_line: 1,
        raw_code: SourceSlice::from("x = 1\n".repeat(200).as_str()),
        normalized_code: "x = 1\n".repeat(200).into(),
        md5sum: Md5Sum([7; 16]),
        intent: Intent::Skipped,
        question: None,
    };
    RunSnapshot {
        started_at: Timestamp::from_unix_milliseconds(0),
        finished_at: Timestamp::from_unix_milliseconds(1),
        settings: RunSettings {
            root_path: "/".to_owned(),
            provider_url: "builtin:".to_owned(),
            model: "m".to_owned(),
            scope: Scope::ALL,
            progress_batch_size: 1,
        },
        records: vec![record; record_count],
        errors: Vec::new(),
        not_read: Vec::new(),
        source_files: Vec::new(),
        enrichment: None,
        account: None,
        history: None,
    }
}

fn pragma(persistence: &SqlitePersistence, name: &str) -> i64 {
    persistence.database.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
}

#[test]
fn connection_distrusts_content_and_syncs_commits() {
    let (_directory, path) = workplace();
    let persistence = SqlitePersistence::open(&path, &OpenOptions::default()).unwrap();
    let settings = ["trusted_schema", "cell_size_check", "foreign_keys", "synchronous", "busy_timeout", "cache_size"];
    assert_eq!(settings.map(|name| pragma(&persistence, name)), [0, 1, 1, 2, 0, -16_384]);
}

#[test]
fn full_disk_rolls_back_everything() {
    let (_directory, path) = workplace();
    let mut persistence = SqlitePersistence::open(&path, &OpenOptions::default()).unwrap();
    persistence.save(&snapshot(1)).unwrap();
    let limit = pragma(&persistence, "page_count") + 3;
    persistence.database.connection.pragma_update(None, "max_page_count", limit).unwrap();

    let error = persistence.save(&snapshot(100)).unwrap_err();
    assert!(matches!(error, Error::Full { step: crate::Step::InsertRecord { number: 2..=100, .. }, .. }), "{error:?}");
    assert_eq!(persistence.save(&snapshot(1)).unwrap().run_id.0, 2);
    let count = "SELECT count(*) FROM records";
    assert_eq!(persistence.database.connection.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}

#[test]
fn rollback_journal_leaves_no_side_files() {
    let (directory, path) = workplace();
    let mut persistence = SqlitePersistence::open(&path, &OpenOptions::default()).unwrap();
    persistence.journal = journal::set(&persistence.database, Journal::Truncate).unwrap();
    assert_eq!(persistence.journal, Journal::Truncate);

    let saved = persistence.save(&snapshot(3)).unwrap();
    assert!(saved.warnings.is_empty());
    persistence.close().unwrap();
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["code.sqlite"]);
}

#[test]
fn rollback_journal_commit_waits_for_readers() {
    let (_directory, path) = workplace();
    let mut persistence =
        SqlitePersistence::open(&path, &OpenOptions { busy_timeout: Duration::ZERO, ..OpenOptions::default() })
            .unwrap();
    persistence.journal = journal::set(&persistence.database, Journal::Truncate).unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = |sql| reader.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM runs"), 0);

    let error = persistence.save(&snapshot(1)).unwrap_err();
    assert!(matches!(error, Error::Locked { step: crate::Step::Commit, .. }), "{error:?}");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(persistence.save(&snapshot(1)).unwrap().run_id.0, 1);
    assert_eq!(count("SELECT count(*) FROM runs"), 1);
}

/// Checks that the connection can read `path` but never write it.
fn check_reader(path: &std::path::Path, access: Access) {
    let reader = SqliteReader::open(path, &OpenOptions::default()).unwrap();
    assert_eq!(reader.access(), access);
    let connection = &reader.database.connection;
    for (name, value) in [("query_only", 1), ("trusted_schema", 0), ("cell_size_check", 1), ("busy_timeout", 0)] {
        assert_eq!(connection.pragma_query_value::<i64, _>(None, name, |row| row.get(0)).unwrap(), value, "{name}");
    }
    connection.execute_batch("DELETE FROM records").unwrap_err();
    assert_eq!(connection.query_row("SELECT count(*) FROM records", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    let read = reader.database.location().absolute.clone();
    assert_eq!(read != path, access == Access::Copy);
    assert_eq!(read.parent().unwrap().exists(), access != Access::Copy, "the copy has a name");
    drop(reader);
}

#[test]
fn reader_never_writes_the_database() {
    let (_directory, path) = workplace();
    let mut persistence = SqlitePersistence::open(&path, &OpenOptions::default()).unwrap();
    persistence.save(&snapshot(1)).unwrap();
    check_reader(&path, Access::Shared);
    persistence.close().unwrap();
    check_reader(&path, Access::Immutable);
    // The log is invalid, but only reading it shows that.
    std::fs::write(path.with_extension("sqlite-wal"), "not a log").unwrap();
    check_reader(&path, Access::Copy);
}
