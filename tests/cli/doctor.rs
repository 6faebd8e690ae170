//! `cds doctor`: finds problems in advance and changes nothing.

use std::{collections::BTreeMap, fs};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::Value;

use crate::{
    PATIENCE,
    database::{CONTRACT, Database},
    ledger::list,
    place::{DATABASE, Outcome, Place, is_compact, persist_arguments},
    running::Running,
};

/// Every file beside the tree with its content. The shared memory of a log (`-shm`) is not content.
fn content(place: &Place) -> BTreeMap<String, Option<Vec<u8>>> {
    place
        .names()
        .into_iter()
        .filter(|name| !name.ends_with("-shm"))
        .map(|name| (name.clone(), fs::read(place.path(&name)).ok()))
        .collect()
}

/// Level, finding and remedy of each check. The command must change nothing.
#[track_caller]
fn examined(place: &Place, more: &[&str], code: i32) -> BTreeMap<String, (String, String, String)> {
    let before = content(place);
    let outcome = place.cds(&[&["doctor", "--format", "json"], more].concat()).exited_with(code);
    let after = content(place);
    let differs = |name: &&String| after.get(*name) != before.get(*name);
    let changed: Vec<&String> = after.keys().chain(before.keys()).filter(differs).collect();
    assert!(changed.is_empty(), "it changed {changed:?}");
    let found: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:#?}"));
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = list(&found, "checks");
    for (level, count) in [("warn", "warn_count"), ("fail", "fail_count")] {
        assert_eq!(
            checks.iter().filter(|check| check["level"] == level).count() as u64,
            found[count].as_u64().expect("a count")
        );
    }
    assert_eq!(found["fail_count"] == 0, code == 0, "{outcome:#?}");
    for check in checks {
        // Every problem has a remedy.
        assert_eq!(check["remedy"].is_null(), check["level"] == "ok", "{check}");
    }
    let parts = |check: &Value| (text(check, "level"), text(check, "finding"), text(check, "remedy"));
    checks.iter().map(|check| (text(check, "check"), parts(check))).collect()
}

/// Asserts that a check has this level and that its text contains these parts.
#[track_caller]
fn check(found: &BTreeMap<String, (String, String, String)>, name: &str, level: &str, expected: &[&str]) {
    let (said, finding, remedy) = found.get(name).unwrap_or_else(|| panic!("no {name} in {found:#?}"));
    assert_eq!(said, level, "{name} in {found:#?}");
    for part in expected {
        assert!(finding.contains(part) || remedy.contains(part), "{part:?} is not in {name} of {found:#?}");
    }
}

const BUILTIN: [&str; 4] = ["--db-path", DATABASE, "--provider-url", "builtin:"];

#[test]
fn healthy_setup_passes() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(2);
    place.persist(&server.url(), &[]).succeeded();
    let asked = server.generate_count();
    let found = examined(&place, &["--db-path", DATABASE, "--provider-url", &server.url()], 0);
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let expected = [
        "content",
        "database",
        "file system",
        "folder",
        "free space",
        "git",
        "integrity",
        "layout",
        "lock",
        "provider",
        "schema",
        "sqlite",
        "survives",
    ];
    assert_eq!(names, expected);
    check(&found, "content", "ok", &["snapshots: 1, records: 3"]);
    check(&found, "provider", "ok", &[&server.url(), "qwen3-coder:latest"]);
    check(&found, "integrity", "ok", &[]);
    check(&found, "lock", "ok", &["free"]);
    let version = found["sqlite"].1.rsplit(' ').find(|word| word.starts_with("3.")).unwrap_or(&found["sqlite"].1);
    let linked = place.database().texts("SELECT sqlite_version()");
    assert!(found["sqlite"].1.contains(&linked[0]), "{version}");
    check(&found, "survives", &found["survives"].0.clone(), &["kill"]);
    assert_eq!(server.generate_count(), asked, "no question is asked");

    let text = place.cds(&["doctor", "--db-path", DATABASE, "--provider-url", &server.url()]).succeeded().stdout;
    assert!(text.lines().all(|line| ["ok  ", "warn", "    "].iter().any(|start| line.starts_with(start))), "{text}");
}

#[test]
fn missing_database_is_no_problem() {
    let place = Place::with_functions(1);
    let found = examined(&place, &BUILTIN, 0);
    check(&found, "database", "ok", &["not there yet", "cds persist"]);
    check(&found, "lock", "ok", &[]);
    let found = examined(&place, &["--db-path", "no/cds.sqlite", "--provider-url", "builtin:"], 1);
    check(&found, "database", "fail", &[]);
    let found = examined(&place, &["--db-path", "tree", "--provider-url", "builtin:"], 1);
    check(&found, "database", "fail", &["regular file"]);
}

#[test]
fn empty_configuration_has_hints() {
    let place = Place::with_functions(1);
    let found = examined(&place, &["--provider-url", "builtin:"], 0);
    check(&found, "database", "warn", &["none is configured", "--db-path FILE", "CDS_DB_PATH"]);
    let mut command = place.command(&["doctor", "--provider-url", "builtin:", "--format", "json"]);
    let outcome = Outcome::of(command.env("CDS_DB_PATH", DATABASE)).succeeded();
    assert!(outcome.stdout.contains("not there yet"), "{outcome:#?}");
}

#[test]
fn foreign_files_are_reported() {
    let refused = |make: &dyn Fn(&Place), expected: &[&str]| {
        let place = Place::with_functions(1);
        make(&place);
        let found = examined(&place, &BUILTIN, 1);
        let failed: Vec<_> = found.iter().filter(|(_, check)| check.0 == "fail").collect();
        let text = format!("{failed:?}");
        for part in expected {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    };
    refused(&|place| place.write(DATABASE, "these are letters, and no database at all"), &["not an SQLite database"]);
    let create = |sql: String| move |place: &Place| Database::create(&place.path(DATABASE), &sql);
    refused(&create("create table songs (title text)".to_owned()), &["songs"]);
    refused(&create(format!("{CONTRACT} pragma user_version = 99")), &["version 99", "newer"]);
    refused(&create(format!("{CONTRACT} pragma application_id = 42")), &["another program"]);
    refused(&create(format!("{CONTRACT} create table telemetry (id text)")), &["telemetry", "docs/schema.md"]);

    // A database of another program with the required tables is accepted.
    let place = Place::with_functions(1);
    Database::create(&place.path(DATABASE), CONTRACT);
    let found = examined(&place, &BUILTIN, 0);
    check(&found, "schema", "ok", &["runs_ledger", "stage_runs", "telemetry"]);
}

#[test]
fn damaged_file_is_found() {
    let place = Place::with_functions(1500);
    place.persist("builtin:", &[]).succeeded();
    let mut bytes = place.read(DATABASE);
    let middle = bytes.len() / 2 / 8192 * 8192;
    bytes[middle..middle + 16_384].fill(0x5a);
    place.write(DATABASE, bytes);
    let found = examined(&place, &BUILTIN, 1);
    check(&found, "integrity", "fail", &["damaged"]);

    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    let database = place.database();
    database.execute("PRAGMA foreign_keys = OFF; DELETE FROM runs");
    drop(database);
    let found = examined(&place, &BUILTIN, 0);
    check(&found, "integrity", "warn", &[if is_compact() { "2 rows" } else { "3 rows" }]);
}

#[cfg(unix)]
#[test]
fn unwritable_paths_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    fs::set_permissions(place.path(DATABASE), fs::Permissions::from_mode(0o444)).unwrap();
    let found = examined(&place, &BUILTIN, 1);
    check(&found, "database", "fail", &["read and not written", "permission"]);
    check(&found, "content", "ok", &["snapshots: 1"]);
}

#[test]
fn held_lock_names_its_holder() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(1);
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &[])));
    server.wait_for_questions(1, PATIENCE);
    let outcome = place.cds(&[&["doctor", "--format", "json"], &BUILTIN[..]].concat()).succeeded();
    let found: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let lock = list(&found, "checks").iter().find(|check| check["check"] == "lock").unwrap();
    assert_eq!(lock["level"], "warn");
    let finding = lock["finding"].as_str().unwrap();
    assert!(
        finding.contains("held") && finding.contains("command persist") && finding.contains("process "),
        "{finding}"
    );
    running.kill();
    let found = examined(&place, &BUILTIN, 0);
    check(&found, "lock", "ok", &["ended without letting it go"]);
    gate.open();
}

#[test]
fn unusable_provider_is_reported() {
    let place = Place::with_functions(1);
    let stopped = FakeOllama::start(Script::new());
    stopped.stop();
    let url = stopped.url();
    let found = examined(&place, &["--db-path", DATABASE, "--provider-url", &url], 1);
    check(&found, "provider", "fail", &[&url, "ollama serve", "builtin:"]);
    check(&found, "database", "ok", &[]);

    let server = FakeOllama::start(Script::new());
    let url = server.url();
    let found = examined(&place, &["--db-path", DATABASE, "--provider-url", &url, "--model", "absent:1b"], 1);
    check(&found, "provider", "fail", &["absent:1b", "ollama pull"]);
    assert_eq!(server.generate_count(), 0);
    let outcome = place.cds(&["doctor", "--db-path", DATABASE, "--provider-url", &url, "--model", "absent:1b"]);
    let outcome = outcome.exited_with(1).stderr_has(&["error: 1 of ", " checks failed"]);
    assert!(outcome.stdout.contains("fail  provider"), "{outcome:#?}");
    place.cds(&["doctor", "--provider-url", "ftp://h"]).exited_with(2);
}

#[test]
fn one_question_is_asked_on_request() {
    let place = Place::empty();
    let server =
        FakeOllama::start(Script::new().rule(When::question().nth(1), Reply::status(400, "unknown field: think")));
    let url = server.url();
    let provider = ["--provider-url", &*url];
    assert!(!examined(&place, &provider, 0).contains_key("question"));
    assert_eq!(server.generate_count(), 0);
    let found = examined(&place, &[&provider[..], &["--ask"]].concat(), 0);
    check(&found, "question", "ok", &["answered in ", "known as"]);
    assert_eq!(server.generate_count(), 2, "what was refused is asked in another form");

    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::refusal()));
    let found = examined(&place, &["--provider-url", &*server.url(), "--ask"], 1);
    check(&found, "question", "fail", &["it is a refusal", "docs/intents.md"]);
    assert_eq!(server.generate_count(), 1);
}
