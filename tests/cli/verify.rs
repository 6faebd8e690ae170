//! `cds verify`: unchanged, altered, and unverifiable rows.

use std::{
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    PATIENCE,
    place::{DATABASE, Place, TREE, functions, persist_arguments},
    running::Running,
};

/// Runs 1 to 3 of a growing tree.
fn place_with_runs() -> Place {
    let place = Place::with_functions(2);
    for count in 2..5 {
        place.write(&format!("{TREE}/functions.py"), functions(count));
        place.persist("builtin:", &["--project", "shop"]).succeeded();
    }
    place
}

/// The value of a field in the stderr line that begins with `proof`.
fn proof(stderr: &str, name: &str) -> String {
    let line = stderr.lines().find(|line| line.starts_with("proof ")).expect("a line with the proof");
    let field = line.split(' ').find_map(|field| field.strip_prefix(name)).expect("the field");
    field.trim_start_matches('=').to_owned()
}

#[test]
fn untouched_database_passes_unchanged() {
    let place = place_with_runs();
    let before = place.read(DATABASE);
    let outcome = place.ask(&["verify"]).succeeded();
    let head = place.database().texts("SELECT hash FROM snapshot_chain ORDER BY sequence DESC").remove(0);
    let history = place.database().number("SELECT count(*) FROM unit_history");
    let expected = format!("verified runs=3 records=12 history={history} head={head} unverified=0\n");
    assert_eq!((outcome.stdout, outcome.stderr), (expected, String::new()));
    for run in ["2", "latest~1"] {
        let outcome = place.ask(&["verify", "--run", run]).succeeded();
        assert!(outcome.stdout.starts_with("verified runs=1 records=4 "), "{outcome:?}");
    }
    assert!(place.read(DATABASE) == before);
    place.check_is_tidy();

    place.ask(&["runs", "prune", "--keep-last", "1"]).succeeded();
    let outcome = place.ask(&["verify", "--run", "all"]).succeeded();
    assert!(outcome.stdout.starts_with("verified runs=1 records=5 "), "{outcome:?}");
    place.ask(&["verify", "--run", "2"]).exited_with(1).stderr_has(&["its snapshot 2 was pruned"]);
}

#[test]
fn altered_record_fails_and_is_named() {
    let place = place_with_runs();
    place
        .database()
        .execute("UPDATE records SET raw_code = 'def f1(): \u{1b}[31m' WHERE run_id = 2 AND signature LIKE '%f1%'");
    let outcome =
        place.ask(&["verify"]).exited_with(1).stderr_has(&["failed to verify the database: 2 values are not as"]);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let record = "run 2, records 5 (functions.py:1), raw_code: the record is not as it was written; stored sha256:";
    assert!(lines[0].starts_with(record), "{outcome:?}");
    assert!(lines[1].starts_with("run 2, snapshot_chain 2, snapshot_root: the root over the records differs"));
    assert_eq!(lines.len(), 2);

    let outcome = place.ask(&["verify", "--format", "json"]).exited_with(1);
    let object: Value = serde_json::from_str(&outcome.stdout).expect("one JSON object");
    assert_eq!((&object["is_unaltered"], &object["deviation_count"]), (&Value::from(false), &Value::from(2)));
    let deviation = &object["deviations"][0];
    assert_eq!(deviation["kind"], "record");
    assert_eq!((&deviation["run_id"], &deviation["row"]), (&Value::from(2), &Value::from(5)));
    assert_eq!((&deviation["place"], &deviation["field"]), (&"functions.py:1".into(), &"raw_code".into()));
    place.ask(&["verify", "--run", "3"]).succeeded();
    place.ask(&["verify", "--run", "2"]).exited_with(1);
}

#[test]
fn exported_log_must_match_database() {
    let place = Place::with_functions(2);
    let logged = place.persist("builtin:", &[]).succeeded();
    let (root, head) = (proof(&logged.stderr, "snapshot_root"), proof(&logged.stderr, "chain_head"));
    let first = place.read(DATABASE);
    place.write(&format!("{TREE}/functions.py"), functions(3));
    let logged = place.persist("builtin:", &[]).succeeded();
    let (later_root, later_head) = (proof(&logged.stderr, "snapshot_root"), proof(&logged.stderr, "chain_head"));
    for expected in [&root, &head, &later_root, &later_head] {
        place.ask(&["verify", "--expect", expected]).succeeded();
    }
    place.ask(&["verify", "--run", "latest", "--expect", &later_root]).succeeded();
    let outcome = place.ask(&["verify", "--run", "latest", "--expect", &root]).exited_with(1);
    assert!(outcome.stdout.contains("equals the expected one") && outcome.stdout.contains(&root), "{outcome:?}");
    // An older copy is whole, but not the expected one.
    place.write(DATABASE, first);
    place.ask(&["verify"]).succeeded();
    place
        .ask(&["verify", "--expect", &later_head])
        .exited_with(1)
        .stderr_has(&["failed to verify the database: 1 value is"]);
    for wrong in ["", "sha256:12", &root.to_uppercase(), &root[7..]] {
        place.ask(&["verify", "--expect", wrong]).exited_with(2).stderr_has(&["sha256: and 64"]);
    }
}

#[test]
fn foreign_rows_are_unverified() {
    let place = place_with_runs();
    place.database().execute(
        "INSERT INTO runs SELECT 4, started_at, finished_at, root_path, provider_url, model, scope, 1, status, 0, 0, 1
         FROM runs WHERE id = 1;
         INSERT INTO records SELECT NULL, 4, kind, file_path, signature, start_line, end_line, raw_code, normalized_code,
                                    md5sum, intent, intent_status, intent_error FROM records WHERE id = 1",
    );
    let outcome = place.ask(&["verify"]).succeeded();
    assert!(outcome.stdout.starts_with("run 4: of 1 records only the MD5 sums were verified"), "{outcome:?}");
    assert!(outcome.stdout.lines().nth(1).is_some_and(|line| line.starts_with("verified runs=3 ")), "{outcome:?}");
    assert!(outcome.stdout.ends_with(" unverified=1\n"), "{outcome:?}");
    let object = place.ask_json(&["verify", "--run", "4"]);
    assert_eq!((&object["run_count"], &object["unverified_runs"][0]["record_count"]), (&0.into(), &1.into()));
    place.database().execute("UPDATE records SET md5sum = 'x' WHERE run_id = 4");
    let outcome = place.ask(&["verify"]).exited_with(1);
    assert!(outcome.stdout.starts_with("run 4, records 13 (functions.py:1), md5sum: "), "{outcome:?}");
}

#[test]
fn missing_run_or_database_is_reported() {
    let place = Place::with_functions(1);
    place.ask(&["verify"]).exited_with(2).stderr_has(&["it does not exist"]);
    place.persist("builtin:", &[]).succeeded();
    place.ask(&["verify", "--run", "7"]).exited_with(1).stderr_has(&["there is no such run"]);
}

/// Waits until another connection has been writing for a while.
fn wait_for_writer(place: &Place) {
    let connection = Connection::open(place.path(DATABASE)).expect("the database can be opened");
    connection.busy_timeout(Duration::ZERO).expect("it can be set");
    let deadline = Instant::now() + PATIENCE;
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_millis(300) {
        assert!(Instant::now() < deadline, "no writer started");
        if connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            since = Instant::now();
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn kill_leaves_no_partial_history() {
    let place = Place::with_functions(2);
    for (event, table) in [("INSERT", "unit_history"), ("INSERT", "snapshot_chain"), ("UPDATE", "units")] {
        place.persist("builtin:", &[]).succeeded();
        let counts = "SELECT (SELECT count(*) FROM unit_history) || ' ' || (SELECT count(*) FROM snapshot_chain)";
        let rows = place.database().texts(counts);
        place.database().execute(&format!(
            "CREATE TRIGGER endless AFTER {event} ON {table} BEGIN
               SELECT count(*) FROM (WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n);
             END"
        ));
        let before = place.database().dump_of_runs();
        place.write(&format!("{TREE}/{table}.py"), "def new():\n    return 'new'\n");
        let running = Running::start(&mut place.command(&persist_arguments("builtin:", &[])));
        wait_for_writer(&place);
        running.kill();
        assert_eq!(place.database().dump_of_runs(), before);
        assert_eq!(place.database().texts(counts), rows);
        place.database().execute("DROP TRIGGER endless");
        place.ask(&["verify"]).succeeded();
    }
    place.persist("builtin:", &[]).succeeded();
    let outcome = place.ask(&["verify"]).succeeded();
    assert!(outcome.stdout.starts_with("verified runs=4 "), "{outcome:?}");
}
