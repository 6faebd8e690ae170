//! A database of another implementation of the contract is opened, read and extended.

use rusqlite::Connection;

use crate::samples::{CONTRACT, dump, make_database, mixed, number, open, save, texts, workplace};

const ONE_RUN: &str = "
INSERT INTO runs VALUES (7, '2025-01-01T00:00:00.000Z', '2025-01-01T00:01:00.000Z', '/x', 'builtin:', 'm', 'all', 1,
  'completed', 0, 0, 1);
INSERT INTO records VALUES (40, 7, 'file', 'a.py', NULL, 1, 1, 'x', 'x', '9dd4e461268c8034f5c8564e155c67a6', NULL,
  'skipped', NULL);";

#[test]
fn foreign_rows_stay_unchanged() {
    let (_directory, path) = workplace();
    make_database(&path, "PRAGMA page_size = 4096; PRAGMA journal_mode = DELETE");
    make_database(&path, &format!("{CONTRACT}{ONE_RUN}"));
    let before = dump(&path);

    let saved = save(&path, &mixed()).unwrap();
    assert_eq!(saved.run_id.0, 8);
    let after = dump(&path);
    for line in &before {
        assert!(after.contains(line), "{line}");
    }
    assert_eq!(number(&path, "SELECT min(id) FROM records WHERE run_id = 8"), 41);
    assert_eq!(number(&path, "SELECT count(*) FROM analyzer_errors"), 2);
    assert_eq!(number(&path, "PRAGMA page_size"), 4096);
    assert_eq!(number(&path, "PRAGMA user_version"), 0);
    assert_eq!(texts(&Connection::open(&path).unwrap(), "PRAGMA journal_mode"), ["wal"]);
}

#[test]
fn opening_changes_no_content() {
    let (_directory, path) = workplace();
    make_database(&path, &format!("{CONTRACT}{ONE_RUN}"));
    let before = dump(&path);
    open(&path).unwrap().close().unwrap();
    assert_eq!(dump(&path), before);
}

#[test]
fn renamed_index_is_recognised() {
    let (_directory, path) = workplace();
    let indexes = "
CREATE INDEX by_run ON records(run_id);
CREATE INDEX by_path ON records(FILE_PATH DESC);
CREATE INDEX by_folded_sum ON records(md5sum COLLATE NOCASE);
CREATE INDEX by_status ON records(intent_status, kind);
CREATE INDEX some_paths ON records(md5sum) WHERE kind = 'file';";
    make_database(&path, &format!("{CONTRACT}{indexes}"));
    save(&path, &mixed()).unwrap();

    let connection = Connection::open(&path).unwrap();
    assert_eq!(
        texts(
            &connection,
            "SELECT name FROM sqlite_schema WHERE tbl_name = 'records' AND type = 'index' ORDER BY name"
        ),
        [
            "by_folded_sum",
            "by_path",
            "by_run",
            "by_status",
            "idx_records_intent_status",
            "idx_records_md5sum",
            "some_paths"
        ]
    );
}

#[test]
fn foreign_tables_stay_unchanged() {
    let (_directory, path) = workplace();
    let own = "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine'); CREATE VIEW v AS SELECT text FROM notes;";
    make_database(&path, &format!("{CONTRACT}{own}"));
    save(&path, &mixed()).unwrap();
    assert_eq!(texts(&Connection::open(&path).unwrap(), "SELECT text FROM v"), ["mine"]);
}

#[test]
fn strict_utf16_tables_are_accepted() {
    let (_directory, path) = workplace();
    let strict = CONTRACT.replace(");\n", ") STRICT;\n").replace("intent_error text);", "intent_error text) STRICT;");
    assert_eq!(strict.matches("STRICT").count(), 2);
    make_database(&path, &format!("PRAGMA encoding = 'UTF-16le';{strict}"));
    save(&path, &mixed()).unwrap();
    assert_eq!(number(&path, "SELECT count(*) FROM records WHERE kind = 'method'"), 1);
}
