//! A log beside a database that it does not belong to: after a restored copy or a replaced file.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};

use crate::{
    PATIENCE,
    place::{DATABASE, Outcome, Place, TREE, persist_arguments},
    running::Running,
};

const LOG: &str = "cds.sqlite-wal";

/// Parts of the message about such a log.
const REFUSAL: [&str; 2] = ["cds.sqlite-wal\" does not belong to it", "hint: was the database restored or replaced?"];

/// Kills a run so that it leaves a log: its answers are in the log, and the file is unchanged.
fn kill_a_run(place: &Place) {
    let gate = Gate::new();
    let script = Script::new().rule(When::question().nth(25), Reply::usual().until(&gate));
    let server = FakeOllama::start(script);
    let url = server.url();
    let arguments = persist_arguments(&url, &["--concurrency", "1", "--refresh-intents"]);
    let running = Running::start(&mut place.command(&arguments));
    server.wait_for_questions(25, PATIENCE);
    running.kill();
    assert!(fs::metadata(place.path(LOG)).unwrap().len() > 0, "no log is left");
}

fn grow(place: &Place, name: &str) {
    place.write(&format!("{TREE}/{name}.py"), format!("def {name}():\n    return 1\n"));
    place.persist("builtin:", &[]).succeeded();
}

fn files(place: &Place) -> [Vec<u8>; 2] {
    [DATABASE, LOG].map(|name| fs::read(place.path(name)).unwrap())
}

#[track_caller]
fn check_is_refused(place: &Place) {
    let before = files(place);
    for arguments in [
        &["runs", "list", "--db-path", DATABASE][..],
        &["dup-check", "--db-path", DATABASE],
        &["verify", "--db-path", DATABASE],
        &["persist", "--path", TREE, "--db-path", DATABASE, "--provider-url", "builtin:"],
        &["runs", "prune", "--keep-last", "1", "--db-path", DATABASE],
    ] {
        place.cds(arguments).exited_with(1).stderr_has(&REFUSAL);
    }
    assert!(files(place) == before, "something has changed");
}

/// Follows the way out that the message names.
#[track_caller]
fn check_goes_on_without_log(place: &Place, run: &str) {
    fs::remove_file(place.path(LOG)).unwrap();
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert!(outcome.stdout.starts_with(&format!("persisted run_id={run} ")), "{outcome:?}");
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    place.database().check_integrity();
}

#[test]
fn older_copy_is_refused_beside_log() {
    let place = Place::with_functions(40);
    let mut copies = Vec::new();
    for name in ["one", "two", "three"] {
        grow(&place, name);
        copies.push(fs::read(place.path(DATABASE)).unwrap());
    }
    kill_a_run(&place);
    let whole = files(&place);
    for (index, copy) in copies[..2].iter().enumerate() {
        fs::write(place.path(DATABASE), copy).unwrap();
        fs::write(place.path(LOG), &whole[1]).unwrap();
        check_is_refused(&place);
        check_goes_on_without_log(&place, &(index + 2).to_string());
    }
    // The file to which the log belongs.
    fs::write(place.path(DATABASE), &copies[2]).unwrap();
    fs::write(place.path(LOG), &whole[1]).unwrap();
    place.persist("builtin:", &[]).succeeded();
    let answers = place.database().kept_count();
    assert!(answers >= 20, "{answers} answers of the killed run are kept");
}

#[test]
fn other_database_is_refused_beside_log() {
    let place = Place::with_functions(40);
    grow(&place, "one");
    let other = Place::with_functions(40);
    grow(&other, "one");
    kill_a_run(&place);
    fs::copy(other.path(DATABASE), place.path(DATABASE)).unwrap();
    check_is_refused(&place);
    check_goes_on_without_log(&place, "2");
}

#[test]
fn file_and_log_move_together() {
    let place = Place::with_functions(40);
    grow(&place, "one");
    kill_a_run(&place);
    let other = Place::with_functions(41);
    for name in [DATABASE, LOG] {
        fs::copy(place.path(name), other.path(name)).unwrap();
    }
    other.cds(&["runs", "list", "--db-path", DATABASE]).succeeded();
    other.persist("builtin:", &[]).succeeded();
    other.database().check_integrity();
    assert!(other.database().kept_count() >= 20);
}

/// Files that another killed program leaves behind.
#[test]
fn foreign_logs_and_journals_are_applied() {
    for mode in ["wal", "delete", "persist"] {
        let place = Place::with_functions(3);
        grow(&place, "one");
        let original = rusqlite::Connection::open(place.path(DATABASE)).unwrap();
        original.pragma_update(None, "cache_size", 2).unwrap();
        original.pragma_update(None, "journal_mode", mode).unwrap();
        let fill = "CREATE TABLE IF NOT EXISTS notes (x);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
            INSERT INTO notes SELECT randomblob(900) FROM n;";
        // Several transactions and checkpoints by one connection, and an unfinished transaction.
        for _ in 0..4 {
            original.execute_batch(fill).unwrap();
            original.execute_batch("UPDATE notes SET x = randomblob(900); PRAGMA wal_checkpoint(PASSIVE)").unwrap();
        }
        original.execute_batch(&format!("BEGIN IMMEDIATE; {fill} UPDATE notes SET x = 1;")).unwrap();
        let copy = Place::with_functions(4);
        for suffix in ["", "-wal", "-journal"] {
            let name = format!("{DATABASE}{suffix}");
            // Another process does this: a file that SQLite has open in this one must not be opened again.
            let paths = [place.path(&name), copy.path(&name)];
            if paths[0].exists() {
                assert!(std::process::Command::new("cp").args(paths).status().unwrap().success());
            }
        }
        drop(original);
        copy.cds(&["runs", "list", "--db-path", DATABASE]).succeeded();
        copy.persist("builtin:", &[]).succeeded();
        copy.database().check_integrity();
        assert_eq!(copy.database().number("SELECT count(*) FROM notes"), 1200, "{mode}");
    }
}

#[test]
fn copy_is_refused_beside_journal() {
    let place = Place::with_functions(3);
    grow(&place, "one");
    let older = fs::read(place.path(DATABASE)).unwrap();
    grow(&place, "two");
    let writer = rusqlite::Connection::open(place.path(DATABASE)).unwrap();
    writer.pragma_update(None, "journal_mode", "delete").unwrap();
    writer.pragma_update(None, "cache_size", 2).unwrap();
    writer
        .execute_batch("BEGIN IMMEDIATE; CREATE TABLE notes (x); UPDATE records SET raw_code = randomblob(9000);")
        .unwrap();
    let copy = Place::with_functions(3);
    let journal = format!("{DATABASE}-journal");
    let paths = [place.path(&journal), copy.path(&journal)];
    assert!(std::process::Command::new("cp").args(paths).status().unwrap().success());
    fs::write(copy.path(DATABASE), older).unwrap();
    for arguments in [&["runs", "list", "--db-path", DATABASE][..], &persist_arguments("builtin:", &[])] {
        copy.cds(arguments).exited_with(1).stderr_has(&["cds.sqlite-journal\" does not belong to it"]);
    }
    fs::remove_file(copy.path(&journal)).unwrap();
    copy.persist("builtin:", &[]).succeeded();
}

/// Replaces the database file while a run waits for its answers.
fn replace_during_run(function_count: usize, put: impl Fn(&Path, &Path)) -> (Place, Outcome, Vec<u8>) {
    let place = Place::with_functions(30);
    grow(&place, "one");
    let other = Place::with_functions(function_count);
    grow(&other, "one");
    fs::copy(other.path(DATABASE), place.path("other.sqlite")).unwrap();
    let put_there = fs::read(place.path("other.sqlite")).unwrap();
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question().nth(25), Reply::usual().until(&gate)));
    let url = server.url();
    let arguments = persist_arguments(&url, &["--concurrency", "1", "--refresh-intents"]);
    let running = Running::start(&mut place.command(&arguments));
    server.wait_for_questions(25, PATIENCE);
    put(&place.path("other.sqlite"), &place.path(DATABASE));
    gate.open();
    let outcome = running.wait();
    (place, outcome, put_there)
}

#[test]
fn file_placed_during_run_is_kept() {
    for is_moved in [false, true] {
        let (place, outcome, put_there) = replace_during_run(30, |from, to| {
            if is_moved {
                fs::rename(from, to).unwrap();
            } else {
                fs::write(to, fs::read(from).unwrap()).unwrap();
            }
        });
        let outcome = outcome.exited_with(1).stderr_has(&["the file was moved, removed or replaced while it was open"]);
        assert_eq!(outcome.stdout, "");
        assert!(fs::read(place.path(DATABASE)).unwrap() == put_there, "moved: {is_moved}");
    }
}

#[test]
fn file_copied_over_database_is_intact() {
    // Smaller, larger and much larger files, so that the pages of the two do not fit together.
    for function_count in [1, 60, 400] {
        let (place, outcome, put_there) = replace_during_run(function_count, |from, to| {
            fs::write(to, fs::read(from).unwrap()).unwrap();
        });
        let outcome = outcome.exited_with(1).stderr_has(&["the file was moved, removed or replaced while it was open"]);
        assert!(!outcome.stderr.contains("malformed"), "{function_count}: {outcome:#?}");
        assert!(fs::read(place.path(DATABASE)).unwrap() == put_there, "{function_count}");
    }
}
