//! `cds runs replay`: starts a run again with its original options, however it ended.

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::json;

use crate::{
    PATIENCE,
    ledger::{invocations, latest, text},
    place::{DATABASE, Outcome, Place, TREE, persist_arguments},
    running::Running,
};

const REPLAY: [&str; 5] = ["runs", "replay", "latest", "--db-path", DATABASE];

/// The words that a shell reads in a line.
#[track_caller]
fn words(line: &str) -> Vec<String> {
    let script = format!("printf '%s\\0' {line}");
    let output = std::process::Command::new("bash").args(["-c", &script]).output().expect("a shell");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn killed_run_is_replayed() {
    let place = Place::with_functions(3);
    let gate = Gate::new();
    let held = Script::new().rule(When::question().within(2..), Reply::usual().until(&gate));
    let server = FakeOllama::start(held);
    let url = server.url().replace("http://", "http://user:sentinel@");
    let more = ["--concurrency", "1", "--scope", "function", "--retries", "0"];
    let mut command = place.command(&persist_arguments(&url, &more));
    let running = Running::start(command.env("CDS_CONTEXT_TOKENS", "4096").env("CDS_PROVIDER_TOKEN", ""));
    server.wait_for_questions(2, PATIENCE);
    assert!(!running.kill().success());
    gate.open();

    let database = place.database();
    assert!(!database.dump().join("\n").contains("sentinel"), "no credential is kept");
    let request = place.ask_json(&["runs", "show", "latest"])["run"]["details"]["request"].clone();
    assert_eq!((&request["command"], &request["scope"]), (&json!("persist"), &json!("function")));
    assert_eq!(request["provider_url"], server.url().trim_end_matches('/'));

    let printed = place.cds(&[&REPLAY[..], &["--dry-run"]].concat()).succeeded();
    let line = words(printed.stdout.trim_end());
    let pair = |option: &str| line.iter().position(|word| word == option).map(|at| line[at + 1].clone());
    assert_eq!(line[..2], ["cds", "persist"]);
    assert_eq!(pair("--path"), Some(place.path(TREE).to_string_lossy().into_owned()));
    assert_eq!(pair("--context-tokens").as_deref(), Some("4096"), "the environment was asked for too");
    assert_eq!(pair("--model").as_deref(), Some("qwen3-coder:latest"), "a default is written down");
    assert_eq!(place.database().number("SELECT count(*) FROM runs_ledger"), 1, "nothing was started");

    // Today's environment provides the credentials, and an option that the run did not have.
    let outcome = Outcome::of(place.command(&REPLAY).env("CDS_PROVIDER_URL", &url).env("CDS_MAX_FILE_SIZE", "1"));
    let outcome = outcome.succeeded().stderr_has(&["replaying: cds persist", "with its credentials"]);
    assert!(!outcome.stderr.contains("sentinel") && outcome.stdout.starts_with("persisted run_id=1 "), "{outcome:#?}");
    let rows = invocations(&database);
    assert_eq!((rows.len(), &rows[0]["status"], &rows[1]["status"]), (2, &json!("interrupted"), &json!("completed")));
    assert_eq!(rows[1]["notes"], format!("replay of {}", text(&rows[0], "run_id")));
    assert_eq!(database.number("SELECT count(*) FROM records WHERE intent_status = 'success'"), 3);
}

#[test]
fn finished_and_failed_runs_replay() {
    let place = Place::with_files(&[("a b.py", "def f():\n    pass\n")]);
    place.persist("builtin:", &["--scope", "all"]).succeeded();
    place.cds(&REPLAY).succeeded();
    let database = place.database();
    assert_eq!(database.texts("SELECT DISTINCT scope || provider_url FROM runs"), ["allbuiltin:"]);
    database.execute("CREATE TRIGGER no BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'planned'); END");
    place.persist("builtin:", &[]).exited_with(1);
    database.execute("DROP TRIGGER no");
    place.cds(&REPLAY).succeeded();
    assert_eq!(latest(&database)["snapshot_id"], 3);
}

#[test]
fn unreplayable_run_is_reported() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    std::fs::rename(place.path(TREE), place.path("away")).expect("it can be moved");
    let missing = ["does not exist any more", "hint: get the tree back"];
    assert_eq!(place.cds(&REPLAY).exited_with(1).stderr_has(&missing).stdout, "");
    let outcome = place.cds(&[&REPLAY[..], &["--dry-run"]].concat()).exited_with(1).stderr_has(&missing);
    assert!(outcome.stdout.starts_with("cds persist --path "), "{outcome:#?}");
    assert_eq!(place.database().number("SELECT count(*) FROM runs_ledger"), 1);

    place.cds(&["runs", "prune", "--keep-last", "1", "--db-path", DATABASE]).succeeded();
    let id = text(&latest(&place.database()), "run_id").to_owned();
    let prune = ["runs", "replay", &id, "--db-path", DATABASE];
    place.cds(&prune).exited_with(1).stderr_has(&["cds runs prune reads no tree", "hint: ", "--keep-last 1"]);
    place.database().execute(
        "PRAGMA foreign_keys = OFF; UPDATE ledger_details SET request = 'x'; DELETE FROM records; DELETE FROM runs",
    );
    place.cds(&REPLAY).exited_with(1).stderr_has(&["were not recorded"]);
}

#[test]
fn unknown_option_is_named() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    let set = "UPDATE ledger_details SET request = json_insert(request, '$.arguments[#]', '--from-the-future')";
    place.database().execute(set);
    place.cds(&REPLAY).exited_with(1).stderr_has(&["with this version of cds", "--from-the-future"]);
}
