//! `cds runs show`: how a run is named, all its data, and its layout.

use std::collections::BTreeSet;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    database::Database,
    ledger::{invocations, latest_stages, ledger_id, text},
    place::{DATABASE, Outcome, Place, TREE, is_compact},
};

/// The id that `cds runs show` finds for a name.
#[track_caller]
fn found(place: &Place, name: &str) -> Value {
    place.ask_json(&["runs", "show", name])["run"]["ledger_id"].clone()
}

#[test]
fn run_has_many_names() {
    let place = Place::with_functions(1);
    for number in 1..=3 {
        // The ids share a prefix and differ soon after.
        let id = format!("{number}19a9f3e-1c2b-7def-8123-00000000000{number}");
        place.persist("builtin:", &["--ledger-id", &id]).succeeded();
    }
    let database = place.database();
    let ids: Vec<Value> = invocations(&database).iter().map(|row| row["run_id"].clone()).collect();
    for (name, index) in [
        ("1", 0),
        ("3", 2),
        ("latest", 2),
        ("latest~0", 2),
        ("latest~1", 1),
        ("latest~2", 0),
        ("219a", 1),
        ("219A9F3E-1C", 1),
        ("319a9f3e-1c2b-7def-8123-000000000003", 2),
    ] {
        assert_eq!(found(&place, name), ids[index], "{name}");
    }
    for (index, row) in invocations(&database).iter().enumerate() {
        for stage in crate::ledger::stages(&database, row) {
            assert_eq!(found(&place, text(&stage, "run_id")), ids[index], "a stage leads to its run");
        }
    }
    // The prefix that the tail marks is sufficient.
    let last = latest_stages(&database).pop().unwrap();
    let narrow = Outcome::of(place.command(&["runs", "tail", "--db-path", DATABASE]).env("COLUMNS", "80")).succeeded();
    let prefix = narrow.stdout.lines().nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(text(&last, "run_id").starts_with(prefix) && prefix.len() < 36, "{prefix}");
    assert_eq!(found(&place, prefix), ids[2]);
}

#[test]
fn unclear_run_suggests_nearest() {
    let place = Place::with_functions(1);
    for number in 1..=3 {
        place.persist("builtin:", &["--ledger-id", &ledger_id(number)]).succeeded();
    }
    let nearest = [ledger_id(1), ledger_id(2), ledger_id(3)];
    let refused = |name: &str, expected: &[&str]| {
        let outcome = place.ask(&["runs", "show", name]).exited_with(1).stderr_has(&[&format!("{name:?}"), "hint: "]);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.lines().count()), ("", 2), "{outcome:#?}");
        outcome.stderr_has(expected);
        let as_json = place.ask(&["runs", "show", name, "--format", "json"]).exited_with(1);
        assert_eq!(as_json.stdout, "");
    };
    refused("019a9f3e-1c2b", &["more than one", &nearest[0], &nearest[1], &nearest[2]]);
    refused("019a9f3e-1c2b-7def-8123-000000000009", &["there is no such run", "the nearest are", &nearest[2]]);
    refused("99", &["there is no such run", "the nearest are 3, 2, 1"]);
    refused("latest~3", &["there is no such run", "the nearest are", &nearest[2]]);
    for name in ["xyz", "-", "latest~x", "0", "019", "18446744073709551616"] {
        refused(name, &["there is no such run", "cds runs list"]);
    }
}

#[test]
fn json_has_every_stored_value() {
    let script = Script::new()
        .rule(When::question().containing("def f2(").attempt(1), Reply::status(503, "busy"))
        .rule(When::question().containing("def f3("), Reply::status(400, "no"));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    place.write("tree/broken.py", "def broken(:\n");
    place.persist(&server.url(), &[]).succeeded();
    let database = place.database();
    let run = place.ask_json(&["runs", "show", "latest"])["run"].clone();
    assert_eq!(run["stages"], json!(latest_stages(&database)));
    assert_eq!(run["snapshot"], database.rows("SELECT * FROM runs")[0]);
    assert_eq!((&run["snapshot_id"], &run["lock"]), (&json!(1), &Value::Null));
    let counted = |name: &str, sql: &str| {
        let mut found = run[name].as_array().unwrap().clone();
        found.sort_by_key(|item| item["name"].to_string());
        assert_eq!(found, database.rows(sql), "{name}");
    };
    counted("records_by_kind", "SELECT kind AS name, count(*) AS count FROM records GROUP BY kind ORDER BY 1");
    counted("telemetry", "SELECT log_type AS name, count(*) AS count FROM telemetry GROUP BY log_type ORDER BY 1");
    let failures: i64 =
        run["call_failures"].as_array().unwrap().iter().map(|item| item["count"].as_i64().unwrap()).sum();
    let failed = "SELECT count(*) FROM telemetry WHERE log_type = 'LLM_CALL' AND error_metadata IS NOT NULL";
    assert_eq!(failures, database.number(failed));
    assert_eq!(run["llm_calls"], server.generate_count());
    assert_eq!(
        (&run["intent_errors"][0]["count"], &run["intent_errors"][0]["example"]),
        (&json!(1), &json!("functions.py:5"))
    );
    assert_eq!(run["analyzer_errors"][0]["example"], "broken.py:1");
}

#[test]
fn json_rows_have_every_column() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(1);
    place.persist(&server.url(), &[]).succeeded();
    let run = place.ask_json(&["runs", "show", "latest"])["run"].clone();
    let database = place.database();
    for (name, table) in [("ledger", "runs_ledger"), ("snapshot", "runs"), ("enrichment", "enrichments")] {
        assert_eq!(run[name], database.rows(&format!("SELECT * FROM {table}"))[0], "{name}");
    }
}

#[test]
fn times_are_shown_in_local_zone() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    settle(&place.database());
    for (zone, started) in [
        ("UTC", "2026-11-20 22:01:00Z"),
        ("Europe/Berlin", "2026-11-20 23:01:00 +01:00"),
        ("Asia/Kolkata", "2026-11-21 03:31:00 +05:30"),
    ] {
        let mut command = place.command(&["runs", "show", "1", "--db-path", DATABASE]);
        let page = Outcome::of(command.env("TZ", zone)).succeeded().stdout;
        assert!(page.contains(&format!("  started             {started}\n")), "{page}");
        let mut command = place.command(&["runs", "list", "--db-path", DATABASE, "--format", "json"]);
        let list: Value = serde_json::from_str(&Outcome::of(command.env("TZ", zone)).succeeded().stdout).unwrap();
        assert_eq!(list["runs"][0]["started_at"], "2026-11-20T22:01:00.120Z");
    }
}

/// The names of all fields, at any depth.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            names(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

#[test]
fn json_fields_are_documented() {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(1), Reply::status(500, "boom")));
    let place = Place::with_functions(2);
    place.persist(&server.url(), &[]).succeeded();
    place.write("tree/functions.py", "def f2():\n    return 2\n\n\ndef f3():\n    return 3\n");
    place.write("tree/broken.py", "def broken(:\n");
    place.persist(&server.url(), &[]).succeeded();
    place.database().execute(
        "INSERT INTO runs_ledger SELECT '019a9f3e-1c2b-7def-8123-000000000001', subject, notes, started_at, NULL, 'running',
         NULL, NULL, NULL, command, tool_version, host, pid, root_path, code_ref, code_ref_note, trace_id, NULL, NULL, NULL
         FROM runs_ledger LIMIT 1",
    );
    let mut found = BTreeSet::new();
    for command in [
        &["runs", "tail"][..],
        &["runs", "list"],
        &["runs", "show", "1"],
        &["runs", "show", "2"],
        &["runs", "show", "latest"],
        &["runs", "diff", "1", "2"],
        &["runs", "stats"],
        &["runs", "prune", "--keep-last", "1", "--dry-run"],
        &["lock", "status"],
        &["doctor", "--provider-url", "builtin:"],
    ] {
        names(&place.ask_json(command), &mut found);
    }
    assert!(found.len() > 60, "{found:?}");
    let page = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let pages = page("cli.md") + &page("schema.md");
    let unknown: Vec<&String> = found.iter().filter(|name| !pages.contains(&format!("`{name}`"))).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Replaces every value that differs between machines or moments with a fixed one.
fn settle(database: &Database) {
    let mut sql = vec!["PRAGMA foreign_keys = OFF;".to_owned()];
    for (number, row) in (1..).zip(invocations(database)) {
        let old = text(&row, "run_id");
        let new = format!("019a9f{number}0-1c2b-7def-8123-456789abcdef");
        for (place, stage) in (1..).zip(crate::ledger::stages(database, &row)) {
            let (id, seconds) = (text(&stage, "run_id"), f64::from(place) * 1.25);
            sql.push(format!(
                "UPDATE stage_runs SET run_id = '019a9f{number}{place}-1c2b-7def-8123-456789abcdef',
                 started_at = '2026-11-20T22:{number:02}:0{place}.120Z', finished_at = '2026-11-20T22:{number:02}:0{place}.900Z',
                 duration_seconds = {seconds}, input_fingerprint = 'sha256:' || printf('%064d', {number}{place}),
                 config_hash = 'sha256:' || printf('%064d', {place}) WHERE run_id = '{id}';"
            ));
        }
        for table in ["stage_runs", "telemetry"] {
            sql.push(format!("UPDATE {table} SET ledger_id = '{new}' WHERE ledger_id = '{old}';"));
        }
        sql.push(format!("UPDATE ledger_details SET run_id = '{new}' WHERE run_id = '{old}';"));
        sql.push(format!(
            "UPDATE runs_ledger SET run_id = '{new}', started_at = '2026-11-20T22:{number:02}:00.120Z', host = 'ci-7',
             finished_at = '2026-11-20T22:{number:02}:09.340Z', pid = 4711, root_path = '/builds/shop',
             tool_version = '0.1.0' WHERE run_id = '{old}';"
        ));
    }
    let rest = "UPDATE stage_runs SET trace_id = '4bf92f3577b34da6a3ce929d0e0e4736';
            UPDATE runs_ledger SET trace_id = '4bf92f3577b34da6a3ce929d0e0e4736';
            UPDATE runs SET started_at = '2026-11-20T22:01:00.000Z', finished_at = '2026-11-20T22:01:08.000Z',
                root_path = '/builds/shop', provider_url = 'http://127.0.0.1:11434';
            DROP TRIGGER snapshot_chain_update;
            UPDATE snapshot_chain SET hash = 'sha256:' || printf('%064d', sequence);
            UPDATE enrichments SET elapsed_seconds = 8.5, mean_latency_seconds = 0.61, p95_latency_seconds = 1.25;
            UPDATE ledger_details SET heartbeat_at = iif(heartbeat_at IS NULL, NULL, '2026-11-20T22:02:08.000Z'),
                request = json_set(request, '$.provider_url', 'http://127.0.0.1:11434',
                                   '$.arguments', json_array('--path', '/builds/shop', '--concurrency', '1'));
            PRAGMA foreign_keys = ON;";
    database.execute(&(sql.concat() + rest));
}

#[test]
fn tables_match_snapshots() {
    // The failure names another table there.
    if is_compact() {
        return;
    }
    let script = Script::new()
        .rule(When::question().containing("def f2(").attempt(1), Reply::status(503, "busy"))
        .rule(When::question().containing("def f3("), Reply::status(400, "no such thing"));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    place.write("tree/broken.py", "x = 1\ndef broken(:\n");
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let persist = || {
        let mut command = place.command(&["persist", "--path", TREE, "--db-path", DATABASE, "--concurrency", "1"]);
        command.args(["--project", "shop", "--notes", "nightly"]);
        Outcome::of(command.env("GITHUB_SHA", sha).env("CDS_PROVIDER_URL", server.url()))
    };
    persist().succeeded();
    let trigger = "CREATE TRIGGER planned BEFORE INSERT ON records WHEN NEW.signature = 'def f3():'
                   BEGIN SELECT RAISE(ABORT, 'planned failure'); END";
    place.database().execute(trigger);
    persist().exited_with(1);
    settle(&place.database());
    for width in ["80", "160"] {
        let page = |words: &[&str]| {
            let mut command = place.command(words);
            command.args(["--db-path", DATABASE]).env("COLUMNS", width).env("TZ", "UTC");
            let page = Outcome::of(&mut command).succeeded().stdout;
            let limit = width.parse().unwrap();
            assert!(page.lines().all(|line| line.chars().count() <= limit), "{page}");
            page
        };
        insta::assert_snapshot!(format!("tail_{width}"), page(&["runs", "tail"]));
        insta::assert_snapshot!(format!("list_{width}"), page(&["runs", "list"]));
        insta::assert_snapshot!(format!("show_completed_{width}"), page(&["runs", "show", "1"]));
        let failed = page(&["runs", "show", "latest"]);
        insta::assert_snapshot!(format!("show_failed_{width}"), failed);
    }
}
