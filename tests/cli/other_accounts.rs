//! Commands that analyze no tree record runs too: maintenance, failed gates, and refused commands.

use serde_json::{Value, json};

use crate::{
    database::CONTRACT,
    database::Database,
    ledger::{invocations, latest},
    place::{DATABASE, Place, TREE},
};

/// Command, role and status of each run, and whether it records a reason.
fn accounts(database: &Database) -> Vec<String> {
    database.texts(
        "SELECT concat_ws(' ', command, role, status, iif(error IS NULL, NULL, 'because'))
         FROM runs_ledger JOIN ledger_details USING (run_id) ORDER BY runs_ledger.rowid",
    )
}

fn copies() -> Place {
    let body = "    total = 0\n    for item in items:\n        if item > 3:\n            total += item * 2\n        \
                else:\n            total -= item\n    print(total)\n    return total\n";
    Place::with_files(&[("a.py", &format!("def f(items):\n{body}")), ("b.py", &format!("def g(items):\n{body}"))])
}

#[test]
fn maintenance_commands_leave_runs() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    place.persist("builtin:", &[]).succeeded();
    for words in [
        &["archive", "--to", "archive"][..],
        &["runs", "prune", "--keep-last", "1"],
        &["intents", "prune", "--unused"],
        &["import", "--from", "archive"],
    ] {
        place.cds(&[words, &["--db-path", DATABASE]].concat()).succeeded();
    }
    place.cds(&["import", "--from", "archive", "--db-path", "new.sqlite"]).succeeded();
    place.cds(&["import", "--from", "away", "--db-path", DATABASE]);
    let database = place.database();
    let upkeep = ["archive", "runs prune", "intents prune", "import"].map(|name| format!("{name} upkeep completed"));
    assert_eq!(accounts(&database)[2..6], upkeep);
    let stats = place.ask_json(&["runs", "stats"]);
    assert_eq!(stats["statuses"], json!([{ "name": "completed", "count": 2 }]));
    assert_eq!(stats["other_count"], accounts(&database).len() - 2);
    let row = &invocations(&database)[2];
    assert_eq!((&row["subject"], &row["root_path"], &row["snapshot_id"]), (&json!("*"), &Value::Null, &Value::Null));
    assert_eq!(accounts(&Database::open(&place.path("new.sqlite"))).last().unwrap(), "import upkeep completed");
    // `latest` is still the last snapshot, and the list has all runs.
    assert_eq!(place.ask_json(&["runs", "show", "latest"])["run"]["snapshot_id"], 2);
    let listed = place.ask_json(&["runs", "list", "--command", "archive"]);
    assert_eq!(listed["runs"][0]["details"]["request"]["arguments"][0], "--to");
    database.check_integrity();
}

#[test]
fn failed_maintenance_records_reason() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place.cds(&["archive", "--to", "archive", "--db-path", DATABASE]).succeeded();
    std::fs::remove_dir_all(place.path("archive")).expect("it is there");
    place.cds(&["archive", "--to", "archive", "--db-path", DATABASE]).exited_with(1);
    let database = place.database();
    assert_eq!(accounts(&database).last().unwrap(), "archive upkeep failed because");
    let shown = place.shown(latest(&database)["run_id"].as_str().unwrap());
    for part in ["outcome it failed: failed to use archive", "next cds archive --to ", "command line cds archive"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
}

#[test]
fn only_failed_gate_leaves_run() {
    let place = copies();
    place.persist("builtin:", &[]).succeeded();
    let before = place.read(DATABASE);
    let gate = ["dup-check", "--db-path", DATABASE];
    place.cds(&gate).succeeded();
    place.cds(&[&gate[..], &["--max-share", "100%"]].concat()).succeeded();
    place.cds(&["drift", "--path", TREE, "--db-path", DATABASE, "--fail-on-drift"]).succeeded();
    assert!(place.read(DATABASE) == before, "who only reads writes nothing");

    let outcome = place.cds(&[&gate[..], &["--fail-on", "any"]].concat()).exited_with(1);
    assert!(outcome.stdout.contains("a.py"), "{outcome:#?}");
    place.write("tree/a.py", "x = 1\n");
    place.cds(&["drift", "--path", TREE, "--db-path", DATABASE, "--fail-on-drift"]).exited_with(1);
    let database = place.database();
    assert_eq!(accounts(&database)[1..], ["dup check check failed because", "drift check failed because"]);
    assert_eq!(invocations(&database)[1]["subject"], invocations(&database)[0]["subject"]);
    // It is neither a baseline nor a snapshot.
    assert_eq!(place.ask_json(&["runs", "show", "latest"])["run"]["snapshot_id"], 1);
    drop(database);
    place.check_is_tidy();
}

#[cfg(unix)]
#[test]
fn gate_works_on_read_only_database() {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    let place = copies();
    place.persist("builtin:", &[]).succeeded();
    let before = place.read(DATABASE);
    let set = |mode| fs::set_permissions(place.path(DATABASE), fs::Permissions::from_mode(mode)).expect("it is ours");
    set(0o400);
    let outcome = place.cds(&["dup-check", "--db-path", DATABASE, "--fail-on", "any"]).exited_with(1);
    set(0o600);
    let errors = outcome.lines_of("error:");
    assert!(errors.len() == 1 && errors[0].contains("gate failed"), "{outcome:#?}");
    // The superuser may write to any file.
    if outcome.stderr.contains("the ledger has no entry for this check") {
        assert!(place.read(DATABASE) == before, "nothing was written");
    }
}

#[test]
fn gate_keeps_foreign_database() {
    let place = copies();
    Database::create(&place.path(DATABASE), CONTRACT);
    place.persist("builtin:", &[]).succeeded();
    place.database().execute("DROP TABLE ledger_details");
    let runs = place.database().dump_of_runs();
    place.cds(&["dup-check", "--db-path", DATABASE, "--fail-on", "any"]).exited_with(1);
    let after = place.database().dump_of_runs();
    assert!(runs.iter().all(|line| after.contains(line)));
    assert_eq!(latest(&place.database())["command"], "dup check");
}

#[test]
fn missing_required_provider_leaves_run() {
    let place = Place::with_functions(1);
    place.persist("http://127.0.0.1:1", &["--require-provider"]).exited_with(1);
    let database = place.database();
    assert_eq!(accounts(&database), ["persist run failed because"]);
    assert_eq!(database.number("SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM stage_runs)"), 0);
    let shown = place.shown("latest");
    for part in
        ["it failed before its first stage: failed to ask for intents", "provider http://127.0.0.1:1", "runs replay"]
    {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
}
