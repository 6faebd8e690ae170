//! SIGINT and SIGTERM: no new question is sent, answers are kept, and the run ends soon whatever it waits for.

use std::time::{Duration, Instant};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};

use crate::{
    PATIENCE,
    database::in_layout,
    place::{LOCK, Place, persist_arguments},
    running::Running,
};

#[test]
fn no_question_follows_a_signal() {
    let gate = Gate::new();
    let script = Script::new().rule(When::question().within(2..), Reply::usual().until(&gate));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(30);
    let url = server.url();
    let arguments = persist_arguments(&url, &["--concurrency", "3"]);
    let mut running = Running::start(&mut place.command(&arguments));
    server.wait_for_questions(4, PATIENCE);
    running.signal("TERM");
    running.wait_for_line("interrupted: waiting a few seconds for 3 calls");
    gate.open();
    running.wait().exited_with(143);
    assert_eq!((server.generate_count(), server.answered_count()), (4, 4));
    assert_eq!(place.database().kept_count(), 4);
    place.check_is_tidy();
    place.persist(&url, &[]).succeeded();
    assert_eq!(server.generate_count(), 30, "nothing is paid for twice");
    let database = place.database();
    assert_eq!(database.ends(), ["interrupted: ended by SIGTERM", "completed"]);
    assert_eq!(database.texts("SELECT closed_by FROM runs_ledger WHERE closed_by IS NOT NULL"), [""; 0]);
}

#[test]
fn second_signal_ends_at_once() {
    // The gate never opens, so a run that waits for it uses the whole drain time.
    let script = Script::new().rule(When::question().within(11..), Reply::hang_before_headers());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(12);
    let url = server.url();
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &["--concurrency", "1"])));
    server.wait_for_questions(11, PATIENCE);
    running.signal("INT");
    running.wait_for_line("interrupted: waiting");
    running.signal("INT");
    let outcome = running.wait().exited_with(130);
    assert_eq!(outcome.stdout, "");
    let database = place.database();
    database.check_integrity();
    // Had the run waited for its answer, it could have recorded its end; now the next writer does.
    assert_eq!(database.ends(), ["running"]);
    drop(database);
    place.persist("builtin:", &[]).succeeded();
    let ends = place.database().ends();
    assert!(ends[0].starts_with("interrupted: its process ended ") && ends[1] == "completed", "{ends:?}");
}

#[test]
fn drain_time_is_bounded() {
    let script = Script::new().rule(When::question().nth(12), Reply::hang_before_headers());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(12);
    let url = server.url();
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &["--concurrency", "1"])));
    server.wait_for_questions(12, PATIENCE);
    let start = Instant::now();
    running.signal("TERM");
    running.wait_for_line("interrupted: waiting");
    running.wait().exited_with(143);
    let elapsed = start.elapsed();
    // The drain lasts five seconds; the question itself could take minutes.
    assert!((Duration::from_secs(4)..PATIENCE / 4).contains(&elapsed), "{elapsed:?}");
    assert_eq!(place.database().kept_count(), 11);
    place.persist(&url, &[]).succeeded();
    assert_eq!(server.generate_count(), 12 + 1, "the distinct questions and the one that was unanswered");
}

/// A run that waits a minute or two for a provider must end soon after a signal. `line` shows that it waits.
#[track_caller]
fn check_ends_while_waiting(reply: Reply, line: &str) {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(5), reply));
    let place = Place::with_functions(12);
    let url = server.url();
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &["--concurrency", "1"])));
    running.wait_for_line(line);
    let start = Instant::now();
    running.signal("INT");
    let outcome = running.wait().exited_with(130);
    assert!(start.elapsed() < PATIENCE / 4, "{:?}", start.elapsed());
    assert_eq!(outcome.stdout, "");
    let database = place.database();
    assert_eq!((database.kept_count(), database.number("SELECT count(*) FROM runs")), (4, 0));
    assert_eq!(database.ends(), ["interrupted: ended by SIGINT"]);
    assert_eq!(database.latest_stages().last().map(String::as_str), Some("enrich interrupted: ended by SIGINT"));
    database.check_integrity();
}

#[test]
fn signal_ends_wait_for_provider() {
    check_ends_while_waiting(Reply::die(), "provider does not respond");
    check_ends_while_waiting(Reply::retry_after(429, "120"), "no call for 120 s");
}

#[test]
fn signal_ends_hanging_probe() {
    let server = FakeOllama::start(Script::new().rule(When::under("/"), Reply::hang_before_headers()));
    let place = Place::with_functions(2);
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &[])));
    server.wait_until(PATIENCE, |counts| counts.requests >= 1);
    let start = Instant::now();
    running.signal("INT");
    running.wait().exited_with(130);
    // The probe itself may take ten seconds.
    assert!(start.elapsed() < Duration::from_secs(8), "it ended after {:?}", start.elapsed());
    let database = place.database();
    assert_eq!((database.ends(), database.latest_stages().len()), (vec!["interrupted: ended by SIGINT".to_owned()], 0));
}

#[test]
fn inherited_ignored_signal_stays_ignored() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(2);
    let url = server.url();
    let cds = place.command(&persist_arguments(&url, &[]));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' HUP INT; exec \"$0\" \"$@\""]).arg(cds.get_program()).args(cds.get_args());
    let running = Running::start(command.current_dir(place.path("")));
    server.wait_for_questions(1, PATIENCE);
    running.signal("HUP");
    running.signal("INT");
    gate.open();
    running.wait().succeeded();
}

/// Another program's trigger that never ends.
#[test]
fn signal_ends_endless_trigger() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let trigger = format!("CREATE TRIGGER endless AFTER INSERT ON records BEGIN SELECT ({endless}); END");
    rusqlite::Connection::open(place.path("cds.sqlite")).unwrap().execute_batch(&in_layout(&trigger)).unwrap();
    let mut running = Running::start(&mut place.command(&persist_arguments("builtin:", &[])));
    running.wait_for_line("intent_enrichment_summary");
    let stage = || std::fs::read_to_string(place.path(LOCK)).unwrap_or_default();
    let deadline = Instant::now() + PATIENCE;
    while !stage().contains("\"stage\":\"persist\"") {
        assert!(Instant::now() < deadline, "{}", stage());
        std::thread::yield_now();
    }
    let started = Instant::now();
    running.signal("TERM");
    running.wait().exited_with(143).stderr_has(&["error: interrupted"]);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let database = place.database();
    database.check_integrity();
    assert_eq!(database.number("SELECT count(*) FROM runs"), 1);
    assert_eq!(database.ends()[1], "interrupted: ended by SIGTERM");
}
