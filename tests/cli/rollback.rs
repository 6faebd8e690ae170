//! A failed snapshot leaves the database exactly as it was.

use crate::{
    database::Database,
    place::{DATABASE, Outcome, Place, functions, is_compact, persist_arguments},
};

/// With `trigger` in a database with one run, the next run must fail at the named step.
#[track_caller]
fn check(trigger: &str, expected: &[&str]) {
    let place = Place::with_shop();
    place.persist("builtin:", &[]).succeeded();
    place.database().execute(trigger);
    let before = place.database().dump_of_runs();
    let outcome =
        place.persist("builtin:", &[]).exited_with(1).stderr_has(&["error: failed to ", DATABASE]).stderr_has(expected);
    assert_eq!(outcome.stdout, "");
    place.check_is_tidy();
    let database = place.database();
    assert_eq!(database.dump_of_runs(), before);
    database.check_integrity();
    check_cause(&database, &outcome);
    database.execute("DROP TRIGGER planned");
    drop(database);
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert!(outcome.stdout.starts_with("persisted run_id=2 "), "{outcome:?}");
}

/// Asserts that the ledger and the last stage of the latest run name the printed cause.
#[track_caller]
fn check_cause(database: &Database, outcome: &Outcome) {
    let shown = outcome.stderr.lines().find_map(|line| line.strip_prefix("error: ")).expect("an error");
    assert_eq!(database.ends()[1..], [format!("failed: {shown}")]);
    assert_eq!(database.latest_stages().last(), Some(&format!("persist failed: {shown}")));
}

/// A trigger on the n-th record of a run.
fn on_record(number: usize, action: &str) -> String {
    format!(
        "CREATE TRIGGER planned BEFORE INSERT ON records
         WHEN (SELECT count(*) FROM records WHERE run_id = NEW.run_id) = {number} - 1
         BEGIN SELECT RAISE({action}); END"
    )
}

#[test]
fn refused_record_rolls_back() {
    let action = "ABORT, 'planned failure'";
    if is_compact() {
        // The tree is the same, so all of its records are one row.
        let trigger = format!("CREATE TRIGGER planned BEFORE INSERT ON run_records BEGIN SELECT RAISE({action}); END");
        return check(&trigger, &["insert a row into run_records", "planned failure"]);
    }
    check(&on_record(1, action), &["insert record 1 ", "__init__.py", "planned failure"]);
    check(&on_record(17, action), &["insert record 17 ", "catalog.py", "planned failure"]);
    check(&on_record(59, action), &["insert record 59 ", "texts.py", "planned failure"]);

    check(&on_record(30, "ROLLBACK, 'refused'"), &["insert record 30 ", "refused"]);
    check(&on_record(30, "FAIL, 'stopped'"), &["insert record 30 ", "stopped"]);

    check(&on_record(5, "IGNORE"), &["insert record 5 ", "ignored"]);
}

#[test]
fn refused_run_or_error_rolls_back() {
    check(
        "CREATE TRIGGER planned BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no more runs'); END",
        &["insert the run", "no more runs"],
    );
    check(
        "CREATE TRIGGER planned BEFORE INSERT ON analyzer_errors WHEN NEW.file_path = 'nul.py'
         BEGIN SELECT RAISE(ABORT, 'no errors'); END",
        &["insert analyzer error 2", "nul.py", "no errors"],
    );
}

#[cfg(unix)]
#[test]
fn full_disk_rolls_back() {
    let place = Place::with_shop();
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/many.py", functions(4000));
    let before = place.database().dump_of_runs();
    // More than the current size, less than the next run needs.
    let mut command = place.command_with_limit(1000, &persist_arguments("builtin:", &[]));
    let outcome = Outcome::of(&mut command).exited_with(1).stderr_has(&["error: failed to ", DATABASE]);
    assert_eq!(outcome.stdout, "");
    let database = place.database();
    assert_eq!(database.dump_of_runs(), before);
    check_cause(&database, &outcome);
    drop(database);
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(place.database().number("SELECT count(*) FROM runs"), 2);
}
