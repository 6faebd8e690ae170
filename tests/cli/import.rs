//! `cds import`: each run is imported once, completely and with its root, from databases, archives and other programs.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    archive::{ARCHIVE, add_run, archive, damage, place_with_runs, repair},
    database::{CONTRACT, Database},
    place::{DATABASE, Outcome, Place},
    running::Running,
};

/// The database that receives the runs.
const TEAM: &str = "team.sqlite";

fn import_arguments<'a>(from: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["import", "--from", from, "--db-path", TEAM];
    arguments.extend(more);
    arguments
}

fn import(place: &Place, from: &str, more: &[&str]) -> Outcome {
    place.cds(&import_arguments(from, more))
}

fn team(place: &Place) -> Database {
    Database::open(&place.path(TEAM))
}

/// Asserts that nothing in the team's database is altered or missing.
#[track_caller]
fn check_is_unaltered(place: &Place, run_count: usize) {
    let outcome = place.cds(&["verify", "--db-path", TEAM]).succeeded();
    let line = format!("verified runs={run_count} ");
    assert!(outcome.stdout.starts_with(&line) && outcome.stdout.contains(" unverified=0"), "{outcome:#?}");
}

/// The two numbers of the state file, and the failure log.
#[track_caller]
fn state(place: &Place) -> (i64, i64, String) {
    let state: Value = serde_json::from_slice(&place.read("import_state.json")).expect("the state file is JSON");
    let number = |name: &str| state[name].as_i64().expect("a number");
    let log = String::from_utf8(place.read("import_failures.log")).expect("the log is text");
    (number("last_contiguous_run"), number("last_attempted_run"), log)
}

#[test]
fn each_run_is_imported_once() {
    let place = place_with_runs(2);
    let outcome = import(&place, DATABASE, &[]).succeeded();
    let sum = "imported runs=2 records=7 failed=0 already=0 last_contiguous_run=2 last_attempted_run=2\n";
    assert_eq!(outcome.stdout, sum);
    let (source, target) = (place.database(), team(&place));
    for run in [1, 2] {
        assert_eq!(source.records(run), target.records(run));
    }
    for query in [
        "SELECT snapshot_root FROM snapshot_chain ORDER BY sequence",
        "SELECT run_hash FROM snapshot_chain ORDER BY sequence",
        "SELECT run_id || status || subject FROM runs_ledger WHERE command = 'persist' ORDER BY started_at",
        "SELECT run_id || stage || status FROM stage_runs ORDER BY started_at",
        "SELECT run_id || role || request FROM ledger_details WHERE role = 'run' ORDER BY run_id",
        "SELECT transition || content_hash FROM unit_history ORDER BY sequence",
    ] {
        assert_eq!(source.texts(query), target.texts(query), "{query}");
    }
    let head = target.texts("SELECT hash FROM snapshot_chain ORDER BY sequence DESC LIMIT 1").remove(0);
    let proof = outcome.lines_of("proof");
    assert!(proof.len() == 1 && proof[0].ends_with(&format!("chain_head={head}")), "{outcome:#?}");
    assert_eq!(outcome.lines_of("import_run").len(), 2);
    assert_eq!(state(&place), (2, 2, String::new()));
    check_is_unaltered(&place, 2);

    let before = target.dump_of_runs();
    let outcome = import(&place, DATABASE, &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=0 "), "{outcome:#?}");
    assert_eq!(outcome.lines_of("proof"), [""; 0]);
    assert_eq!(target.dump_of_runs(), before, "a second import does nothing");
    add_run(&place);
    let outcome = import(&place, DATABASE, &["--format", "json"]).succeeded();
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&object["done_count"], &object["runs"][0]["local_run_id"]), (&json!(1), &json!(3)));
    assert!(object["chain_head"].as_str().unwrap().starts_with("sha256:"));
    // The same database under another name adds nothing.
    fs::copy(place.path(DATABASE), place.path("artifact.sqlite")).unwrap();
    let outcome = import(&place, "artifact.sqlite", &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=0 ") && outcome.stdout.contains(" already=3 "), "{outcome:#?}");
    check_is_unaltered(&place, 3);
}

#[test]
fn deleted_run_is_imported_again() {
    let place = place_with_runs(2);
    import(&place, DATABASE, &[]).succeeded();
    let counts = || {
        // Without the runs of the imports themselves.
        let owner = "(SELECT run_id FROM runs_ledger WHERE command = 'persist')";
        [
            ("runs_ledger", "run_id"),
            ("ledger_details", "run_id"),
            ("stage_runs", "ledger_id"),
            ("telemetry", "ledger_id"),
        ]
        .map(|(table, id)| team(&place).number(&format!("SELECT count(*) FROM {table} WHERE {id} IN {owner}")))
    };
    let before = counts();
    team(&place).execute(
        "PRAGMA foreign_keys = OFF;
         DELETE FROM records WHERE run_id = 1; DELETE FROM enrichments WHERE run_id = 1; DELETE FROM runs WHERE id = 1",
    );
    let outcome = import(&place, DATABASE, &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=1 ") && outcome.stdout.contains(" already=0 "), "{outcome:#?}");
    assert_eq!(team(&place).records(3), place.database().records(1));
    assert_eq!(counts(), before, "the accounts are those that were there");
    let number = "SELECT snapshot_id FROM runs_ledger WHERE command = 'persist' ORDER BY started_at LIMIT 1";
    assert_eq!(team(&place).number(number), 3);
    // A run that was pruned on purpose is not imported again.
    place.cds(&["runs", "prune", "--db-path", TEAM, "--keep-last", "1"]).succeeded();
    let outcome = import(&place, DATABASE, &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=0 "), "{outcome:#?}");
}

#[test]
fn hidden_row_fails_its_run() {
    for table in ["runs_ledger", "ledger_details", "stage_runs"] {
        let place = place_with_runs(1);
        let other = Place::with_functions(2);
        other.persist("builtin:", &[]).succeeded();
        fs::copy(other.path(DATABASE), place.path(TEAM)).unwrap();
        team(&place).execute(&format!("CREATE TRIGGER hides BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END"));
        let outcome = import(&place, DATABASE, &[]).exited_with(1).stderr_has(&[table, "ignored"]);
        assert!(outcome.stdout.starts_with("imported runs=0 "), "{outcome:#?}");
        assert_eq!(team(&place).number("SELECT count(*) FROM runs"), 1, "{table}: nothing of the run is there");
    }
}

#[test]
fn merged_databases_keep_projects() {
    let place = place_with_runs(2);
    let other = Place::with_functions(5);
    other.persist("builtin:", &["--project", "store"]).succeeded();
    fs::copy(other.path(DATABASE), place.path("other.sqlite")).unwrap();
    import(&place, DATABASE, &[]).succeeded();
    import(&place, "other.sqlite", &[]).succeeded();
    let projects = team(&place).texts("SELECT project FROM snapshot_chain ORDER BY run_id");
    assert_eq!(projects, ["shop", "shop", "store"]);
    check_is_unaltered(&place, 3);
    let only = ["import", "--from", TEAM, "--db-path", "one.sqlite", "--project", "store"];
    assert!(place.cds(&only).succeeded().stdout.starts_with("imported runs=1 records=6 "));
    let rest = place.cds(&["import", "--from", TEAM, "--db-path", "one.sqlite"]).succeeded();
    assert!(rest.stdout.starts_with("imported runs=2 "), "what was passed over comes: {rest:#?}");
    let none = ["import", "--from", TEAM, "--db-path", "one.sqlite", "--project", "none"];
    place.cds(&none).exited_with(2).stderr_has(&["import project \"none\": the database has no run of it"]);
    // From there into an archive, and back again.
    place.cds(&["archive", "--db-path", TEAM, "--to", "fleet"]).succeeded();
    let outcome = place.cds(&["import", "--from", "fleet", "--db-path", "back.sqlite"]).succeeded();
    assert_eq!(outcome.stdout, "imported runs=3 records=13 failed=0 already=0\n");
    assert_eq!(outcome.lines_of("import_run").iter().filter(|line| line.contains(" project=store ")).count(), 1);
    place.cds(&["verify", "--db-path", "back.sqlite"]).succeeded();
    let outcome = import(&place, "fleet", &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=0 records=0 failed=0 already=3"), "{outcome:#?}");
}

#[test]
fn archive_imports_like_database() {
    let place = place_with_runs(2);
    archive(&place, &[]).succeeded();
    let outcome = import(&place, ARCHIVE, &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=2 records=7 "), "{outcome:#?}");
    for run in [1, 2] {
        assert_eq!(place.database().records(run), team(&place).records(run));
    }
    check_is_unaltered(&place, 2);
    let outcome = import(&place, DATABASE, &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=0 "), "the same runs by another way: {outcome:#?}");
    import(&place, ARCHIVE, &["--project", "none"]).exited_with(2).stderr_has(&["the archive has none"]);
    fs::create_dir(place.path("empty")).unwrap();
    import(&place, "empty", &[]).exited_with(2).stderr_has(&["no run lies in it"]);
}

#[test]
fn damaged_archive_file_fails_run() {
    let place = place_with_runs(3);
    archive(&place, &[]).succeeded();
    let path = "archive/project=shop/run_id=2/records.parquet";
    let whole = place.read(path);
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.write(path, &bytes);
    let outcome = import(&place, ARCHIVE, &[]).exited_with(1).stderr_has(&["error: failed to import run 2 of shop: "]);
    assert!(outcome.stdout.starts_with("imported runs=2 "), "{outcome:#?}");
    assert_eq!(state(&place), (1, 3, "2\n".to_owned()));
    check_is_unaltered(&place, 2);
    place.write(path, whole);
    import(&place, ARCHIVE, &["--retry-failed"]).succeeded();
    assert_eq!(state(&place), (3, 3, String::new()));
    check_is_unaltered(&place, 3);
}

#[test]
fn misplaced_run_names_both_projects() {
    let place = place_with_runs(2);
    archive(&place, &[]).succeeded();
    fs::create_dir(place.path("archive/project=store")).unwrap();
    fs::rename(place.path("archive/project=shop/run_id=2"), place.path("archive/project=store/run_id=2")).unwrap();
    let outcome = import(&place, ARCHIVE, &[]).exited_with(1);
    outcome.stderr_has(&["import run 2 of store: ", "it is run 2 of project \"store\"", "names run 2 of \"shop\""]);
    import(&place, ARCHIVE, &["--project", "store", "--retry-failed"]).exited_with(1);
    fs::rename(place.path("archive/project=store/run_id=2"), place.path("archive/project=shop/run_id=2")).unwrap();
    assert!(import(&place, ARCHIVE, &[]).succeeded().stdout.starts_with("imported runs=1 "));
    check_is_unaltered(&place, 2);
}

#[test]
fn altered_run_is_refused_alone() {
    let place = place_with_runs(3);
    damage(&place, 2);
    let source = place.read(DATABASE);
    let outcome = import(&place, DATABASE, &[]).exited_with(1).stderr_has(&["error: failed to import run 2: ", "root"]);
    assert!(outcome.stdout.starts_with("imported runs=2 records=8 failed=1 "), "{outcome:#?}");
    assert_eq!(place.read(DATABASE), source, "the source is only read");
    assert_eq!(state(&place), (1, 3, "2\n".to_owned()));
    check_is_unaltered(&place, 2);
    import(&place, DATABASE, &[]).succeeded();
    repair(&place, 2);
    let outcome = import(&place, DATABASE, &["--retry-failed"]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=1 "), "{outcome:#?}");
    assert_eq!(state(&place), (3, 3, String::new()));
    check_is_unaltered(&place, 3);
}

#[test]
fn foreign_database_needs_two_tables() {
    let place = Place::empty();
    Database::create(
        &place.path("other.sqlite"),
        &format!(
            "{CONTRACT}
            insert into runs values (4, '2026-11-20T10:00:00.000Z', '2026-11-20T10:01:00.000Z', '/srv/code/till',
              'http://127.0.0.1:11434', 'm', 'all', 10, 'completed', 0, 0, 2);
            insert into records values (7, 4, 'file', 'a.py', null, 1, 2, 'def f():' || char(10) || '    pass',
              'def f():' || char(10) || '    pass', '5ee4f4fcd56cf4a2a6f80bd9d8a2ab9a', null, 'skipped', null);
            insert into records values (9, 4, 'function', 'a.py', 'def f():', 1, 2,
              'def f():' || char(10) || '    pass', 'def f():' || char(10) || '    pass',
              '5ee4f4fcd56cf4a2a6f80bd9d8a2ab9a', 'Does nothing.', 'success', null);"
        ),
    );
    let outcome = import(&place, "other.sqlite", &[]).succeeded();
    assert_eq!(
        outcome.stdout,
        "imported runs=1 records=2 failed=0 already=0 last_contiguous_run=4 last_attempted_run=4\n"
    );
    assert_eq!(team(&place).texts("SELECT project FROM snapshot_chain"), ["till"], "the last folder of its tree");
    assert_eq!(team(&place).texts("SELECT intent FROM records WHERE intent IS NOT NULL"), ["Does nothing."]);
    assert!(import(&place, "other.sqlite", &[]).succeeded().stdout.starts_with("imported runs=0 "));
    // Later rows of another program are new, whatever exists already.
    Database::open(&place.path("other.sqlite")).execute(
        "insert into runs select 5, started_at, finished_at, root_path, provider_url, model, scope,
           progress_batch_size, status, 0, 0, 0 from runs",
    );
    let outcome = import(&place, "other.sqlite", &["--project", "till"]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=1 records=0 "), "{outcome:#?}");
}

#[test]
fn database_cannot_import_itself() {
    let place = place_with_runs(1);
    let before = place.database().dump();
    let into_itself = |from: &str| place.cds(&["import", "--from", from, "--db-path", DATABASE]);
    into_itself(DATABASE).exited_with(2).stderr_has(&["it is the database that the runs would go to"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(place.path(DATABASE), place.path("link.sqlite")).unwrap();
        into_itself("link.sqlite").exited_with(2);
    }
    assert_eq!(place.database().dump(), before);
    place.write("text", "no database");
    for wrong in ["missing.sqlite", "text"] {
        let outcome = import(&place, wrong, &[]);
        assert!(matches!(outcome.code, Some(1 | 2)), "{outcome:#?}");
        assert!(!place.path(TEAM).exists(), "no database is created in vain");
    }
}

#[test]
fn kept_intents_are_imported() {
    use cds_fake_ollama::{FakeOllama, Script};
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(3);
    place.persist(&server.url(), &[]).succeeded();
    import(&place, DATABASE, &[]).succeeded();
    assert_eq!(team(&place).kept_count(), 3);
    let arguments = ["persist", "--path", "tree", "--db-path", TEAM, "--provider-url", &server.url()];
    place.cds(&arguments).succeeded();
    assert_eq!(server.generate_count(), 3, "nothing is paid for twice");
}

/// A place with a small run and a large one, and an import stopped by SIGSTOP in the middle of the large one.
#[cfg(unix)]
fn caught() -> (Place, Running) {
    let place = place_with_runs(1);
    place.write("tree/functions.py", crate::place::functions(20_000));
    place.persist("builtin:", &["--project", "shop", "--max-file-size", "100MB"]).succeeded();
    let log = place.path("team.sqlite-wal");
    // The large run makes the log outgrow the cache before the commit, and much more at the commit.
    let is_in_the_middle = || fs::metadata(&log).is_ok_and(|log| (1_000_000..4_000_000).contains(&log.len()));
    let undo = || {
        for name in [TEAM, "import_state.json", "import_failures.log"] {
            fs::remove_file(place.path(name)).expect("an import leaves it");
        }
    };
    let running = Running::catch(|| place.command(&import_arguments(DATABASE, &[])), is_in_the_middle, undo);
    (place, running)
}

#[cfg(unix)]
#[test]
fn killed_import_resumes() {
    let (place, running) = caught();
    running.kill();
    assert_eq!(team(&place).number("SELECT count(*) FROM runs"), 1);
    team(&place).check_integrity();
    let outcome = import(&place, DATABASE, &[]).succeeded();
    assert!(outcome.stdout.starts_with("imported runs=1 records=20001 "), "{outcome:#?}");
    assert_eq!(state(&place), (2, 2, String::new()));
    check_is_unaltered(&place, 2);
}

#[cfg(unix)]
#[test]
fn signal_ends_import_within_run() {
    let (place, running) = caught();
    running.signal("TERM");
    running.signal("CONT");
    let outcome = running.wait().exited_with(143).stderr_has(&["error: interrupted"]);
    assert!(outcome.stdout.starts_with("imported runs=1 "), "{outcome:#?}");
    assert_eq!(team(&place).number("SELECT count(*) FROM runs"), 1);
    assert_eq!(state(&place), (1, 1, String::new()));
    import(&place, DATABASE, &[]).succeeded();
    check_is_unaltered(&place, 2);
}

#[cfg(unix)]
#[test]
fn concurrent_imports_take_turns() {
    let (place, running) = caught();
    let pid = format!("process {} on ", running.id());
    let outcome = import(&place, DATABASE, &[]).exited_with(1);
    outcome.stderr_has(&["it is held by ", &pid, "command import", "--lock-timeout"]);
    let mut command: Command = place.command(&import_arguments(DATABASE, &["--lock-timeout", "60s"]));
    let second = Running::start(&mut command);
    running.signal("CONT");
    running.wait().succeeded();
    let outcome = second.wait().succeeded();
    assert!(outcome.stdout.starts_with("imported runs=0 "), "{outcome:#?}");
    check_is_unaltered(&place, 2);
}
