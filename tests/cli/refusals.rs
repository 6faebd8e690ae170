//! Databases that cannot take a snapshot: refused before any question, and unchanged byte for byte.

use std::{fs, path::Path};

use cds_fake_ollama::{FakeOllama, Script};

use crate::{
    database::{CONTRACT, Database},
    place::{DATABASE, Place, TREE},
};

/// Asserts that the file which `prepare` creates is refused with a message that names everything in `expected`.
#[track_caller]
fn check(prepare: impl FnOnce(&Path), expected: &[&str]) {
    assert_eq!(refuse(prepare, expected).names(), [DATABASE, TREE]);
}

#[track_caller]
fn refuse(prepare: impl FnOnce(&Path), expected: &[&str]) -> Place {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    prepare(&place.path(DATABASE));
    let before = place.read(DATABASE);
    let outcome = place.persist(&server.url(), &[]).exited_with(1).stderr_has(&["\"cds.sqlite\""]).stderr_has(expected);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.lines().count() <= 3, "{outcome:#?}");
    assert!(outcome.lines_of("analyzer_error").is_empty(), "nothing was analyzed: {outcome:#?}");
    assert!(server.requests().is_empty());
    assert!(place.read(DATABASE) == before, "the file was changed");
    place
}

fn bytes(content: &[u8]) -> impl FnOnce(&Path) {
    move |path| fs::write(path, content).expect("the file can be written")
}

fn statements(sql: &str) -> impl FnOnce(&Path) {
    move |path| Database::create(path, sql)
}

#[test]
fn invalid_database_is_refused() {
    let not_a_database = ["not an SQLite database", "name another"];
    check(bytes(b"x"), &not_a_database);
    check(bytes("some text\n".repeat(1000).as_bytes()), &not_a_database);
    check(bytes(&[0; 8192]), &not_a_database);
    check(bytes(b"SQLite format 3\0"), &not_a_database);

    let damage = |path: &Path| {
        Database::create(path, &format!("{CONTRACT} pragma user_version = 1;"));
        let mut content = fs::read(path).unwrap();
        content[100..].fill(0xa5);
        fs::write(path, content).expect("the file can be written");
    };
    check(damage, &["damaged"]);
}

#[test]
fn incompatible_tables_are_refused() {
    check(
        statements(&CONTRACT.replace("md5sum text not null", "md5sum blob not null")),
        &["table records does not fit", "md5sum", "docs/schema.md"],
    );
    check(statements(&CONTRACT.replace(", intent_error text", "")), &["table records", "intent_error"]);
    check(
        statements(&CONTRACT.replace("record_count integer not null", "record_count integer not null, note text")),
        &["table runs", "note"],
    );
    check(
        statements("create table runs (id integer primary key, name text)"),
        &["table runs", "column 2", "name", "started_at"],
    );
    check(statements("create view records as select 1"), &["table records", "a view"]);

    check(statements("create table songs (title text)"), &["other tables", "songs"]);
    check(statements(&format!("{CONTRACT} pragma application_id = 42")), &["another program", "42"]);
    check(statements(&format!("{CONTRACT} pragma user_version = 99")), &["version 99", "newer"]);
}

#[cfg(unix)]
#[test]
fn unwritable_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let protect = |path: &Path| {
        Database::create(path, CONTRACT);
        fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
    };
    // Whether it is our database is known before its lock is taken; whether it is writable only afterwards.
    refuse(protect, &["read-only", "permission"]).check_is_tidy();
}

#[test]
fn foreign_database_is_accepted() {
    let place = Place::with_shop();
    Database::create(
        &place.path(DATABASE),
        &format!(
            "{CONTRACT}
            insert into runs values (7, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z', '/x', 'u', 'm', 'all',
                                     10, 'completed', 0, 0, 0);"
        ),
    );
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert!(outcome.stdout.starts_with("persisted run_id=8 "), "{outcome:?}");
    let database = place.database();
    assert_eq!(database.number("SELECT count(*) FROM records WHERE run_id = 8"), 59);
    assert_eq!(database.texts("SELECT root_path FROM runs WHERE id = 7"), ["/x"]);
}
