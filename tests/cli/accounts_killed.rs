//! A killed run leaves a trace: it shows as ended at once, and as interrupted once another command takes its lock.

use std::{
    thread,
    time::{Duration, Instant},
};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    PATIENCE,
    database::Database,
    ledger::{each, invocations, latest, latest_stages, stages, telemetry, text},
    place::{Place, functions, persist_arguments},
    running::Running,
};

/// Enough work to observe a stage while it runs.
const FUNCTIONS: usize = 3_000;

/// A trigger that delays its event: a million steps take about 0.1 seconds.
fn slow(name: &str, event: &str, step_count: u32) -> String {
    format!(
        "CREATE TRIGGER {name} BEFORE {event} BEGIN
             SELECT count(*) FROM (WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers
                                                                 WHERE n < {step_count})
                                   SELECT n FROM numbers);
         END"
    )
}

/// Long enough for any test to observe that something has started and not ended.
const FOREVER: u32 = 1_000_000_000;

/// Waits until this query returns 1.
#[track_caller]
fn wait_for(database: &Database, sql: &str) {
    let deadline = Instant::now() + PATIENCE;
    while database.number(sql) != 1 {
        assert!(Instant::now() < deadline, "{sql}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A query for whether the newest run is in this stage.
fn is_in(stage: &str) -> String {
    format!(
        "SELECT count(*) FROM stage_runs WHERE stage = '{stage}' AND status = 'running'
         AND ledger_id = (SELECT run_id FROM runs_ledger ORDER BY rowid DESC LIMIT 1)"
    )
}

/// Asserts that every snapshot has exactly one ledger row with the same data, and the reverse.
#[track_caller]
fn check_ledger_and_snapshots_agree(database: &Database) {
    let pairs = "SELECT runs.id AS snapshot, snapshot_id, runs.status, runs_ledger.status AS account
                 FROM runs FULL JOIN runs_ledger ON snapshot_id = runs.id
                 WHERE runs.id IS NOT NULL OR snapshot_id IS NOT NULL OR (command = 'persist' AND runs_ledger.status LIKE 'completed%')";
    for pair in database.rows(pairs) {
        assert!(pair["snapshot"].is_u64() && pair["snapshot"] == pair["snapshot_id"], "{pair}");
        assert_eq!(pair["status"], pair["account"], "{pair}");
    }
    assert_eq!(
        database.number("SELECT count(*) FROM runs"),
        database.number("SELECT count(DISTINCT run_id) FROM records")
    );
}

/// Kills a run in a stage. The status must be right before and after another command takes the lock.
#[track_caller]
fn check_killed_in(stage: &str, provider_url: &str) {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/many.py", functions(FUNCTIONS));
    let database = place.database();
    // This run never writes a record: the cases wait for the provider or for their final status to be written.
    database.execute(&slow("slow", "INSERT ON records", FOREVER));
    let has_slow_end = matches!(stage, "analyze" | "build");
    if has_slow_end {
        let end = format!("UPDATE ON stage_runs WHEN NEW.stage = '{stage}'");
        database.execute(&slow("slow_end", &end, FOREVER));
    }
    let running = Running::start(&mut place.command(&persist_arguments(provider_url, &["--notes", "doomed"])));
    wait_for(&database, &is_in(stage));
    assert!(!running.kill().success());
    if has_slow_end {
        database.execute("DROP TRIGGER slow_end");
    }

    let row = latest(&database);
    assert_eq!(
        (&row["status"], &row["finished_at"]),
        (&json!("running"), &Value::Null),
        "its final status was not written"
    );
    let shown = place.shown("latest");
    for part in ["status running", "its process has ended", &format!("it was interrupted in stage {stage}")] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let found = place.ask_json(&["runs", "show", "latest"]);
    assert_eq!((&found["run"]["lock"]["state"], &found["run"]["snapshot_id"]), (&json!("left_behind"), &Value::Null));
    assert_eq!(found["run"]["lock"]["holder"]["stage"], stage);
    check_ledger_and_snapshots_agree(&database);
    database.check_integrity();

    // A read-only command takes no lock and marks nothing.
    assert_eq!(latest(&database)["status"], "running");
    place.write("tree/many.py", "");
    place.build(&[]).succeeded().stderr_has(&["was interrupted: its process ended"]);
    let row = &invocations(&database)[1];
    assert_eq!((&row["status"], &row["closed_by"]), (&json!("interrupted"), &json!("cds model-build")));
    assert!(row["finished_at"].is_string() && text(row, "error").contains("its lock was free"), "{row}");
    assert_eq!((&row["notes"], &row["snapshot_id"]), (&json!("doomed"), &Value::Null));
    let stages = stages(&database, row);
    let last = stages.last().expect("a stage");
    assert_eq!((&last["stage"], &last["status"]), (&json!(stage), &json!("interrupted")));
    assert_eq!((last["finished_at"].is_string(), &last["duration_seconds"]), (true, &Value::Null), "{last}");
    assert!(stages[..stages.len() - 1].iter().all(|stage| stage["status"] == "completed"), "{stages:?}");
    let shown = place.shown("latest~1");
    for part in [
        "status interrupted",
        &format!("it was interrupted in stage {stage}, at an unknown time: its process ended without closing"),
        "cds model-build found and marked it",
        "marked ",
        "notes doomed",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    check_ledger_and_snapshots_agree(&database);
    database.execute("DROP TRIGGER slow");
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(latest(&database)["snapshot_id"], 2, "no repair is needed, and no number is left out");
    assert_eq!(each(&invocations(&database), "status"), ["completed", "interrupted", "completed", "completed"]);
}

#[test]
fn kill_during_analysis() {
    check_killed_in("analyze", "builtin:");
}

#[test]
fn kill_during_build() {
    check_killed_in("build", "builtin:");
}

#[test]
fn kill_during_questions() {
    let script = Script::new().rule(When::question().within(1..), Reply::hang_before_headers());
    let server = FakeOllama::start(script);
    check_killed_in("enrich", &server.url());
}

#[test]
fn kill_during_writing() {
    check_killed_in("persist", "builtin:");
}

#[test]
fn kill_after_commit() {
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    let database = place.database();
    // The last write.
    database.execute(&slow("slow", "UPDATE OF telemetry_recorded ON runs_ledger", FOREVER));
    let running = Running::start(&mut place.command(&persist_arguments("builtin:", &[])));
    wait_for(&database, "SELECT count(*) FROM runs WHERE id = 2");
    running.kill();
    database.execute("DROP TRIGGER slow");

    let row = latest(&database);
    assert_eq!(
        (&row["status"], &row["snapshot_id"], &row["closed_by"]),
        (&json!("completed"), &json!(2), &Value::Null)
    );
    assert!(row["finished_at"].is_string() && row["telemetry_recorded"].is_null(), "{row}");
    assert_eq!(each(&latest_stages(&database), "status"), ["completed"; 4]);
    check_ledger_and_snapshots_agree(&database);
    let shown = place.shown("latest");
    for part in ["status completed", "snapshot 2", "the process ended before it could count"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let before = row;
    place.build(&[]).succeeded();
    assert_eq!(invocations(&database)[1], before, "a run with an end keeps it");
}

#[test]
fn kill_at_any_moment_of_writing() {
    let place = Place::with_functions(40);
    place.persist("builtin:", &[]).succeeded();
    let database = place.database();
    for delay in 0..8 {
        let running = Running::start(&mut place.command(&persist_arguments("builtin:", &[])));
        let begun = "SELECT count(*) FROM stage_runs WHERE stage = 'persist'";
        wait_for(&database, &format!("SELECT ({begun}) = {}", delay + 2));
        // Progress of the transaction is not visible from outside; any state must be consistent.
        thread::sleep(Duration::from_millis(delay * 4));
        running.kill();
        check_ledger_and_snapshots_agree(&database);
        database.check_integrity();
    }
    place.persist("builtin:", &[]).succeeded();
    check_ledger_and_snapshots_agree(&database);
    let open = "SELECT count(*) FROM runs_ledger WHERE status = 'running' OR finished_at IS NULL";
    assert_eq!(database.number(open), 0, "each start has one outcome");
    assert_eq!(invocations(&database).len(), 10);
    let stages = "SELECT count(*) FROM stage_runs WHERE status = 'running' OR finished_at IS NULL";
    assert_eq!(database.number(stages), 0);
}

#[test]
fn active_run_is_shown_and_kept() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question().nth(3), Reply::usual().until(&gate)));
    let place = Place::with_functions(3);
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &[])));
    server.wait_until(PATIENCE, |counts| counts.questions == 3 && counts.answered == 2);
    let database = place.database();
    wait_for(&database, &is_in("enrich"));
    let shown = place.shown("latest");
    assert!(shown.contains("status running") && shown.contains("it is running in stage enrich"), "{shown}");
    let found = place.ask_json(&["runs", "show", "latest"]);
    assert_eq!(
        (&found["run"]["lock"]["state"], &found["run"]["stages"][2]["status"]),
        (&json!("held"), &json!("running"))
    );

    for _ in 0..5 {
        place.persist("builtin:", &[]).exited_with(1).stderr_has(&["--lock-timeout"]);
        place.ask(&["runs", "note", "latest", "a remark"]).exited_with(1);
    }
    place.build(&[]).succeeded().stderr_has(&["warning: nothing is written to the database"]);
    let first = || invocations(&database).swap_remove(0);
    assert_eq!(first()["status"], "running", "only the run itself writes its final status");
    gate.open();
    running.wait().succeeded();
    let row = first();
    assert_eq!(
        (&row["status"], &row["snapshot_id"], &row["closed_by"]),
        (&json!("completed"), &json!(1), &Value::Null)
    );
    // A command that is refused the lock records a run. One that needs no database, or only adds a note, does not.
    let refused = invocations(&database).split_off(1);
    assert_eq!(each(&refused, "status"), ["failed"; 5]);
    assert!(refused.iter().all(|row| text(row, "error").contains("it is held by process ")), "{refused:?}");
    assert_eq!(place.ask_json(&["runs", "show", "1"])["run"]["lock"], Value::Null);
}

#[cfg(unix)]
#[test]
fn age_and_pid_do_not_decide() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(1);
    let url = server.url();
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &[])));
    server.wait_for_questions(1, PATIENCE);
    let database = place.database();
    wait_for(&database, &is_in("enrich"));
    // It looks dead by its age and process id, but holds its lock. In the middle of a write it would hold the database
    // as well.
    while running.freeze() && !database.is_free() {
        running.signal("CONT");
        thread::sleep(Duration::from_millis(20));
    }
    database.execute("UPDATE runs_ledger SET started_at = '2001-01-01T00:00:00.000Z', pid = 999999999");
    assert!(place.shown("latest").contains("it is running"));
    place.build(&[]).succeeded().stderr_has(&["warning: nothing is written to the database"]);
    assert_eq!(latest(&database)["status"], "running");
    running.kill();
    // It looks alive, but holds no lock.
    let me = std::process::id();
    database.execute(&format!("UPDATE runs_ledger SET started_at = '2099-01-01T00:00:00.000Z', pid = {me}"));
    assert!(place.shown("latest").contains("its process has ended"));
    place.build(&[]).succeeded();
    assert_eq!(each(&invocations(&database), "status"), ["interrupted", "completed"]);
    gate.open();
}

#[cfg(unix)]
#[test]
fn signal_during_writing_is_too_late() {
    let place = Place::with_functions(300);
    place.persist("builtin:", &[]).succeeded();
    let database = place.database();
    database.execute(&slow("slow", "INSERT ON records", 2_000));
    let running = Running::start(&mut place.command(&persist_arguments("builtin:", &[])));
    wait_for(&database, &is_in("persist"));
    running.signal("TERM");
    let outcome = running.wait().succeeded();
    assert!(outcome.stdout.starts_with("persisted run_id=2 "), "{outcome:?}");
    assert_eq!((&latest(&database)["status"], &latest(&database)["snapshot_id"]), (&json!("completed"), &json!(2)));
    check_ledger_and_snapshots_agree(&database);
}

#[test]
fn telemetry_has_calls_before_kill() {
    let script = Script::new().rule(When::question().within(6..), Reply::hang_before_headers());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(8);
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &["--concurrency", "1"])));
    server.wait_for_questions(6, PATIENCE);
    let database = place.database();
    wait_for(&database, "SELECT count(*) = 5 FROM telemetry WHERE log_type = 'LLM_CALL'");
    running.kill();
    let row = latest(&database);
    assert!(telemetry(&database, &row).len() > 5 && row["telemetry_written"].is_null(), "{row}");
    let shown = place.shown("latest");
    let tokens = database.number(
        "SELECT sum((event_details ->> 'prompt_tokens') + (event_details ->> 'answer_tokens')) FROM telemetry
         WHERE log_type = 'LLM_CALL'",
    );
    for part in ["calls 5 ", &format!("tokens {tokens} "), "are from the telemetry"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
}

#[cfg(unix)]
#[test]
fn signal_ends_run_with_time() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let script = Script::new().rule(When::question().nth(3), Reply::hang_before_headers());
        let server = FakeOllama::start(script);
        let place = Place::with_functions(5);
        let url = server.url();
        let mut running = Running::start(&mut place.command(&persist_arguments(&url, &["--concurrency", "1"])));
        server.wait_for_questions(3, PATIENCE);
        running.signal(signal);
        running.wait_for_line("interrupted: waiting");
        server.stop();
        running.wait().exited_with(code);
        let database = place.database();
        let row = latest(&database);
        assert_eq!(
            (&row["status"], &row["closed_by"], &row["snapshot_id"]),
            (&json!("interrupted"), &Value::Null, &Value::Null)
        );
        assert!(row["finished_at"].is_string() && text(&row, "error").starts_with("ended by SIG"), "{row}");
        let stages = latest_stages(&database);
        assert_eq!(each(&stages, "status"), ["completed", "completed", "interrupted"]);
        assert!(stages[2]["duration_seconds"].is_f64() && stages[2]["llm_calls"].as_u64() >= Some(2), "{}", stages[2]);
        assert!(row["telemetry_recorded"].is_u64(), "{row}");
        let shown = place.shown("latest");
        assert!(shown.contains("it was interrupted in stage enrich: ended by SIG"), "{shown}");
        check_ledger_and_snapshots_agree(&database);
    }
}

#[cfg(unix)]
#[test]
fn second_signal_leaves_run_open() {
    let script = Script::new().rule(When::question().nth(2), Reply::hang_before_headers());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    let url = server.url();
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &["--concurrency", "1"])));
    server.wait_for_questions(2, PATIENCE);
    running.signal("INT");
    running.wait_for_line("interrupted: waiting");
    running.signal("INT");
    running.wait().exited_with(130);
    assert!(place.shown("latest").contains("it was interrupted in stage enrich"));
    place.build(&[]).succeeded();
    let row = &invocations(&place.database())[0];
    assert_eq!(row["status"], "interrupted");
    check_ledger_and_snapshots_agree(&place.database());
}

#[cfg(unix)]
#[test]
fn signal_during_analysis_ends_run() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/many.py", functions(FUNCTIONS));
    for number in 1..20 {
        place.write(&format!("tree/many_{number}.py"), functions(FUNCTIONS + number));
    }
    let database = place.database();
    let running = Running::start(&mut place.command(&persist_arguments("builtin:", &["--threads", "1"])));
    wait_for(&database, &is_in("analyze"));
    running.signal("TERM");
    running.wait().exited_with(143);
    assert_eq!(each(&latest_stages(&database), "status"), ["interrupted"]);
    assert_eq!(latest(&database)["status"], "interrupted");
}
