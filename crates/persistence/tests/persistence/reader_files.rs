//! The read-only handle changes neither the file nor its directory, whatever their state is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cds_persistence::{Access, Persistence, SqlitePersistence};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    reader::read,
    samples::{CONTRACT, answer, asked, at, key, make_database, mixed, names_in, open, workplace},
};

/// The names and contents of the files in a directory; of the shared memory file, only the name.
fn state_of(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let content =
        |name: &str| if name.ends_with("-shm") { Vec::new() } else { fs::read(directory.join(name)).unwrap() };
    names_in(directory).into_iter().map(|name| (name.clone(), content(&name))).collect()
}

/// Like [`state_of`], but read by another process, for a file that this process has open.
fn state_beside_writer(directory: &Path) -> String {
    let output = std::process::Command::new("sh")
        .args(["-c", "ls; cksum code.sqlite code.sqlite-wal"])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// A closed database with one answer.
fn database() -> (TempDir, PathBuf) {
    let (directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1)], at(0)).unwrap();
    persistence.save(&asked()).unwrap();
    persistence.close().unwrap();
    (directory, path)
}

/// A writer with one answer in the file and a second in its log, and a copy of both in another directory.
fn copy_with_log() -> (TempDir, PathBuf, TempDir, SqlitePersistence) {
    let (original, path) = database();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(2)], at(1)).unwrap();
    let (directory, copy) = workplace();
    for end in ["", "-wal"] {
        let [from, to] = [&path, &copy].map(|path| format!("{}{end}", path.display()));
        assert!(std::process::Command::new("cp").args([from, to]).status().unwrap().success());
    }
    (directory, copy, original, persistence)
}

fn check(directory: &Path, path: &Path, access: Access, answer_count: usize) {
    let before = state_of(directory);
    let reader = read(path).unwrap();
    assert_eq!(reader.access(), access);
    assert_eq!(reader.intent_cache_stats().unwrap().answer_count, answer_count);
    assert_eq!(reader.lookup_answers(&[key(1), key(2), key(3)]).unwrap().len(), answer_count);
    assert_eq!(names_in(directory), before.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    drop(reader);
    assert!(state_of(directory) == before, "something has changed");
}

#[test]
fn closed_file_is_read_as_immutable() {
    let (directory, path) = database();
    check(directory.path(), &path, Access::Immutable, 1);
    // A killed process leaves an empty log if everything was merged.
    fs::write(path.with_extension("sqlite-wal"), "").unwrap();
    check(directory.path(), &path, Access::Immutable, 1);
    fs::write(path.with_extension("sqlite-journal"), "").unwrap();
    check(directory.path(), &path, Access::Immutable, 1);
}

#[cfg(unix)]
#[test]
fn read_only_files_are_readable() {
    use std::os::unix::fs::PermissionsExt;
    let set_modes = |directory: &TempDir, path: &Path, modes: [u32; 2]| {
        for (path, mode) in [directory.path(), path].into_iter().zip(modes) {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    let (directory, path) = database();
    set_modes(&directory, &path, [0o555, 0o444]);
    check(directory.path(), &path, Access::Immutable, 1);
    set_modes(&directory, &path, [0o755, 0o644]);

    let (directory, path, _original, _persistence) = copy_with_log();
    set_modes(&directory, &path, [0o555, 0o444]);
    check(directory.path(), &path, Access::Copy, 2);
    set_modes(&directory, &path, [0o755, 0o644]);
}

#[test]
fn rollback_mode_file_is_shared() {
    let (directory, path) = workplace();
    make_database(&path, &format!("PRAGMA journal_mode = TRUNCATE; {CONTRACT}"));
    check(directory.path(), &path, Access::Shared, 0);
}

#[test]
fn unmerged_log_is_read_as_copy() {
    let (directory, path, _original, _persistence) = copy_with_log();
    assert!(fs::metadata(path.with_extension("sqlite-wal")).unwrap().len() > 0);
    check(directory.path(), &path, Access::Copy, 2);
    let link = directory.path().join("link");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&path, &link).unwrap();
        check(directory.path(), &link, Access::Copy, 2);
    }
}

#[test]
fn hot_journal_is_read_as_copy() {
    let (original, path) = workplace();
    make_database(&path, CONTRACT);
    let writer = Connection::open(&path).unwrap();
    // The small cache makes SQLite write changed pages to the file before the commit.
    writer
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN IMMEDIATE; CREATE TABLE intent_cache (x);
             CREATE TABLE filler (x);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
             INSERT INTO filler SELECT randomblob(500) FROM n;",
        )
        .unwrap();
    let (directory, copy) = workplace();
    for end in ["", "-journal"] {
        let [from, to] = [&path, &copy].map(|path| format!("{}{end}", path.display()));
        assert!(std::process::Command::new("cp").args([from, to]).status().unwrap().success());
    }
    check(directory.path(), &copy, Access::Copy, 0);
    drop((writer, original));
}

#[test]
fn open_file_is_shared_with_writer() {
    let (directory, path) = database();
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(2)], at(1)).unwrap();
    let before = state_beside_writer(directory.path());

    let reader = read(&path).unwrap();
    assert_eq!(reader.access(), Access::Shared);
    assert_eq!(reader.intent_cache_stats().unwrap().answer_count, 2);
    assert_eq!(state_beside_writer(directory.path()), before);
    persistence.keep_answers(&[answer(3)], at(2)).unwrap();
    assert_eq!(reader.intent_cache_stats().unwrap().answer_count, 3);
    assert!(persistence.save(&mixed()).unwrap().warnings.is_empty());
    drop(reader);
    persistence.close().unwrap();
    assert_eq!(names_in(directory.path()), ["code.sqlite"]);
}

#[test]
fn changed_immutable_file_is_read_again() {
    let (_directory, path) = database();
    let reader = read(&path).unwrap();
    assert_eq!(reader.access(), Access::Immutable);
    assert_eq!(reader.intent_cache_stats().unwrap().answer_count, 1);
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(2)], at(1)).unwrap();
    assert_eq!(reader.intent_cache_stats().unwrap().answer_count, 2);
    persistence.close().unwrap();
    assert_eq!(reader.intent_cache_stats().unwrap().answer_count, 2);
    assert_eq!(reader.lookup_answers(&[key(2)]).unwrap()[&key(2)], "Does 2.");
}
