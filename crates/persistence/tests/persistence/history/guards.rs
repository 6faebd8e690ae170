//! SQL cannot rewrite the history, and a save that fails within it leaves nothing of it.

use std::{fs, path::Path, process::Command};

use cds_model::Intent;
use cds_persistence::Persistence;
use rusqlite::Connection;

use super::assert_unaltered;
use crate::{
    samples::{chain_about, dump, faultless, make_database, mixed, open, plain_only, save, texts, traced, workplace},
    verify::grown,
};

const GUARDED: [&str; 4] = ["unit_history", "snapshot_chain", "record_hashes", "units"];

/// Statements that every guarded table must refuse; `KEY` is its primary key.
const OF_EVERY_TABLE: [&str; 15] = [
    "DELETE FROM TABLE",
    "DELETE FROM TABLE WHERE KEY = (SELECT max(KEY) FROM TABLE)",
    "WITH last AS (SELECT max(KEY) AS number FROM TABLE) DELETE FROM TABLE WHERE KEY IN (SELECT number FROM last)",
    "REPLACE INTO TABLE SELECT * FROM TABLE WHERE KEY = 1",
    "INSERT OR REPLACE INTO TABLE SELECT * FROM TABLE",
    "INSERT OR IGNORE INTO TABLE SELECT * FROM TABLE WHERE KEY = 1",
    "INSERT OR ROLLBACK INTO TABLE SELECT * FROM TABLE WHERE KEY = 1",
    "INSERT INTO TABLE SELECT * FROM TABLE WHERE KEY = 1 ON CONFLICT DO NOTHING",
    "INSERT INTO TABLE SELECT * FROM TABLE WHERE KEY = 1 ON CONFLICT (KEY) DO UPDATE SET KEY = 1000",
    "UPDATE TABLE SET KEY = KEY + 1000",
    "UPDATE OR REPLACE TABLE SET KEY = 2 WHERE KEY = 1",
    "UPDATE OR IGNORE TABLE SET KEY = 2000 WHERE KEY = 1",
    "UPDATE OR FAIL TABLE SET KEY = 2000 WHERE KEY = (SELECT max(KEY) FROM TABLE)",
    "CREATE TRIGGER outside AFTER INSERT ON elsewhere BEGIN DELETE FROM TABLE; END; INSERT INTO elsewhere VALUES (9)",
    "CREATE TRIGGER outside AFTER INSERT ON elsewhere BEGIN UPDATE OR REPLACE TABLE SET KEY = 2 WHERE KEY = 1; END;
     INSERT INTO elsewhere VALUES (9)",
];

/// Statements that append-only tables must refuse.
const OF_CHAINS: [&str; 4] = [
    "UPDATE TABLE SET previous_hash = 'x' WHERE KEY = 2",
    "UPDATE TABLE SET run_id = run_id + 1",
    "UPDATE TABLE SET recorded_at = 'x' FROM (SELECT 1)",
    "UPDATE OR REPLACE TABLE SET hash = hash",
];

/// Gaps, numbers before the first, immutable columns of `units`, and deletes cascaded from another table.
const OTHERS: [&str; 17] = [
    "INSERT INTO unit_history SELECT max(sequence) + 2, unit_id, 1, 'x', NULL, NULL, NULL, NULL, '', '', '', '' FROM unit_history",
    "INSERT INTO unit_history SELECT 0, 1, 1, 'x', NULL, NULL, NULL, NULL, '', '', '', ''",
    "INSERT INTO snapshot_chain SELECT max(sequence) + 2, 'x', 1, '', '', '', 1, '', '', 1, '', '', '' FROM snapshot_chain",
    "INSERT INTO snapshot_chain SELECT 0, 'x', 1, '', '', '', 1, '', '', 1, '', '', ''",
    "UPDATE record_hashes SET content_hash = 'x' WHERE record_id = 2",
    "UPDATE record_hashes SET field_sums = x'00'",
    "UPDATE record_hashes SET run_id = 2",
    "UPDATE units SET rowid = 99 WHERE id = 1",
    "UPDATE units SET _rowid_ = 99 WHERE id = 1",
    "UPDATE units SET project = 'mill'",
    "UPDATE units SET part = 'x' WHERE id = 1",
    "UPDATE units SET kind = 'x' WHERE id = 1",
    "UPDATE units SET first_run = 2 WHERE id = 1",
    "INSERT INTO units SELECT * FROM units WHERE id = 1 ON CONFLICT (id) DO UPDATE SET state = 'removed'",
    "PRAGMA foreign_keys = OFF; ALTER TABLE unit_history ADD COLUMN outside INTEGER DEFAULT 1 REFERENCES elsewhere(id)
     ON DELETE CASCADE; PRAGMA foreign_keys = ON; DELETE FROM elsewhere",
    "PRAGMA foreign_keys = OFF; ALTER TABLE snapshot_chain ADD COLUMN outside INTEGER DEFAULT 1 REFERENCES elsewhere(id)
     ON UPDATE CASCADE; PRAGMA foreign_keys = ON; UPDATE elsewhere SET id = 2",
    "PRAGMA foreign_keys = OFF; ALTER TABLE record_hashes ADD COLUMN outside INTEGER DEFAULT 1 REFERENCES elsewhere(id)
     ON DELETE SET NULL; PRAGMA foreign_keys = ON; DELETE FROM elsewhere",
];

/// Statements that only enforced foreign keys refuse.
const WITH_FOREIGN_KEYS: [&str; 4] =
    ["DROP TABLE units", "DROP TABLE records", "DELETE FROM records WHERE id = 1", "DELETE FROM records"];

fn key_of(table: &str) -> &'static str {
    match table {
        "record_hashes" => "record_id",
        "units" => "id",
        _ => "sequence",
    }
}

fn attempts(has_foreign_keys: bool) -> Vec<String> {
    let fill = |sql: &str, table: &str| sql.replace("KEY", key_of(table)).replace("TABLE", table);
    let mut attempts: Vec<String> =
        GUARDED.iter().flat_map(|table| OF_EVERY_TABLE.iter().map(|sql| fill(sql, table))).collect();
    attempts.extend(GUARDED[..2].iter().flat_map(|table| OF_CHAINS.iter().map(|sql| fill(sql, table))));
    attempts.extend(OTHERS.iter().map(|sql| (*sql).to_owned()));
    if has_foreign_keys {
        attempts.extend(WITH_FOREIGN_KEYS.iter().map(|sql| (*sql).to_owned()));
    }
    attempts
}

/// Every row of the guarded tables, in our own columns.
fn rows(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let of_table = |table: &&str| {
        let names = format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}') WHERE name <> 'outside'");
        let columns = texts(&connection, &names).join(" || ', ' || ");
        texts(&connection, &format!("SELECT {columns} FROM {table} ORDER BY {}", key_of(table)))
    };
    GUARDED.iter().flat_map(of_table).collect()
}

/// Tries every statement, each on a fresh copy; `execute` returns whether the database accepted it.
fn nothing_is_accepted(execute: impl Fn(&Path, &str) -> bool) {
    let (directory, path) = workplace();
    grown(&path);
    make_database(&path, "CREATE TABLE elsewhere (id INTEGER PRIMARY KEY); INSERT INTO elsewhere VALUES (1)");
    let (original, before) = (fs::read(&path).unwrap(), rows(&path));
    let copy = directory.path().join("copy.sqlite");
    for (foreign_keys, recursive_triggers) in [(true, true), (true, false), (false, true), (false, false)] {
        let settings =
            format!("PRAGMA foreign_keys = {foreign_keys}; PRAGMA recursive_triggers = {recursive_triggers};");
        for attempt in attempts(foreign_keys) {
            fs::write(&copy, &original).unwrap();
            let sql = format!("PRAGMA synchronous = OFF; {settings} {attempt};");
            assert!(!execute(&copy, &sql), "accepted: {sql}");
            assert!(rows(&copy) == before, "altered: {sql}");
        }
    }
}

#[test]
fn history_cannot_be_rewritten() {
    if plain_only() {
        return;
    }
    nothing_is_accepted(|path, sql| {
        let connection = Connection::open(path).unwrap();
        let outcome = connection.execute_batch(sql);
        if let Err(error) = &outcome {
            let text = error.to_string();
            let is_refused = ["append-only", "never", "FOREIGN KEY"].iter().any(|word| text.contains(word));
            assert!(is_refused, "{sql}: {text}");
        }
        outcome.is_ok()
    });
}

#[test]
fn sqlite_shell_cannot_rewrite_history() {
    if plain_only() {
        return;
    }
    let version = Command::new("sqlite3").arg("-version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        #[expect(clippy::print_stderr, reason = "a test that tests nothing must say so")]
        {
            eprintln!("SKIPPED: there is no sqlite3 shell");
        }
        return;
    }
    nothing_is_accepted(|path, sql| {
        let output = Command::new("sqlite3").arg("-bail").arg(path).arg(sql).output().unwrap();
        output.status.success()
    });
}

#[test]
fn legitimate_writes_still_work() {
    let (_directory, path) = workplace();
    grown(&path);
    for (foreign_keys, recursive_triggers) in [(true, true), (false, false)] {
        make_database(
            &path,
            &format!(
                "PRAGMA foreign_keys = {foreign_keys}; PRAGMA recursive_triggers = {recursive_triggers};
                 BEGIN;
                 UPDATE units SET state = state, last_run = last_run, name = name;
                 UPDATE records SET intent = intent;
                 ROLLBACK"
            ),
        );
    }
    save(&path, &traced(mixed(), "other")).unwrap();
    assert_unaltered(&path);
}

#[test]
fn snapshot_keeps_indexes_and_triggers() {
    let (_directory, path) = workplace();
    open(&path).unwrap().close().unwrap();
    make_database(&path, "CREATE INDEX idx_units ON units(name); CREATE INDEX outside ON units(project)");
    let schema = || {
        texts(&Connection::open(&path).unwrap(), "SELECT concat_ws(' ', type, name, sql) FROM sqlite_schema ORDER BY 1")
    };
    let before = schema();
    assert!(before.iter().any(|line| line.starts_with("index idx_units_project_file_path")));
    for project in ["shop", "shop", "other"] {
        save(&path, &traced(mixed(), project)).unwrap();
        assert_eq!(schema(), before);
    }
}

#[test]
fn foreign_trigger_cannot_rewrite_history() {
    if plain_only() {
        return;
    }
    for rewriting in [
        "REPLACE INTO record_hashes SELECT * FROM record_hashes WHERE record_id = 1",
        "REPLACE INTO units SELECT * FROM units WHERE id = 1",
        "REPLACE INTO unit_history SELECT * FROM unit_history WHERE sequence = 1",
    ] {
        let (_directory, path) = workplace();
        save(&path, &traced(mixed(), "shop")).unwrap();
        make_database(&path, &format!("CREATE TRIGGER outside AFTER INSERT ON records BEGIN {rewriting}; END"));
        let before = rows(&path);
        let mut persistence = open(&path).unwrap();
        let error = persistence.save(&traced(mixed(), "other")).unwrap_err();
        let text = chain_about(&path, &error);
        assert!(["append-only", "never"].iter().any(|word| text.contains(word)), "{rewriting}: {text}");
        persistence.close().unwrap();
        assert!(rows(&path) == before, "{rewriting}");
    }
}

#[test]
fn failed_history_row_rolls_back_snapshot() {
    if plain_only() {
        return;
    }
    let refusals = [
        ("INSERT ON record_hashes WHEN NEW.record_id = 6", "insert the hashes of record 2 (`a.py`:2)"),
        ("INSERT ON units WHEN NEW.name = 'new'", "write the definitions"),
        ("UPDATE ON units WHEN NEW.name = 'one' AND NEW.state = 'present'", "write the definitions"),
        ("UPDATE ON units WHEN NEW.state = 'removed'", "write the definitions"),
        ("UPDATE ON units WHEN NEW.last_run = 2 AND NEW.name = ''", "write the definitions"),
        ("INSERT ON unit_history WHEN (SELECT count(*) FROM unit_history) = 4", "write row 5 of the history"),
        ("INSERT ON unit_history WHEN NEW.transition = 'removed'", "write row 7 of the history"),
        (
            "INSERT ON snapshot_chain WHEN (SELECT count(*) FROM snapshot_chain) = 1",
            "chain the snapshot to those before it",
        ),
    ];
    for (refusal, expected) in refusals {
        for how in ["RAISE(ABORT, 'no more')", "RAISE(FAIL, 'no more')", "RAISE(ROLLBACK, 'no more')", "RAISE(IGNORE)"]
        {
            let (_directory, path) = workplace();
            let mut first = traced(mixed(), "shop");
            first.errors.clear();
            save(&path, &first).unwrap();
            make_database(&path, &format!("CREATE TRIGGER refuse BEFORE {refusal} BEGIN SELECT {how}; END"));
            let before = dump(&path);
            let mut second = first.clone();
            // One definition is changed, one added and one removed.
            second.records[2].intent = Intent::Success("Returns a number.".to_owned());
            second.records[3].signature = Some("def new():".into());
            let mut persistence = open(&path).unwrap();
            let outcome = persistence.save(&second);
            if how == "RAISE(IGNORE)" && refusal.starts_with("UPDATE ON units WHEN NEW.last_run") {
                // One ignored row of a bulk update is not counted here; `verify` finds it later.
                continue;
            }
            let Err(error) = outcome else { panic!("{refusal}: {how} was accepted") };
            let text = chain_about(&path, &error);
            assert!(text.starts_with(expected), "{refusal}: {text}");
            persistence.close().unwrap();
            assert_eq!(dump(&path), before, "{refusal}");
            make_database(&path, "DROP TRIGGER refuse");
            assert_unaltered(&path);
            save(&path, &second).unwrap();
            assert_unaltered(&path);
        }
    }
    let (_directory, path) = workplace();
    save(&path, &traced(faultless(), "shop")).unwrap();
    assert_unaltered(&path);
}
