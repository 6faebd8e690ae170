//! A conversion keeps every row that a reader sees, and is whole or not at all.

use std::{fs, path::Path};

use cds_persistence::{Error, FORMAT_VERSION, Format, Layout, Persistence as _};
use rusqlite::Connection;

use super::{open_as, rows, save_all, sharing::check_nothing_is_left, snapshot, sources};
use crate::{
    samples::{at, chain_about, dump, make_database, number, texts, workplace},
    verify::{grown, pruned, verify_all},
};

fn convert(path: &Path, layout: Layout) -> Result<bool, Error> {
    let mut persistence = open_as(path, Layout::Plain);
    let outcome = persistence.convert(layout, &|_| {});
    persistence.close().unwrap();
    outcome
}

/// A database in the plain layout, whatever the tests run on.
fn make_plain(make: fn(&Path), path: &Path) {
    make(path);
    convert(path, Layout::Plain).unwrap();
}

#[test]
fn conversion_keeps_rows_and_proof() {
    for make in [grown, pruned] {
        let (_directory, path) = workplace();
        make_plain(make, &path);
        let (before, verified) = (rows(&path), verify_all(&path));
        assert!(verified.is_unaltered());
        for layout in [Layout::Compact, Layout::Plain, Layout::Compact] {
            assert!(convert(&path, layout).unwrap());
            assert!(!convert(&path, layout).unwrap(), "there is nothing left to do");
            assert_eq!(rows(&path), before, "{layout}");
            assert_eq!(verify_all(&path), verified, "{layout}");
            assert_eq!(number(&path, "PRAGMA user_version"), Format::of_layout(layout).version());
            assert_eq!(number(&path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        }
        check_nothing_is_left(&path);
    }
}

#[test]
fn expanded_database_is_like_new() {
    let (_directory, path) = workplace();
    let (_other, new) = workplace();
    let snapshots = [snapshot(&sources()), snapshot(&sources()[..2])];
    save_all(&new, Layout::Plain, &snapshots);
    save_all(&path, Layout::Compact, &snapshots);
    convert(&path, Layout::Plain).unwrap();
    assert_eq!(dump(&path), dump(&new));
}

#[test]
fn converted_database_shares_like_new() {
    let (_directory, path) = workplace();
    let (_other, new) = workplace();
    let mut changed = sources();
    changed[1].methods[0].1 = 9;
    let snapshots = [snapshot(&sources()), snapshot(&sources()), snapshot(&changed)];
    save_all(&new, Layout::Compact, &snapshots);
    save_all(&path, Layout::Plain, &snapshots);
    convert(&path, Layout::Compact).unwrap();
    for table in ["run_records", "shared_records", "shared_contents", "shared_texts", "shared_text_pieces"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(number(&path, &count), number(&new, &count), "{table}");
    }
    save_all(&path, Layout::Plain, &[snapshot(&changed)]);
    assert_eq!(number(&path, "SELECT count(*) FROM run_records WHERE run_id = 4"), 3);
}

#[test]
fn altered_records_stay_altered() {
    let (_directory, path) = workplace();
    save_all(&path, Layout::Plain, &[snapshot(&sources()), snapshot(&sources())]);
    make_database(&path, "UPDATE records SET raw_code = 'forged', kind = x'66' WHERE id = 20");
    let (before, found) = (rows(&path), verify_all(&path));
    assert!(!found.is_unaltered());
    convert(&path, Layout::Compact).unwrap();
    assert_eq!((rows(&path), verify_all(&path)), (before, found));
}

#[test]
fn foreign_database_can_be_converted() {
    let (_directory, path) = workplace();
    // Two runs that were written at the same time, with numbers of their own, and without a proof.
    let run = |id: i64| {
        format!(
            "INSERT INTO runs VALUES ({id}, '', '', '/x', '', '', 'all', 1, 'completed', 0, 0, 2);
             INSERT INTO records VALUES ({}, {id}, 'file', 'a.py', NULL, 1, 1, x'ff00', 'x', '1', NULL, 'skipped', NULL);
             INSERT INTO records VALUES ({}, {id}, 'lambda', 'a.py', '', 1, -7, 'x', 'x', '1', '', 'skipped', NULL);",
            id * 10,
            100 - id
        )
    };
    make_database(&path, &format!("{} {} {}", crate::samples::CONTRACT, run(3), run(7)));
    let before = dump(&path).into_iter().filter(|line| line.starts_with("records: ")).collect::<Vec<_>>();
    convert(&path, Layout::Compact).unwrap();
    let connection = Connection::open(&path).unwrap();
    assert_eq!(
        texts(&connection, "SELECT group_concat(id) FROM (SELECT id FROM records ORDER BY id)"),
        ["30,70,93,97"]
    );
    convert(&path, Layout::Plain).unwrap();
    assert_eq!(dump(&path).into_iter().filter(|line| line.starts_with("records: ")).collect::<Vec<_>>(), before);
}

#[test]
fn unfit_databases_stay_unchanged() {
    for (sql, expected) in [
        (
            "PRAGMA foreign_keys = OFF; DELETE FROM records WHERE id = 3",
            "convert database DB: table record_hashes: 1 of its rows belong to no record",
        ),
        (
            "CREATE TRIGGER log AFTER INSERT ON records BEGIN SELECT 1; END",
            "convert database DB: table records: trigger log of another program depends on it",
        ),
        (
            "CREATE INDEX mine ON records(kind)",
            "convert database DB: table records: index mine of another program depends on it",
        ),
        (
            "CREATE TABLE notes (record INTEGER REFERENCES records(id))",
            "convert database DB: table records: table notes of another program depends on it",
        ),
    ] {
        let (_directory, path) = workplace();
        save_all(&path, Layout::Plain, &[snapshot(&sources())]);
        make_database(&path, sql);
        let before = dump(&path);
        let error = convert(&path, Layout::Compact).unwrap_err();
        assert!(matches!(error, Error::NotConvertible { .. }), "{error:?}");
        assert_eq!(chain_about(&path, &error), expected);
        assert_eq!(dump(&path), before);
    }
}

#[test]
fn layout_of_existing_database_stays() {
    let (_directory, path) = workplace();
    save_all(&path, Layout::Plain, &[snapshot(&sources())]);
    let mut persistence = open_as(&path, Layout::Compact);
    persistence.save(&snapshot(&sources())).unwrap();
    assert_eq!(persistence.layout().unwrap(), Layout::Plain);
    persistence.close().unwrap();
    assert_eq!(number(&path, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"), 0);
}

#[test]
fn newer_format_is_not_converted() {
    let (_directory, path) = workplace();
    save_all(&path, Layout::Plain, &[snapshot(&sources())]);
    let mut persistence = open_as(&path, Layout::Plain);
    make_database(&path, &format!("PRAGMA user_version = {}", FORMAT_VERSION + 1));
    let outcome = persistence.convert(Layout::Compact, &|_| {});
    assert!(matches!(outcome, Err(Error::NewerFormat { .. })), "{outcome:?}");
}

#[test]
fn pruned_database_is_not_larger_than_new() {
    let (_directory, path) = workplace();
    let (_other, new) = workplace();
    let mut changed = sources();
    for source in &mut changed {
        source.methods[1].1 = 77;
    }
    save_all(&path, Layout::Compact, &[snapshot(&sources()), snapshot(&changed)]);
    save_all(&new, Layout::Compact, &[snapshot(&changed)]);
    let mut persistence = open_as(&path, Layout::Plain);
    persistence.prune_runs(&[cds_persistence::KeepRule::Last(1)], at(0)).unwrap();
    persistence.close().unwrap();
    for table in ["shared_records", "shared_contents", "shared_texts", "shared_text_pieces"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(number(&path, &count), number(&new, &count), "{table}");
    }
    assert!(fs::metadata(&path).unwrap().len() > 0);
}
