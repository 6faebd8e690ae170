//! `cds runs prune`: what it removes, what stays and why, and that nothing is half removed.

use std::fs;

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    PATIENCE,
    database::Database,
    ledger::{each, invocations, list},
    place::{DATABASE, Place, functions, is_compact, persist_arguments},
    running::Running,
};

/// Five snapshots of these ages in days, oldest first; the fourth belongs to another project.
fn place_with_ages(ages: [u32; 5]) -> Place {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(2);
    for (number, age) in (1..).zip(ages) {
        let project = if number == 4 { "other" } else { "shop" };
        place.persist(&server.url(), &["--project", project]).succeeded();
        let moment = format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{age} days')");
        place.database().execute(&format!(
            "UPDATE runs_ledger SET started_at = {moment}, finished_at = {moment} WHERE snapshot_id = {number};
             UPDATE runs SET started_at = {moment}, finished_at = {moment} WHERE id = {number};"
        ));
    }
    place
}

fn snapshots(database: &Database) -> Vec<i64> {
    database.rows("SELECT id FROM runs ORDER BY id").iter().map(|row| row["id"].as_i64().expect("a number")).collect()
}

/// The last line of a prune with these counts.
fn pruned(place: &Place, counts: &str) -> String {
    let rows = place.database().texts("SELECT hash FROM snapshot_chain ORDER BY sequence");
    format!("pruned {counts} chain_head={}", rows.last().expect("a row of the chain"))
}

/// Asserts that nothing refers to a removed snapshot.
#[track_caller]
fn check_nothing_dangles(database: &Database) {
    for sql in [
        "SELECT count(*) FROM records WHERE run_id NOT IN (SELECT id FROM runs)",
        "SELECT count(*) FROM analyzer_errors WHERE run_id NOT IN (SELECT id FROM runs)",
        "SELECT count(*) FROM enrichments WHERE run_id NOT IN (SELECT id FROM runs)",
        "SELECT count(*) FROM record_questions WHERE record_id NOT IN (SELECT id FROM records)",
        "SELECT count(*) FROM runs WHERE record_count <> (SELECT count(*) FROM records WHERE run_id = runs.id)",
    ] {
        assert_eq!(database.number(sql), 0, "{sql}");
    }
    assert!(database.rows("PRAGMA foreign_key_check").is_empty());
    database.check_integrity();
}

#[test]
fn each_rule_keeps_its_runs() {
    let place = place_with_ages([40, 40, 20, 2, 1]);
    let whole = place.read(DATABASE);
    for (rules, expected) in [
        (&["--keep-last", "1"][..], &[4, 5][..]),
        (&["--keep-last", "2"], &[3, 4, 5]),
        (&["--keep-last", "9"], &[1, 2, 3, 4, 5]),
        (&["--older-than", "30d"], &[3, 4, 5]),
        // The newest always stays.
        (&["--older-than", "1h"], &[5]),
        // Two of the four snapshots of one project are of the same day.
        (&["--keep-daily", "1"], &[4, 5]),
        (&["--keep-daily", "2"], &[3, 4, 5]),
        (&["--keep-daily", "3"], &[2, 3, 4, 5]),
        (&["--keep-last", "1", "--older-than", "15d"], &[4, 5]),
        (&["--keep-last", "1", "--older-than", "30d"], &[3, 4, 5]),
    ] {
        place.write(DATABASE, &whole);
        let before = place.database().dump();
        let ledger = invocations(&place.database());
        let files = place.names();

        let planned = place.ask_json(&[&["runs", "prune", "--dry-run"], rules].concat());
        assert_eq!((&planned["dry_run"], &planned["chain_head"]), (&json!(true), &Value::Null));
        assert_eq!(place.names(), files, "{rules:?}");
        assert_eq!(place.database().dump(), before, "{rules:?}: nothing is written");
        let done = place.ask_json(&[&["runs", "prune"], rules].concat());
        let verdicts = list(&done, "snapshots");
        assert_eq!(verdicts.len(), 5);
        for name in ["snapshot_id", "is_kept", "ledger_id", "project", "record_count"] {
            assert_eq!(each(list(&planned, "snapshots"), name), each(verdicts, name), "{rules:?}");
        }
        for verdict in verdicts {
            let is_kept = expected.contains(&verdict["snapshot_id"].as_i64().unwrap());
            assert_eq!(verdict["is_kept"], is_kept, "{rules:?}: {verdict}");
            assert!(verdict["reason"].as_str().is_some_and(|reason| reason.len() > 5), "{verdict}");
        }
        assert_eq!((&done["kept_count"], &done["removed_count"]), (&json!(expected.len()), &json!(5 - expected.len())));
        let database = place.database();
        let heads = database.texts("SELECT hash FROM snapshot_chain WHERE event = 'pruned' ORDER BY sequence");
        assert_eq!(heads.len(), 5 - expected.len(), "{rules:?}: one row of the chain for each that is removed");
        assert_eq!(done["chain_head"].as_str(), heads.last().map(String::as_str), "{rules:?}");
        assert_eq!(snapshots(&database), expected, "{rules:?}");
        check_nothing_dangles(&database);
        let rows = invocations(&database);
        assert_eq!(rows[..5], ledger, "the ledger keeps its rows");
        assert_eq!((rows.len(), &rows[5]["command"]), (6, &json!("runs prune")));
        assert_eq!(database.number("SELECT count(DISTINCT ledger_id) FROM stage_runs"), 5);
        assert_eq!(database.kept_count(), 2, "answers that were paid for stay");
    }
}

#[test]
fn pruned_run_keeps_ledger_and_number() {
    let place = place_with_ages([5, 4, 3, 2, 1]);
    let root = place.ask_json(&["runs", "show", "3"])["run"]["snapshot_root"].clone();
    let text = place.ask(&["runs", "prune", "--older-than", "1h"]).succeeded().stdout;
    assert_eq!(text.lines().last().unwrap(), pruned(&place, "snapshots=4 records=12 kept=1"));
    let shown = place.shown("3");
    assert!(shown.contains("snapshot 3 was pruned") && shown.contains("status completed"), "{shown}");
    assert!(shown.contains(&format!("snapshot root {}", root.as_str().unwrap())), "{shown}");
    let shown = place.ask_json(&["runs", "list"]);
    let runs = list(&shown, "runs");
    assert_eq!((runs.len(), &runs[0]["ledger"]["command"]), (6, &json!("runs prune")));
    assert_eq!((&runs[2]["snapshot_id"], &runs[2]["snapshot"]), (&json!(4), &Value::Null));
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(snapshots(&place.database()), [5, 6]);
    // Another program may remove the last one; its number is not reused either.
    place.database().execute(
        "PRAGMA foreign_keys = OFF; DELETE FROM record_questions; DELETE FROM records; DELETE FROM enrichments;
         DELETE FROM runs",
    );
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(snapshots(&place.database()), [7]);
    // If nothing was removed, the chain has no new end.
    let again = place.ask(&["runs", "prune", "--keep-last", "1"]).succeeded().stdout;
    assert!(again.ends_with("pruned snapshots=0 records=0 kept=1\n"), "{again}");
}

#[test]
fn each_scope_keeps_its_last() {
    let place = Place::with_functions(1);
    place.write("tree/sub/more.py", "def more():\n    return 1\n");
    place.commit_tree();
    for path in ["tree/sub", "tree", "tree"] {
        let arguments = ["persist", "--path", path, "--db-path", DATABASE, "--provider-url", "builtin:"];
        place.cds(&arguments).succeeded();
    }
    let done = place.ask_json(&["runs", "prune", "--keep-last", "1"]);
    let verdicts = list(&done, "snapshots");
    assert_eq!(each(verdicts, "snapshot_id"), [3, 2, 1]);
    assert_eq!(each(verdicts, "part"), ["", "", "sub"]);
    assert_eq!(verdicts[2]["reason"], "the last of project tree, part sub");
    assert_eq!(snapshots(&place.database()), [1, 3]);
}

#[test]
fn empty_file_is_unchanged() {
    let place = Place::empty();
    place.write(DATABASE, "");
    for more in [&[][..], &["--dry-run"], &["--compact"], &["--format", "json"]] {
        let outcome = place.ask(&[&["runs", "prune", "--keep-last", "1"], more].concat()).succeeded();
        assert!(outcome.stdout.contains("no snapshot to remove") || outcome.stdout.contains("\"removed_count\":0"));
        assert!(place.read(DATABASE).is_empty(), "{more:?}");
    }
}

#[test]
fn disk_space_is_freed() {
    // Here the runs share their records, so almost nothing is freed.
    if is_compact() {
        return;
    }
    let place = Place::with_functions(1500);
    for _ in 0..2 {
        place.persist("builtin:", &[]).succeeded();
    }
    let size = || fs::metadata(place.path(DATABASE)).unwrap().len();
    let before = size();
    place.ask(&["runs", "prune", "--keep-last", "1"]).succeeded();
    assert_eq!(size(), before, "without the option no space is freed");
    let done = place.ask_json(&["runs", "prune", "--keep-last", "1", "--compact"]);
    assert!(size() * 10 < before * 8, "{before} bytes became {}", size());
    assert_eq!((&done["bytes_before"], &done["bytes_after"]), (&json!(before), &json!(size())));
    assert_eq!(snapshots(&place.database()), [2]);
    check_nothing_dangles(&place.database());
    place.persist("builtin:", &[]).succeeded();
}

#[test]
fn prune_refuses_during_active_run() {
    let gate = Gate::new();
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::usual().until(&gate)));
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/more.py", functions(2));
    let url = server.url();
    let running = Running::start(&mut place.command(&persist_arguments(&url, &[])));
    server.wait_for_questions(1, PATIENCE);
    place.ask(&["runs", "prune", "--older-than", "1s"]).exited_with(1).stderr_has(&[
        "lock",
        "stage enrich",
        "--lock-timeout",
    ]);
    assert_eq!(snapshots(&place.database()), [1]);
    assert_eq!(place.ask_json(&["runs", "show", "latest"])["run"]["status"], "running");
    gate.open();
    running.wait().succeeded();
    assert_eq!(snapshots(&place.database()), [1, 2]);
}

#[test]
fn failed_prune_removes_nothing() {
    let place = place_with_ages([5, 4, 3, 2, 1]);
    place.database().execute(
        "CREATE TRIGGER planned BEFORE DELETE ON records WHEN OLD.run_id = 2 BEGIN SELECT RAISE(ABORT, 'planned'); END",
    );
    let before = place.database().dump_of_runs();
    place.ask(&["runs", "prune", "--keep-last", "1"]).exited_with(1).stderr_has(&["planned"]);
    assert_eq!(place.database().dump_of_runs(), before);
    let end = place.database().ends().pop().unwrap();
    assert!(end.starts_with("failed: ") && end.contains("planned"), "{end}");
}

#[test]
fn later_failure_does_not_hide_prune() {
    let place = place_with_ages([5, 4, 3, 2, 1]);
    let reader = place.database();
    // A reader in a transaction keeps the file from shrinking.
    reader.execute("BEGIN");
    assert_eq!(reader.number("SELECT count(*) FROM runs"), 5);
    let words = ["runs", "prune", "--older-than", "1h", "--compact", "--busy-timeout", "50ms"];
    let outcome = place.ask(&words).exited_with(1);
    let line = pruned(&place, "snapshots=4 records=12 kept=1");
    assert!(outcome.stdout.ends_with(&format!("{line}\n")), "{outcome:#?}");
    outcome.stderr_has(&[
        "failed to rebuild the file after the pruning, which is done: ",
        "hint: the snapshots are removed",
    ]);
    let outcome = place.ask(&[&words[..], &["--format", "json"]].concat()).exited_with(1);
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&object["kept_count"], &object["bytes_after"]), (&json!(1), &Value::Null));
    reader.execute("COMMIT");
    assert_eq!(snapshots(&place.database()), [5]);
    place.ask(&words).succeeded();
    check_nothing_dangles(&place.database());
}

#[test]
fn rule_is_required_and_checked() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    for wrong in [&[][..], &["--compact"], &["--keep-last", "0"], &["--keep-daily", "-1"], &["--older-than", "x"]] {
        let outcome = place.ask(&[&["runs", "prune"], wrong].concat()).exited_with(2);
        assert_eq!(outcome.stdout, "");
    }
    assert_eq!(snapshots(&place.database()), [1]);
}
