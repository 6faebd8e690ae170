//! A failed save leaves the database unchanged, and the error names the failed step.

use std::{fs, path::Path};

use cds_persistence::{Error, Persistence};

use crate::samples::{
    CONTRACT, NAMED, answer, asked, at, chain, chain_about, dump, faultless, key, make_database, mixed, names_in,
    number, open, plain_only, save, workplace,
};

/// Creates a trigger that refuses the next row of `table` once it has `count` rows.
fn refuse(path: &Path, table: &str, count: i64, how: &str) {
    make_database(
        path,
        &format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN (SELECT count(*) FROM {table}) = {count}
             BEGIN SELECT {how}; END"
        ),
    );
}

/// Saves a second run whose row of `table` after `count` is refused, and returns the error.
fn refused_save(table: &str, count: i64, how: &str) -> String {
    let (directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    refuse(&path, table, count, how);
    let (bytes, content) = (fs::read(&path).unwrap(), dump(&path));

    let mut persistence = open(&path).unwrap();
    let error = persistence.save(&mixed()).unwrap_err();
    persistence.close().unwrap();

    assert_eq!(dump(&path), content);
    assert!(fs::read(&path).unwrap() == bytes, "the file has changed");
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
    chain_about(&path, &error).replace(" (SQLite error 1811)", "")
}

#[test]
fn cancelled_snapshot_is_rolled_back() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let content = dump(&path);
    let mut persistence = open(&path).unwrap();
    let error = persistence.save_if(&mixed(), &|| false).unwrap_err();
    assert!(matches!(error, Error::Withdrawn { .. }), "{error}");
    assert_eq!(dump(&path), content);
    persistence.save_if(&mixed(), &|| true).unwrap();
    persistence.close().unwrap();
    assert_eq!(number(&path, "SELECT count(*) FROM runs"), 2);
}

#[test]
fn refused_run_leaves_nothing() {
    assert_eq!(
        refused_save("runs", 1, "RAISE(ABORT, 'no more')"),
        format!("insert the run in database DB: no more{NAMED}")
    );
}

#[test]
fn refused_record_rolls_back_snapshot() {
    if plain_only() {
        return;
    }
    for (count, record) in [(4, "1 (file `a.py`:1)"), (6, "3 (method `a.py`:3)"), (7, "4 (function `b/c.py`:1)")] {
        assert_eq!(
            refused_save("records", count, "RAISE(ABORT, 'no more')"),
            format!("insert record {record} in database DB: no more{NAMED}")
        );
    }
}

#[test]
fn refused_analyzer_error_rolls_back_snapshot() {
    assert_eq!(
        refused_save("analyzer_errors", 3, "RAISE(ABORT, 'no more')"),
        format!("insert analyzer error 2 (`locked`) in database DB: no more{NAMED}")
    );
}

#[test]
fn refused_question_keeps_stored_answers() {
    if plain_only() {
        return;
    }
    for (table, count, expected) in [
        ("record_questions", 4, "insert the question of record 3 (`a.py`:3) in database DB: no more"),
        ("enrichments", 1, "insert the enrichment account in database DB: no more"),
    ] {
        let (_directory, path) = workplace();
        save(&path, &asked()).unwrap();
        refuse(&path, table, count, "RAISE(ABORT, 'no more')");
        let mut persistence = open(&path).unwrap();
        persistence.keep_answers(&[answer(1), answer(2)], at(0)).unwrap();
        let content = dump(&path);

        let error = persistence.save(&asked()).unwrap_err();
        assert_eq!(chain_about(&path, &error).replace(" (SQLite error 1811)", ""), format!("{expected}{NAMED}"));
        assert_eq!(dump(&path), content);
        assert_eq!(persistence.lookup_answers(&[key(1), key(2)]).unwrap().len(), 2);
        assert_eq!(persistence.save(&mixed()).unwrap().run_id.0, 2);
    }
}

#[test]
fn rollback_trigger_is_reported() {
    if plain_only() {
        return;
    }
    for how in ["RAISE(ROLLBACK, 'no more')", "RAISE(FAIL, 'no more')"] {
        assert_eq!(
            refused_save("records", 5, how),
            format!("insert record 2 (class `a.py`:2) in database DB: no more{NAMED}")
        );
    }
}

#[test]
fn ignored_row_is_an_error() {
    if plain_only() {
        return;
    }
    assert_eq!(
        refused_save("records", 5, "RAISE(IGNORE)"),
        "insert record 2 (class `a.py`:2): database DB ignored the row"
    );
}

#[test]
fn failed_save_creates_no_tables() {
    let (_directory, path) = workplace();
    make_database(&path, CONTRACT);
    refuse(&path, "records", 2, "RAISE(ABORT, 'no more')");
    let content = dump(&path);

    let error = save(&path, &mixed()).unwrap_err();
    assert!(matches!(error, Error::Statement { .. }), "{error:?}");
    assert_eq!(dump(&path), content);
}

#[test]
fn save_works_after_a_failure() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    refuse(&path, "analyzer_errors", 2, "RAISE(ABORT, 'no more')");
    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap_err();

    let saved = persistence.save(&faultless()).unwrap();
    assert_eq!(saved.run_id.0, 2);
    persistence.close().unwrap();
    assert_eq!(number(&path, "SELECT count(*) FROM records WHERE run_id = 2"), 3);
}

#[test]
fn spilled_pages_are_rolled_back() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    let mut snapshot = faultless();
    let record = snapshot.records[1].clone();
    let long: String = "x = 1\n".repeat(500);
    snapshot.records = (1..=4_000)
        .map(|line| {
            let mut record = record.clone();
            record.start_line = line;
            record.normalized_code = long.as_str().into();
            record
        })
        .collect();
    open(&path).unwrap().close().unwrap();
    refuse(&path, "records", 3_999, "RAISE(ABORT, 'no more')");
    let bytes = fs::read(&path).unwrap();

    let error = save(&path, &snapshot).unwrap_err();
    assert!(chain(&error).starts_with("insert record 4000 "), "{error}");
    assert!(fs::read(&path).unwrap() == bytes, "the file has changed");
}

#[test]
fn removed_file_is_not_written() {
    let (directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    fs::rename(&path, directory.path().join("elsewhere.sqlite")).unwrap();

    let error = persistence.save(&mixed()).unwrap_err();
    assert!(matches!(error, Error::Replaced { .. }), "{error:?}");
    make_database(&path, CONTRACT);
    let error = persistence.save(&mixed()).unwrap_err();
    assert!(matches!(error, Error::Replaced { .. }), "{error:?}");
    drop(persistence);
    assert_eq!(number(&path, "SELECT count(*) FROM runs"), 0);
}
