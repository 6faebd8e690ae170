//! Files beside a database that are not its own: pipes, devices, links, endless files.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, os::unix::fs::symlink, process::Command};

use crate::place::{DATABASE, Place, TREE, persist_arguments};

#[track_caller]
fn check(suffix: &str, put: impl Fn(&Place, &str), why: &str) {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    let before = fs::read(place.path(DATABASE)).unwrap();
    let name = format!("{DATABASE}-{suffix}");
    put(&place, &name);
    let expected = format!("cds.sqlite-{suffix}\" next to it {why}");
    for arguments in [
        &["runs", "list", "--db-path", DATABASE][..],
        &["verify", "--db-path", DATABASE],
        &persist_arguments("builtin:", &[]),
    ] {
        place.cds(arguments).exited_with(1).stderr_has(&[&expected, "hint: move it away"]);
    }
    assert!(fs::read(place.path(DATABASE)).unwrap() == before);
    fs::remove_file(place.path(&name)).unwrap();
    place.persist("builtin:", &[]).succeeded();
    // No database is created beside it either.
    fs::rename(place.path(DATABASE), place.path("away.sqlite")).unwrap();
    put(&place, &name);
    place.persist("builtin:", &[]).exited_with(1).stderr_has(&[&expected]);
    assert!(!place.path(DATABASE).exists());
}

fn make_pipe(place: &Place, name: &str) {
    assert!(Command::new("mkfifo").arg(place.path(name)).status().unwrap().success());
}

fn make_sparse(place: &Place, name: &str, size: u64) {
    fs::File::create(place.path(name)).unwrap().set_len(size).unwrap();
}

#[test]
fn special_side_files_are_refused() {
    for suffix in ["wal", "journal", "shm"] {
        check(suffix, make_pipe, "is a named pipe, not a regular file");
        check(suffix, |place, name| symlink("/dev/zero", place.path(name)).unwrap(), "is a symbolic link");
        check(suffix, |place, name| make_sparse(place, name, 1 << 40), "has 1099511627776 bytes");
    }
}

#[test]
fn huge_sparse_file_is_not_copied() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    for suffix in ["wal", "journal"] {
        let name = format!("{DATABASE}-{suffix}");
        make_sparse(&place, &name, 200 << 30);
        place.cds(&["runs", "list", "--db-path", DATABASE]).succeeded();
        fs::remove_file(place.path(&name)).unwrap();
    }
}

#[test]
fn copy_needs_enough_disk_space() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    // A log that must be applied, beside a file that is larger than any free disk space.
    let writer = rusqlite::Connection::open(place.path(DATABASE)).unwrap();
    writer.execute_batch("CREATE TABLE notes (x)").unwrap();
    let copy = Place::with_functions(2);
    for suffix in ["", "-wal"] {
        let paths = ["", "-wal"].contains(&suffix).then(|| format!("{DATABASE}{suffix}")).unwrap();
        let paths = [place.path(&paths), copy.path(&paths)];
        assert!(Command::new("cp").args(paths).status().unwrap().success());
    }
    fs::OpenOptions::new().write(true).open(copy.path(DATABASE)).unwrap().set_len(8 << 40).unwrap();
    copy.cds(&["runs", "list", "--db-path", DATABASE]).exited_with(1).stderr_has(&[" bytes, and only "]);
    drop(writer);
}

/// The copy of a database has no name while it is read, so a killed process leaves no file.
#[test]
fn database_copy_is_cleaned_up() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    let writer = rusqlite::Connection::open(place.path(DATABASE)).unwrap();
    writer.execute_batch("CREATE TABLE notes (x)").unwrap();
    let copy = Place::with_functions(2);
    for name in [DATABASE.to_owned(), format!("{DATABASE}-wal")] {
        assert!(Command::new("cp").args([place.path(&name), copy.path(&name)]).status().unwrap().success());
    }
    fs::create_dir(copy.path("temporary")).unwrap();
    for arguments in [&["runs", "list", "--db-path", DATABASE][..], &["verify", "--db-path", DATABASE]] {
        let mut command = copy.command(arguments);
        let outcome = command.env("TMPDIR", copy.path("temporary")).output().unwrap();
        assert!(outcome.status.success(), "{outcome:?}");
        assert_eq!(fs::read_dir(copy.path("temporary")).unwrap().count(), 0);
    }
    drop(writer);
    assert!(copy.path(TREE).exists());
}
