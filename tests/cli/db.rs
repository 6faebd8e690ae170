//! `cds db`: conversions are whole or not at all, and sizes are told.

use std::{fs, thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    database::Database,
    place::{DATABASE, Place, functions, persist_arguments},
    running::Running,
};

/// Two snapshots of a tree, one definition of which changed, in the plain layout.
fn place_with_runs() -> Place {
    let place = Place::with_shop();
    place.write("tree/many.py", functions(400));
    place.persist("builtin:", &["--layout", "plain"]).succeeded();
    place.write("tree/more.py", functions(3));
    place.persist("builtin:", &[]).succeeded();
    place
}

/// The rows of the contract, and the proof.
fn content(database: &Database) -> Vec<Value> {
    ["runs", "records", "record_hashes", "record_questions", "units", "snapshot_chain"]
        .iter()
        .flat_map(|table| database.rows(&format!("SELECT * FROM {table} ORDER BY 1")))
        .collect()
}

fn is_plain(place: &Place) -> bool {
    place.database().number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'records'") == 1
}

fn db(place: &Place, command: &str, more: &[&str]) -> crate::place::Outcome {
    place.cds(&[&["db", command, "--db-path", DATABASE], more].concat())
}

fn object(outcome: &crate::place::Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).expect("an object")
}

#[test]
fn conversion_changes_only_the_size() {
    let place = place_with_runs();
    let size = || fs::metadata(place.path(DATABASE)).expect("a database").len();
    let (before, plain_size) = (content(&place.database()), size());
    let verified = place.cds(&["verify", "--db-path", DATABASE]).succeeded().stdout;
    let found = place.cds(&["dup-check", "--db-path", DATABASE, "--format", "json"]).succeeded().stdout;

    let line = db(&place, "compact", &[]).succeeded().stdout;
    assert_eq!(line, format!("converted layout=compact bytes_before={plain_size} bytes_after={}\n", size()));
    assert!(size() * 10 < plain_size * 9, "{plain_size} bytes became {}", size());
    assert!(!is_plain(&place));
    assert_eq!(content(&place.database()), before);
    assert_eq!(place.cds(&["verify", "--db-path", DATABASE]).succeeded().stdout, verified);
    assert_eq!(place.cds(&["dup-check", "--db-path", DATABASE, "--format", "json"]).succeeded().stdout, found);
    assert_eq!(db(&place, "compact", &[]).succeeded().stdout, "unchanged layout=compact\n");
    place.persist("builtin:", &[]).succeeded();
    assert!(!is_plain(&place), "an existing database keeps its layout");

    let expanded = object(&db(&place, "expand", &["--format", "json"]).succeeded());
    assert_eq!((&expanded["layout"], &expanded["is_converted"]), (&json!("plain"), &json!(true)));
    assert!(is_plain(&place));
    place.database().check_integrity();
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    place.check_is_tidy();
}

#[test]
fn archives_of_both_layouts_are_equal() {
    let place = place_with_runs();
    let archive = |name: &str| {
        let state = format!("{name}.state");
        place.cds(&["archive", "--db-path", DATABASE, "--to", name, "--state-dir", &state]).succeeded();
        fs::read(place.path(name).join("project=tree/run_id=2/records.parquet")).expect("an archived table")
    };
    let plain = archive("plain");
    db(&place, "compact", &[]).succeeded();
    assert!(archive("compact") == plain);

    let arguments = ["import", "--from", "plain", "--db-path", "other.sqlite", "--layout", "compact"];
    place.cds(&arguments).succeeded();
    let imported = Database::open(&place.path("other.sqlite"));
    assert_eq!(imported.number("SELECT count(*) FROM run_records WHERE run_id = 2"), 3);
    assert_eq!(imported.records(2), place.database().records(2));
    place.cds(&["verify", "--db-path", "other.sqlite"]).succeeded();
}

#[test]
fn killed_conversion_leaves_the_database() {
    let place = place_with_runs();
    place.write("tree/much.py", functions(3_000));
    place.persist("builtin:", &[]).succeeded();
    let before = content(&place.database());
    let (mut killed, mut finished) = (0, 0);
    for delay in [0, 5, 10, 20, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960] {
        let command = if is_plain(&place) { "compact" } else { "expand" };
        let running = Running::start(&mut place.command(&["db", command, "--db-path", DATABASE]));
        thread::sleep(Duration::from_millis(delay));
        if running.kill().success() {
            finished += 1;
        } else {
            killed += 1;
        }
        let database = place.database();
        assert_eq!(content(&database), before, "after {delay} ms");
        database.check_integrity();
    }
    assert!(killed > 0, "{finished} of them finished");
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
}

#[cfg(unix)]
#[test]
fn full_disk_leaves_the_database() {
    let place = place_with_runs();
    let before = content(&place.database());
    // The file fits, and its log does not.
    let blocks =
        u32::try_from(fs::metadata(place.path(DATABASE)).expect("a database").len() / 1024 / 2).expect("small");
    let mut command = place.command_with_limit(blocks, &["db", "compact", "--db-path", DATABASE]);
    let outcome = Running::start(&mut command).wait().exited_with(1).stderr_has(&["error: failed to "]);
    assert_eq!(outcome.stdout, "");
    assert!(is_plain(&place));
    assert_eq!(content(&place.database()), before);
    db(&place, "compact", &[]).succeeded();
}

#[test]
fn foreign_objects_prevent_a_conversion() {
    let place = place_with_runs();
    place.database().execute("CREATE INDEX mine ON records(kind)");
    let outcome = db(&place, "compact", &[]).exited_with(1);
    outcome.stderr_has(&["convert database", "index mine of another program", "hint: nothing was changed"]);
    assert!(is_plain(&place));
    db(&place, "shrink", &[]).exited_with(2);
    place.cds(&["db", "compact", "--db-path", "none.sqlite"]).exited_with(2);
}

#[test]
fn size_names_tables_and_snapshots() {
    let place = place_with_runs();
    let found = object(&db(&place, "size", &["--format", "json"]).succeeded());
    let size = fs::metadata(place.path(DATABASE)).expect("a database").len();
    assert_eq!((&found["layout"], &found["database_bytes"]), (&json!("plain"), &json!(size)));
    let sum: u64 = found["tables"].as_array().expect("a list").iter().filter_map(|table| table["bytes"].as_u64()).sum();
    assert_eq!(sum + found["free_bytes"].as_u64().expect("a number"), size);
    let own = |found: &Value, index: usize| found["snapshots"][index]["own_bytes"].as_u64().expect("a number");
    assert!(own(&found, 0) > 100_000 && own(&found, 1) > 100_000, "{found:#}");
    assert!(found["unchanged_run_bytes"].as_u64() >= Some(own(&found, 0)));
    assert!(found["compact_saves_bytes"].as_u64() > Some(50_000), "{found:#}");

    db(&place, "compact", &[]).succeeded();
    let found = object(&db(&place, "size", &["--format", "json"]).succeeded());
    assert_eq!((&found["layout"], &found["compact_saves_bytes"]), (&json!("compact"), &Value::Null));
    assert!(own(&found, 0) < 50_000 && own(&found, 1) == 0, "{found:#}");
    assert!(found["unchanged_run_bytes"].as_u64() < Some(20_000), "{found:#}");
    let page = db(&place, "size", &[]).succeeded().stdout;
    for part in ["layout", "compact", "shared_texts", "SNAPSHOT", "adds "] {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

#[test]
fn grown_plain_database_gets_a_hint() {
    let place = Place::with_functions(1);
    let persist = || Running::start(&mut place.command(&persist_arguments("builtin:", &["--layout", "plain"]))).wait();
    let hints = || persist().exited_with(0).stderr.contains("hint: the database has ");
    assert!(!hints());
    place.write("tree/many.py", functions(2_500));
    assert!(!hints(), "it is less than ten times its first snapshot");
    let hinted = (0..4).any(|_| hints());
    assert!(hinted, "it is more than ten times its first snapshot");
    let found =
        object(&place.cds(&["doctor", "--db-path", DATABASE, "--provider-url", "builtin:", "--format", "json"]));
    let layout = found["checks"].as_array().expect("a list").iter().find(|check| check["check"] == "layout");
    assert_eq!(layout.expect("a check")["level"], "warn", "{found:#}");

    db(&place, "compact", &[]).succeeded();
    let outcome = persist().exited_with(0);
    assert!(!outcome.stderr.contains("db compact"), "{outcome:#?}");
    let added = outcome.stdout.trim_end().rsplit_once("added_bytes=").expect("the growth").1.parse::<i64>();
    assert!(added.is_ok_and(|added| added < 100_000), "{outcome:#?}");
}
