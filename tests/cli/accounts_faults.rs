//! Failed runs: the ledger records them, `cds runs show` explains them, and no clock changes the order.

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    PATIENCE,
    database::Database,
    ledger::{each, invocations, latest, latest_stages, ledger_id, one_line, text},
    place::{DATABASE, Outcome, Place, TREE, functions, is_compact, persist_arguments},
    running::Running,
};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// Asserts that the newest run failed in its last stage, and that its explanation contains all of these texts.
#[track_caller]
fn check_failed_in(place: &Place, stage: &str, causes: &[&str]) {
    let database = place.database();
    let row = latest(&database);
    assert_eq!((&row["status"], &row["snapshot_id"]), (&json!("failed"), &Value::Null), "{row}");
    assert!(row["finished_at"].is_string() && row["closed_by"].is_null(), "{row}");
    let stages = latest_stages(&database);
    let last = stages.last().expect("a stage");
    assert_eq!((&last["stage"], &last["status"], &last["rows_out"]), (&json!(stage), &json!("failed"), &Value::Null));
    assert!(last["finished_at"].is_string() && last["duration_seconds"].is_f64(), "{last}");
    assert_eq!(last["error"], row["error"]);
    for cause in causes {
        assert!(text(&row, "error").contains(cause), "{cause:?} is not in {row}");
    }
    let shown = place.shown("latest");
    for part in [&*format!("it failed in stage {stage}: "), "none: the run wrote no snapshot"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    database.check_integrity();
}

#[test]
fn runs_show_explains_failure() {
    let script = Script::new().rule(When::question().containing("def f2(").attempt(1), Reply::status(500, "boom"));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    let trigger = "CREATE TRIGGER planned BEFORE INSERT ON records WHEN NEW.signature = 'def f3():'
                   BEGIN SELECT RAISE(ABORT, 'planned failure'); END";
    place.database().execute(trigger);
    place.write("tree/broken.py", "def broken(:\n");
    let mut command = place.command(&["persist", "--path", TREE, "--db-path", DATABASE, "--notes", "nightly"]);
    command.env("GITHUB_SHA", SHA).env("CDS_PROVIDER_URL", server.url());
    let outcome = Outcome::of(&mut command).exited_with(1).stderr_has(&["planned failure"]);
    assert_eq!(outcome.stdout, "");
    let step = if is_compact() {
        &["insert a row into run_records", "planned failure"][..]
    } else {
        &["insert record 5 ", "functions.py", "planned failure"]
    };
    check_failed_in(&place, "persist", step);
    let tokens = place.database().number("SELECT sum(prompt_tokens + answer_tokens) FROM intent_cache");

    for width in ["80", "160"] {
        let mut command = place.command(&["runs", "show", "latest", "--db-path", DATABASE]);
        let page = one_line(&Outcome::of(command.env("COLUMNS", width)).succeeded().stdout);
        for part in [
            "status failed",
            &format!("commit {SHA}"),
            "commit from from the environment variable GITHUB_SHA",
            &format!("it failed in stage persist: failed to {}", step[0]),
            "planned failure",
            "calls 4",
            &format!("tokens {tokens}"),
            "notes nightly",
            "analyze completed_with_errors",
            "1 analyzer error: ",
        ] {
            // In 80 columns the status of a stage is shortened.
            let short = part.replace("completed_with_errors", "with_errors");
            assert!(page.contains(part) || page.contains(&short), "{part:?} is not in {page}");
        }
    }
    let found = place.ask_json(&["runs", "show", "latest"]);
    assert_eq!((&found["run"]["llm_calls"], &found["run"]["tokens"]), (&json!(4), &json!(tokens)));

    // Paid answers are kept, and the next run needs no repair.
    place.database().execute("DROP TRIGGER planned");
    place.persist(&server.url(), &[]).succeeded();
    assert_eq!(latest(&place.database())["snapshot_id"], 2);
    assert_eq!(server.generate_count(), 4);
}

#[test]
fn late_provider_outage_keeps_snapshot() {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(3), Reply::die()));
    let place = Place::with_functions(5);
    let more = ["--require-provider", "--concurrency", "1", "--provider-patience", "200ms"];
    place.persist(&server.url(), &more).succeeded();
    let row = latest(&place.database());
    assert_eq!(row["status"], "completed_with_errors");
    let stages = latest_stages(&place.database());
    assert_eq!(each(&stages, "status"), ["completed", "completed", "completed_with_errors", "completed"]);
    assert!(text(&stages[2], "error").starts_with("3 failed intents, among them: "), "{}", stages[2]);
    let shown = place.shown("latest");
    assert!(shown.contains("missing: 3 intents") && shown.contains("of intents 3 × "), "{shown}");

    // A provider that is missing from the start ends the run before its first stage.
    place.persist(&server.url(), &more).exited_with(1);
    let database = place.database();
    assert_eq!(latest(&database)["status"], "failed");
    assert_eq!(latest_stages(&database), Vec::<Value>::new());
}

#[test]
fn locked_database_fails_the_run() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(2);
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &["--busy-timeout", "100ms"])));
    server.wait_for_questions(1, PATIENCE);
    let holder = place.database();
    holder.execute("BEGIN IMMEDIATE");
    gate.open();
    let outcome = running.wait().exited_with(1).stderr_has(&["error: failed to ", "locked"]);
    let accounts: Vec<&str> =
        outcome.lines_of("warning:").into_iter().filter(|line| line.contains("the accounts of this run")).collect();
    assert_eq!(accounts.len(), 1, "{outcome:#?}");
    // Its final status could not be written; `runs show` still detects that the process has ended.
    holder.execute("ROLLBACK");
    assert!(place.shown("latest").contains("its process has ended"));
    place.build(&[]).succeeded();
    assert_eq!(each(&invocations(&holder), "status"), ["interrupted", "completed"]);
    holder.check_integrity();
}

#[test]
fn read_only_commands_leave_no_run() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(2);
    place.persist(&server.url(), &[]).succeeded();
    let before = place.database().dump();
    place.persist(&server.url(), &["--dry-run"]).succeeded();
    place.persist(&server.url(), &["--scope", "x"]).exited_with(2);
    place.cds(&["intents", "stats", "--db-path", DATABASE]).succeeded();
    place.ask(&["lock", "status"]).succeeded();
    assert_eq!(place.database().dump(), before);
}

#[cfg(unix)]
#[test]
fn database_replaced_during_run_fails() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &[])));
    server.wait_for_questions(1, PATIENCE);
    std::fs::rename(place.path(DATABASE), place.path("moved.sqlite")).unwrap();
    Database::create(&place.path(DATABASE), crate::database::CONTRACT);
    gate.open();
    let outcome = running.wait().exited_with(1).stderr_has(&["error: failed to ", DATABASE]);
    assert_eq!(outcome.stdout, "");
    assert_eq!(place.database().number("SELECT count(*) FROM runs"), 0, "the new one is left alone");
    let moved = Database::open(&place.path("moved.sqlite"));
    moved.check_integrity();
    assert_eq!(moved.number("SELECT count(*) FROM runs"), 1);
    // Changes that never reached its log are lost with the log; the run must never seem successful.
    let others = invocations(&moved).into_iter().skip(1);
    assert!(others.into_iter().all(|row| row["status"] == "failed" || row["status"] == "running"));
}

#[cfg(unix)]
#[test]
fn full_disk_is_in_ledger() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/many.py", functions(4000));
    // A compact database has more tables, each with a page of its own.
    let limit = if is_compact() { 900 } else { 800 };
    let mut command = place.command_with_limit(limit, &persist_arguments("builtin:", &[]));
    let outcome = Outcome::of(&mut command).exited_with(1).stderr_has(&["error: failed to ", DATABASE]);
    assert_eq!(outcome.stdout, "");
    check_failed_in(&place, "persist", &[DATABASE]);
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(each(&invocations(&place.database()), "status"), ["completed", "failed", "completed"]);
}

#[cfg(unix)]
#[test]
fn full_disk_before_first_row() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    let before = place.database().dump();
    let mut command = place.command_with_limit(0, &persist_arguments("builtin:", &[]));
    let outcome = Outcome::of(&mut command).exited_with(1);
    assert_eq!(outcome.stdout, "");
    let database = place.database();
    database.check_integrity();
    assert_eq!(database.dump(), before);
    place.persist("builtin:", &[]).succeeded();
}

#[cfg(unix)]
#[test]
fn read_only_database_refuses_writing() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    fs::set_permissions(place.path(DATABASE), fs::Permissions::from_mode(0o444)).unwrap();
    if fs::OpenOptions::new().append(true).open(place.path(DATABASE)).is_ok() {
        // This user ignores file permissions, so the file must still be writable.
        return;
    }
    let before = place.read(DATABASE);
    place.persist("builtin:", &[]).exited_with(1).stderr_has(&[DATABASE, "permission"]);
    place.ask(&["runs", "note", "latest", "text"]).exited_with(1);
    place.build(&[]).succeeded().stderr_has(&["warning: nothing is written to the database"]);
    assert!(place.shown("latest").contains("status completed"));
    assert_eq!(place.read(DATABASE), before);
}

/// A ledger with runs recorded one after the other, at these times.
fn with_clocks(times: &[&str]) -> Place {
    let place = Place::with_functions(1);
    for (number, time) in (1..).zip(times) {
        let id = ledger_id(number);
        place.persist("builtin:", &["--ledger-id", &id]).succeeded();
        let sql = ["runs_ledger", "stage_runs"].map(|table| {
            let column = if table == "runs_ledger" { "run_id" } else { "ledger_id" };
            format!("UPDATE {table} SET started_at = '{time}', finished_at = '{time}' WHERE {column} = '{id}';")
        });
        place.database().execute(&sql.concat());
        place.database().execute(&format!("UPDATE runs SET started_at = '{time}' WHERE id = {number}"));
    }
    place
}

#[test]
fn clock_does_not_decide_order() {
    let times = ["2099-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "2016-11-20T09:20:00.120Z"];
    let place = with_clocks(&times);
    let list = place.ask_json(&["runs", "list"]);
    let snapshots: Vec<&Value> = list["runs"].as_array().unwrap().iter().map(|run| &run["snapshot_id"]).collect();
    assert_eq!(snapshots, [3, 2, 1]);
    let tail = place.ask_json(&["runs", "tail", "-n", "12"]);
    let stages: Vec<(&str, &str)> = tail["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| (text(stage, "stage"), text(stage, "started_at")))
        .collect();
    let names = ["persist", "enrich", "build", "analyze"];
    let expected: Vec<(&str, &str)> = times.iter().rev().flat_map(|time| names.map(|name| (name, *time))).collect();
    assert_eq!(stages, expected);
    for (name, id) in [("latest", 3), ("latest~1", 2), ("latest~2", 1)] {
        assert_eq!(place.ask_json(&["runs", "show", name])["run"]["ledger_id"], ledger_id(id), "{name}");
    }
    // A query by time is answered by time.
    let since = place.ask_json(&["runs", "list", "--since", "1h"]);
    assert_eq!(since["runs"].as_array().unwrap().len(), 1, "only what the clock puts into the future");

    // The next run is later than all of them.
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(place.ask_json(&["runs", "show", "latest"])["run"]["snapshot_id"], 4);
    assert_eq!(place.ask_json(&["runs", "stats"])["statuses"][0], json!({"name": "completed", "count": 4}));
}

#[test]
fn clock_set_back_still_marks_interrupted() {
    let place = with_clocks(&["2099-01-01T00:00:00.000Z"]);
    place.database().execute("UPDATE runs_ledger SET status = 'running', finished_at = NULL, snapshot_id = NULL");
    place.build(&[]).succeeded();
    assert_eq!(each(&invocations(&place.database()), "status"), ["interrupted", "completed"]);
    let shown = place.shown("latest~1");
    assert!(shown.contains("status interrupted") && shown.contains("started 2099-01-01"), "{shown}");
}
