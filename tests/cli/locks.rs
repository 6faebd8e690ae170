//! A database that another connection has locked.

use std::time::{Duration, Instant};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};

use crate::{
    PATIENCE,
    database::{CONTRACT, Database},
    place::{DATABASE, Outcome, Place, persist_arguments},
    running::Running,
};

/// Runs against `place`, whose database is locked. The command must give up after the allowed time.
#[track_caller]
fn check_is_refused(place: &Place) {
    let server = FakeOllama::start(Script::new());
    let start = Instant::now();
    let url = server.url();
    let mut command = place.command(&persist_arguments(&url, &["--busy-timeout", "200ms"]));
    let outcome = Outcome::of(command.env("CDS_BUSY_TIMEOUT", "1h")).exited_with(1);
    assert!(start.elapsed() >= Duration::from_millis(200), "it did not wait");
    assert!(start.elapsed() < PATIENCE, "it waited as long as by default");
    let outcome = outcome.stderr_has(&["\"cds.sqlite\"", "locked", "--busy-timeout"]);
    assert_eq!(outcome.stdout, "");
    assert!(server.requests().is_empty());
}

#[test]
fn blocking_writer_is_reported() {
    let place = Place::with_shop();
    place.persist("builtin:", &[]).succeeded();
    let before = place.database().dump();
    let holder = place.database();
    holder.execute("BEGIN IMMEDIATE");
    check_is_refused(&place);
    holder.execute("ROLLBACK");
    assert_eq!(holder.dump(), before);

    let place = Place::with_shop();
    Database::create(&place.path(DATABASE), CONTRACT);
    let holder = place.database();
    holder.execute("BEGIN EXCLUSIVE");
    check_is_refused(&place);
    holder.execute("ROLLBACK");
    assert_eq!(holder.number("SELECT count(*) FROM runs"), 0);
}

/// Starts a run, locks the database at its first question, and lets the run continue.
fn taken_while_asking(busy_timeout: &str, meanwhile: impl FnOnce(&FakeOllama, &Database)) -> (Place, Outcome) {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(3);
    let url = server.url();
    let mut command = place.command(&persist_arguments(&url, &["--busy-timeout", busy_timeout]));
    let running = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn();
    let running = running.expect("the binary runs");
    server.wait_for_questions(1, PATIENCE);
    let holder = place.database();
    holder.execute("BEGIN IMMEDIATE");
    gate.open();
    meanwhile(&server, &holder);
    let outcome = Outcome::from(running.wait_with_output().expect("it ends"));
    drop(holder);
    (place, outcome)
}

#[test]
fn writer_during_questions_is_reported() {
    let (place, outcome) = taken_while_asking("200ms", |_, _| ());
    let outcome = outcome.exited_with(1).stderr_has(&["begin the transaction", "locked"]);
    assert_eq!(outcome.stdout, "");
    assert_eq!(outcome.stderr.matches("the accounts of this run are not complete").count(), 1, "{outcome:#?}");
    assert_eq!(place.database().number("SELECT count(*) FROM runs"), 0);
    assert_eq!(place.database().number("SELECT count(*) FROM records"), 0);
}

#[test]
fn short_writer_is_waited_for() {
    let (place, outcome) = taken_while_asking("30s", |server, holder| {
        server.wait_until(PATIENCE, |counts| counts.answered == 3);
        holder.execute("COMMIT");
    });
    assert!(outcome.succeeded().stdout.contains(" record_count=4 "));
    assert_eq!(place.database().number("SELECT count(*) FROM records"), 4);
}

#[test]
fn delayed_answers_are_kept_later() {
    let (first, last) = (Gate::new(), Gate::new());
    let script = Script::new()
        .rule(When::question().containing("def f24("), Reply::usual().until(&last))
        .rule(When::question(), Reply::usual().until(&first));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(24);
    let url = server.url();
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &["--busy-timeout", "200ms"])));
    server.wait_for_questions(1, PATIENCE);
    let holder = place.database();
    holder.execute("BEGIN IMMEDIATE");
    first.open();
    running.wait_for_line("answers are not kept");
    holder.execute("COMMIT");
    last.open();
    let outcome = running.wait().succeeded();
    assert!(outcome.stdout.contains(" intent_failed_count=0 "), "{outcome:?}");
    assert_eq!(holder.kept_count(), 24);
    place.persist(&url, &[]).succeeded();
    assert_eq!(server.generate_count(), 24);
}

#[test]
fn reader_blocks_no_writer() {
    let place = Place::with_shop();
    place.persist("builtin:", &[]).succeeded();
    let reader = place.database();
    reader.execute("BEGIN");
    assert_eq!(reader.number("SELECT count(*) FROM runs"), 1);
    place.persist("builtin:", &["--busy-timeout", "1s"]).succeeded();
    assert_eq!(reader.number("SELECT count(*) FROM runs"), 1, "a reader sees one state");
    reader.execute("COMMIT");
    assert_eq!(reader.number("SELECT count(*) FROM runs"), 2);
}
