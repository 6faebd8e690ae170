//! Concurrent processes. A second connection stands for another process: `SQLite` separates two connections of one
//! process just as well.

use std::{sync::mpsc, thread};

use cds_persistence::{Error, Persistence, SqlitePersistence};
use rusqlite::Connection;

use crate::samples::{CONTRACT, chain, make_database, mixed, names_in, number, open, save, waiting, workplace};

#[test]
fn blocking_writer_is_reported_on_open() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let error = SqlitePersistence::open(&path, &waiting(20)).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    assert_eq!(chain(&error), format!("try to write: database {path:?} is locked by another process"));
}

#[test]
fn exclusive_lock_is_reported() {
    let (_directory, path) = workplace();
    make_database(&path, CONTRACT);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let error = SqlitePersistence::open(&path, &waiting(20)).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
}

#[test]
fn later_writer_fails_the_save() {
    let (_directory, path) = workplace();
    let mut persistence = SqlitePersistence::open(&path, &waiting(20)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let error = persistence.save(&mixed()).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(persistence.save(&mixed()).unwrap().run_id.0, 1);
}

#[test]
fn save_waits_for_another_writer() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let (held, is_held) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    let other_path = path.clone();
    let other = thread::spawn(move || {
        let connection = Connection::open(&other_path).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        held.send(()).unwrap();
        is_released.recv().unwrap();
        connection.execute_batch("ROLLBACK").unwrap();
    });
    is_held.recv().unwrap();
    assert!(matches!(open(&path), Err(Error::Locked { .. })));

    let waiter_path = path.clone();
    let waiter = thread::spawn(move || {
        release.send(()).unwrap();
        SqlitePersistence::open(&waiter_path, &waiting(60_000))?.save(&mixed())
    });
    assert_eq!(waiter.join().unwrap().unwrap().run_id.0, 2);
    other.join().unwrap();
}

#[test]
fn reader_sees_whole_snapshots_only() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let mut persistence = open(&path).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = || reader.query_row("SELECT count(*) FROM records", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 4);

    let saved = persistence.save(&mixed()).unwrap();
    assert_eq!(saved.run_id.0, 2);
    assert!(matches!(saved.warnings[..], [Error::CheckpointPending { .. }]), "{:?}", saved.warnings);
    assert_eq!(count(), 4);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(count(), 8);
    assert!(persistence.save(&mixed()).unwrap().warnings.is_empty());
}

#[test]
fn last_connection_removes_the_log() {
    let (directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM runs").unwrap();
    persistence.save(&mixed()).unwrap();
    persistence.close().unwrap();
    assert_eq!(names_in(directory.path()), ["code.sqlite", "code.sqlite-shm", "code.sqlite-wal"]);

    reader.execute_batch("COMMIT").unwrap();
    reader.close().unwrap();
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
    assert_eq!(number(&path, "SELECT count(*) FROM records"), 4);
}

#[test]
fn journal_switch_waits_for_a_reader() {
    let (_directory, path) = workplace();
    make_database(&path, CONTRACT);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM runs").unwrap();
    let mut statement = reader.prepare("SELECT count(*) FROM runs").unwrap();
    assert_eq!(statement.query_row([], |row| row.get::<_, i64>(0)).unwrap(), 0);

    let error = SqlitePersistence::open(&path, &waiting(20)).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(save(&path, &mixed()).unwrap().run_id.0, 1);
}

#[test]
fn parallel_creators_both_save() {
    let (directory, path) = workplace();
    let savers: Vec<_> = (0..4)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || SqlitePersistence::open(&path, &waiting(60_000))?.save(&mixed()))
        })
        .collect();

    let mut numbers: Vec<i64> = savers.into_iter().map(|saver| saver.join().unwrap().unwrap().run_id.0).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4]);
    // If both close at the same moment, each sees the other and leaves the log; the next connection removes it.
    assert_eq!(number(&path, "PRAGMA page_size"), 8192);
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
}
