//! A process killed midway keeps earlier runs unchanged, saves no partial run, and keeps its answers.

use std::{
    thread,
    time::{Duration, Instant},
};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};

use crate::{
    PATIENCE,
    place::{Place, functions, is_compact, persist_arguments},
    running::Running,
};

/// The most that a killed process may lose: the answers of one batch.
const GROUP: usize = 20;

/// The reason that the next command records for a run that ended without a final status.
const FOUND: &str = "interrupted: its process ended without closing its accounts; its lock was free";

/// Ends a run while one question is held and all others are answered. At most `lost` answers may be missing.
///
/// The ledger must then show `accounts`: the run and its last stage. Afterwards another run succeeds.
#[track_caller]
fn check(lost: usize, accounts: [&str; 2], end: impl FnOnce(Running, &Gate)) -> Place {
    let place = Place::with_shop();
    place.persist("builtin:", &[]).succeeded();
    let before = place.database().dump_of_runs();
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question().nth(20), Reply::usual().until(&gate)));
    let url = server.url();
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &["--progress-batch-size", "1"])));
    server.wait_until(PATIENCE, |counts| counts.questions == 42 && counts.answered == 41);
    running.wait_for_line("completed=41 ");
    end(running, &gate);
    let answered = server.answered_count();
    let database = place.database();
    assert_eq!(database.dump_of_runs(), before);
    database.check_integrity();
    assert_eq!(database.ends()[1..], accounts[..1]);
    assert_eq!(
        database.latest_stages(),
        [
            "analyze completed_with_errors: 3 analyzer errors, among them: syntax error: missing )",
            "build completed",
            accounts[1]
        ]
    );
    let kept = database.kept_count();
    assert!(kept <= answered && answered - kept <= lost, "{kept} of {answered} answers are kept");
    drop(database);

    gate.open();
    let outcome = place.persist(&url, &[]).succeeded();
    assert!(outcome.stdout.contains("run_id=2 ") && outcome.stdout.contains(" intent_failed_count=0 "), "{outcome:?}");
    assert_eq!(place.database().number("SELECT count(*) FROM records WHERE run_id = 2"), 59);
    place.check_is_tidy();
    assert_eq!(server.generate_count(), 42 + (42 - kept), "what is kept is not asked again, and the rest is");
    place
}

#[test]
fn kill_keeps_answers() {
    let place = check(GROUP, ["running", "enrich running"], |running, _| assert!(!running.kill().success()));
    assert_eq!(place.database().ends(), ["completed_with_errors", FOUND, "completed_with_errors"]);
    let closed = place.database().texts("SELECT closed_by FROM runs_ledger WHERE closed_by IS NOT NULL");
    assert_eq!(closed, ["cds persist"]);
    let stages = "SELECT status || ': ' || error FROM stage_runs WHERE stage = 'enrich' AND status <> 'completed'";
    assert_eq!(place.database().texts(stages), [FOUND]);

    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(2);
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &[])));
    server.wait_for_questions(1, PATIENCE);
    running.kill();
    assert_eq!(place.database().number("SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM records)"), 0);
    place.database().check_integrity();
    gate.open();
    let outcome = place.persist(&url, &[]).succeeded();
    assert!(outcome.stdout.starts_with("persisted run_id=1 "), "{outcome:?}");
}

#[cfg(unix)]
#[test]
fn signals_keep_answers() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let accounts =
            [&*format!("interrupted: ended by SIG{signal}"), &*format!("enrich interrupted: ended by SIG{signal}")];
        check(0, accounts, |mut running, gate| {
            running.signal(signal);
            running.wait_for_line("interrupted: waiting");
            // Answers that arrive now are in time.
            gate.open();
            let outcome = running.wait().exited_with(code).stderr_has(&["error: interrupted"]);
            assert_eq!(outcome.stdout, "");
        });
    }
}

#[test]
fn repeated_kills_pay_questions_once() {
    let place = Place::with_functions(100);
    let mut total = 0;
    let mut lost = 0;
    let mut unanswered = 0;
    for held in [30, 25] {
        let script = Script::new().rule(When::question().within(held..), Reply::hang_before_headers());
        let server = FakeOllama::start(script);
        let running = Running::start(&mut place.command(&persist_arguments(&server.url(), &["--concurrency", "4"])));
        server.wait_until(PATIENCE, |counts| counts.answered == held - 1 && counts.in_flight == 4);
        running.kill();
        server.stop();
        let counts = server.counts();
        total += counts.questions;
        unanswered += counts.questions - counts.answered;
        let database = place.database();
        database.check_integrity();
        lost = total - unanswered - database.kept_count();
        assert!(lost <= 2 * GROUP, "{lost} answers are lost");
    }
    let server = FakeOllama::start(Script::new());
    place.persist(&server.url(), &[]).succeeded();
    assert_eq!(total + server.generate_count(), 100 + unanswered + lost);
    assert_eq!(place.database().number("SELECT count(DISTINCT intent) FROM records WHERE kind = 'function'"), 100);
}

#[test]
fn answers_are_kept_within_second() {
    let script = Script::new().rule(When::question().within(6..), Reply::hang_before_headers());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(8);
    let running = Running::start(&mut place.command(&persist_arguments(&server.url(), &["--concurrency", "1"])));
    server.wait_for_questions(6, PATIENCE);
    let database = place.database();
    let start = Instant::now();
    while database.kept_count() < 5 {
        // Without the promised one-second limit they would wait for fifteen further answers, which never come.
        assert!(start.elapsed() < PATIENCE / 4, "{} answers are kept", database.kept_count());
        thread::sleep(Duration::from_millis(5));
    }
    running.kill();
    assert_eq!(place.database().kept_count(), 5);
}

#[cfg(unix)]
#[test]
fn full_disk_while_keeping_answers() {
    let place = Place::with_functions(2000);
    let server = FakeOllama::start(Script::new());
    let url = server.url();
    // A compact database has more tables, each with a page of its own.
    let limit = if is_compact() { 1400 } else { 1200 };
    let mut command = place.command_with_limit(limit, &persist_arguments(&url, &[]));
    let outcome = Running::start(&mut command).wait().exited_with(1).stderr_has(&["error: failed to ", "cds.sqlite"]);
    assert_eq!(outcome.stdout, "");
    assert_eq!(server.generate_count(), 2000, "answers that cannot be kept end nothing");
    outcome.stderr_has(&["answers are not kept for later runs"]);
    let database = place.database();
    database.check_integrity();
    let kept = database.kept_count();
    assert!(kept > 0 && kept < 2000, "{kept}");
    drop(database);
    place.write("tree/functions.py", functions(2000));
    place.persist(&url, &[]).succeeded();
    assert_eq!(server.generate_count(), 2000 + (2000 - kept));
}
