//! The ledger and its stages: what a run records about itself, and what its hashes distinguish.

use cds_fake_ollama::{FakeOllama, Script};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    database::Database,
    ledger::{each, invocations, latest, latest_stage, latest_stages, text},
    place::{DATABASE, Outcome, Place, TREE, functions, persist_arguments},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[track_caller]
fn moment(row: &Value, name: &str) -> Timestamp {
    let stored = text(row, name);
    assert!(stored.len() == 24 && stored.ends_with('Z'), "{name} is {stored}");
    stored.parse().expect("a moment")
}

/// Whether this is a SHA-256 in the ledger's format.
fn is_hash(value: &Value) -> bool {
    let digits = value.as_str().and_then(|text| text.strip_prefix("sha256:"));
    digits.is_some_and(|text| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

#[test]
fn ledger_covers_whole_run() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_files(&[
        ("shop.py", "class Shop:\n    def buy(self):\n        return 1\n"),
        ("tools.py", &functions(3)),
    ]);
    let url = server.url();
    let before = Timestamp::now();
    let mut command = place.command(&persist_arguments(&url, &["--notes", "nightly", "--project", "shop"]));
    command.env("TRACEPARENT", format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let outcome = Outcome::from(child.wait_with_output().unwrap()).succeeded();
    let after = Timestamp::now();

    let database = place.database();
    let row = latest(&database);
    assert_eq!(invocations(&database).len(), 1);
    let expected = [
        ("status", json!("completed")),
        ("snapshot_id", json!(1)),
        ("subject", json!("shop")),
        ("notes", json!("nightly")),
        ("command", json!("persist")),
        ("pid", json!(pid)),
        ("trace_id", json!(TRACE)),
        ("tool_version", json!(env!("CARGO_PKG_VERSION"))),
        ("root_path", json!(place.path(TREE))),
        ("error", Value::Null),
        ("closed_by", Value::Null),
    ];
    for (name, value) in expected {
        assert_eq!(row[name], value, "{name}");
    }
    let (started_at, finished_at) = (moment(&row, "started_at"), moment(&row, "finished_at"));
    // Stored times have at most milliseconds.
    assert!(before.as_millisecond() <= started_at.as_millisecond() && finished_at <= after, "{row}");
    assert!(started_at <= finished_at);
    let id = text(&row, "run_id");
    assert_eq!((id.len(), &id[14..15]), (36, "7"), "a UUID of version 7: {id}");
    outcome.stderr_has(&[&format!("run_started ledger_id={id} project=shop code_ref=-\n")]);
    #[cfg(unix)]
    {
        let host = std::process::Command::new("uname").arg("-n").output().unwrap().stdout;
        assert_eq!(text(&row, "host"), String::from_utf8(host).unwrap().trim());
    }

    let stages = latest_stages(&database);
    assert_eq!(each(&stages, "stage"), ["analyze", "build", "enrich", "persist"]);
    // Two files, a class, a method and three functions.
    assert_eq!(each(&stages, "rows_in"), [2, 7, 7, 7]);
    assert_eq!(each(&stages, "rows_out"), [7, 7, 5, 7]);
    assert_eq!(each(&stages, "llm_calls"), [&json!(null), &json!(null), &json!(5), &json!(null)]);
    assert_eq!(server.generate_count(), 5);
    let tokens = database.number("SELECT sum(prompt_tokens + answer_tokens) FROM intent_cache");
    assert_eq!(each(&stages, "tokens"), [&json!(null), &json!(null), &json!(tokens), &json!(null)]);
    let mut previous = started_at;
    for stage in &stages {
        assert_eq!((&stage["status"], &stage["source"]), (&json!("completed"), &json!("executed")), "{stage}");
        assert_eq!((&stage["error"], &stage["trace_id"]), (&Value::Null, &json!(TRACE)), "{stage}");
        assert!(is_hash(&stage["input_fingerprint"]) && is_hash(&stage["config_hash"]), "{stage}");
        assert!(previous <= moment(stage, "started_at"), "{stage}");
        previous = moment(stage, "finished_at");
        let seconds = stage["duration_seconds"].as_f64().unwrap();
        assert!(seconds > 0.0 && seconds < 30.0, "{stage}");
        assert_eq!((&stage["ledger_id"], &stage["code_ref"]), (&row["run_id"], &row["code_ref"]));
    }
}

#[test]
fn stage_status_shows_missing_data() {
    let place = Place::with_shop();
    place.persist("builtin:", &[]).succeeded();
    let database = place.database();
    assert_eq!(latest(&database)["status"], "completed_with_errors");
    let stages = latest_stages(&database);
    assert_eq!(each(&stages, "status"), ["completed_with_errors", "completed", "completed", "completed"]);
    assert!(text(&stages[0], "error").starts_with("3 analyzer errors, among them: "), "{}", stages[0]);
}

#[test]
fn status_without_snapshot_shows_missing_data() {
    let place = Place::with_shop();
    for arguments in [&["model-build"][..], &["enrich-intent", "--provider-url", "builtin:"]] {
        let mut command = place.command(arguments);
        Outcome::of(command.args(["--path", TREE, "--db-path", DATABASE])).succeeded();
        assert_eq!(latest(&place.database())["status"], "completed_with_errors", "{arguments:?}");
        let shown = place.shown("latest");
        assert!(!shown.contains("nothing is missing"), "{shown}");
    }
}

#[test]
fn same_tree_has_same_input_hash() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(4);
    place.persist(&server.url(), &[]).succeeded();
    let first = latest_stages(&place.database());
    place.persist(&server.url(), &["--threads", "1", "--concurrency", "1"]).succeeded();
    let second = latest_stages(&place.database());
    for name in ["input_fingerprint", "config_hash"] {
        assert_eq!(each(&first, name), each(&second, name), "{name}");
    }
    assert_eq!(each(&first, "source"), ["executed"; 4]);
    assert_eq!(each(&second, "source"), ["checkpoint", "executed", "checkpoint", "executed"]);
    assert_eq!((&second[2]["llm_calls"], &second[2]["rows_out"]), (&json!(0), &json!(4)));
    assert_eq!(server.generate_count(), 4);

    // Half of the answers do not make a checkpoint.
    place.database().execute("DELETE FROM intent_cache WHERE question IN (SELECT question FROM intent_cache LIMIT 2)");
    place.persist(&server.url(), &[]).succeeded();
    let third = latest_stage(&place.database(), "enrich");
    assert_eq!((&third["source"], &third["llm_calls"]), (&json!("executed"), &json!(2)));
}

/// The input hash of an analysis of the tree as it is now.
fn analyzed(place: &Place, more: &[&str]) -> Value {
    place.build(more).succeeded();
    latest_stage(&place.database(), "analyze")["input_fingerprint"].clone()
}

#[test]
fn any_changed_byte_changes_input_hash() {
    let place = Place::with_files(&[("a.py", "x = 1  # one\n"), ("broken.py", "def broken(:\n    pass\n")]);
    place.write("tree/latin.py", b"# \xe4\nx = 1\n");
    place.write("tree/nul.py", b"x = 1\n\0\n");
    place.write("tree/empty.py", "");
    place.write("tree/notes.txt", "not read");
    let mut seen = vec![analyzed(&place, &[])];
    assert_eq!(analyzed(&place, &[]), seen[0]);
    place.write("tree/notes.txt", "not read either");
    assert_eq!(analyzed(&place, &[]), seen[0], "what is not read does not count");
    let changes: [(&str, &[u8]); 6] = [
        ("a.py", b"x = 1  # two\n"),
        ("broken.py", b"def broken(:\n    past\n"),
        ("latin.py", b"# \xe5\nx = 1\n"),
        ("nul.py", b"x = 2\n\0\n"),
        ("empty.py", b"\n"),
        ("more.py", b""),
    ];
    for (name, content) in changes {
        place.write(&format!("{TREE}/{name}"), content);
        let now = analyzed(&place, &[]);
        assert!(is_hash(&now) && !seen.contains(&now), "{name}");
        seen.push(now);
    }
    std::fs::rename(place.path("tree/more.py"), place.path("tree/other.py")).unwrap();
    let now = analyzed(&place, &[]);
    assert!(!seen.contains(&now), "a name counts");
    seen.push(now);
    place.write("tree/.ignore", "other.py\n");
    assert_eq!(analyzed(&place, &[]), seen[5], "a file that is left out is as one that is not there");
    assert!(!seen.contains(&analyzed(&place, &["--code-ref", "v1"])), "the commit counts");
}

#[test]
fn changed_setting_changes_config_hash() {
    let place = Place::with_functions(1);
    let config = |name: &str| latest_stage(&place.database(), name)["config_hash"].clone();
    let mut seen = Vec::new();
    for more in [&[][..], &["--no-ignore"], &["--max-file-size", "4MB"]] {
        place.build(more).succeeded();
        assert!(!seen.contains(&config("analyze")), "{more:?}");
        seen.push(config("analyze"));
    }
    place.build(&["--threads", "2"]).succeeded();
    assert_eq!(config("analyze"), seen[0], "the thread count does not matter");

    let server = FakeOllama::start(Script::new().model("tiny:1b"));
    let settings: [&[&str]; 6] = [
        &[],
        &["--model", "tiny:1b"],
        &["--scope", "class"],
        &["--context-tokens", "4096"],
        &["--refresh-intents"],
        &["--provider", "openai", "--model", "tiny:1b"],
    ];
    let mut seen = Vec::new();
    for more in settings {
        place.persist(&server.url(), more).succeeded();
        assert!(!seen.contains(&config("enrich")), "{more:?}");
        seen.push(config("enrich"));
    }
    place.persist(&server.url(), &["--retries", "0", "--progress-batch-size", "1"]).succeeded();
    assert_eq!(config("enrich"), seen[0], "patience does not matter");
}

#[test]
fn commands_with_stages_are_tracked() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(3);
    let url = server.url();
    for (arguments, expected) in [
        (&["model-build"][..], &["analyze", "build"][..]),
        (&["enrich-intent", "--provider-url", &url], &["analyze", "build", "enrich"]),
    ] {
        let tracked = [arguments, &["--path", TREE, "--format", "json", "--db-path", DATABASE]].concat();
        let with = place.cds(&tracked).succeeded();
        let database = place.database();
        let row = latest(&database);
        assert_eq!((&row["command"], &row["status"]), (&json!(arguments[0]), &json!("completed")));
        assert_eq!((&row["snapshot_id"], row["finished_at"].is_string()), (&Value::Null, true));
        let stages = latest_stages(&database);
        assert_eq!(each(&stages, "stage"), *expected);
        assert_eq!(each(&stages, "status"), vec!["completed"; expected.len()]);

        let untracked = [arguments, &["--path", TREE, "--format", "json"]].concat();
        let without = place.cds(&untracked).succeeded();
        assert_eq!(with.stdout, without.stdout, "a database changes nothing of the result");
        assert_eq!(without.lines_of("run_started"), [""; 0]);
    }
    let commands = invocations(&place.database());
    assert_eq!(each(&commands, "command"), ["model-build", "enrich-intent"]);
    assert_eq!(place.database().number("SELECT count(*) FROM runs"), 0);
}

#[test]
fn enrich_intent_reuses_and_keeps_answers() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(3);
    let url = server.url();
    let arguments = ["enrich-intent", "--path", TREE, "--provider-url", &url, "--format", "json"];
    let ask = || Outcome::of(place.command(&arguments).env("CDS_DB_PATH", DATABASE)).succeeded();
    let first = ask();
    assert_eq!((server.generate_count(), place.database().kept_count()), (3, 3));
    let second = ask();
    assert_eq!((server.generate_count(), &first.stdout), (3, &second.stdout));
    let stage = latest_stage(&place.database(), "enrich");
    assert_eq!((&stage["source"], &stage["llm_calls"]), (&json!("checkpoint"), &json!(0)));
    // A snapshot of the same tree has the same hash.
    place.persist(&url, &[]).succeeded();
    assert_eq!(latest_stage(&place.database(), "enrich")["source"], "checkpoint");
    assert_eq!(server.generate_count(), 3);
}

#[test]
fn missing_database_option_has_hint() {
    let place = Place::with_functions(1);
    let commands: [&[&str]; 11] = [
        &["persist", "--path", TREE],
        &["runs", "tail"],
        &["runs", "list"],
        &["runs", "show", "latest"],
        &["runs", "diff", "1", "2"],
        &["runs", "stats"],
        &["runs", "note", "latest", "text"],
        &["runs", "prune", "--keep-last", "1"],
        &["lock", "status"],
        &["intents", "stats"],
        &["intents", "prune", "--unused"],
    ];
    for arguments in commands {
        let outcome = place.cds(arguments).exited_with(2);
        let outcome = outcome.stderr_has(&["database: none is configured", "--db-path FILE", "CDS_DB_PATH"]);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.lines().count()), ("", 2), "{arguments:?}");
    }
    assert_eq!(place.names(), [TREE]);
    place.cds(&["model-build", "--path", TREE]).succeeded();
    place.cds(&["enrich-intent", "--path", TREE, "--provider-url", "builtin:"]).succeeded();
    assert_eq!(place.names(), [TREE], "without a database nothing is written");
}

/// A run on a database with this trigger must succeed with one warning.
#[track_caller]
fn check_goes_on(trigger: &str) {
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    place.database().execute(trigger);
    let outcome = place.persist("builtin:", &[]).succeeded().stderr_has(&["account", "planned"]);
    assert_eq!(outcome.lines_of("warning:").len(), 1, "{trigger}: {outcome:#?}");
    assert!(outcome.stdout.starts_with("persisted run_id=2 "), "{outcome:#?}");
    let database = place.database();
    assert_eq!(database.number("SELECT count(*) FROM records WHERE run_id = 2"), 4);
    database.check_integrity();
    let outcome = place.build(&[]).succeeded();
    assert_eq!(outcome.lines_of("warning:").len(), 1, "{trigger}: {outcome:#?}");
}

/// A trigger that refuses every such change.
fn refusing(event: &str, table: &str) -> String {
    format!("CREATE TRIGGER planned BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'planned'); END")
}

#[test]
fn unwritable_final_status_warns_once() {
    check_goes_on(&refusing("UPDATE", "runs_ledger"));
}

#[test]
fn unwritable_ledger_fails_no_run() {
    check_goes_on(&refusing("INSERT", "runs_ledger"));
    check_goes_on(&refusing("INSERT", "stage_runs"));
    check_goes_on(&refusing("UPDATE", "stage_runs"));
    check_goes_on(
        "CREATE TRIGGER planned BEFORE INSERT ON stage_runs WHEN NEW.stage = 'build'
         BEGIN SELECT RAISE(ABORT, 'planned'); END",
    );
    // A silently ignored row is noticed as well.
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place.database().execute("CREATE TRIGGER planned BEFORE INSERT ON runs_ledger BEGIN SELECT RAISE(IGNORE); END");
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert_eq!(outcome.lines_of("warning:").len(), 1, "{outcome:#?}");
}

#[test]
fn foreign_ledger_schema_is_refused_first() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(1);
    let sql = format!("{} create table runs_ledger (run_id text, other text);", crate::database::CONTRACT);
    Database::create(&place.path(DATABASE), &sql);
    let before = place.read(DATABASE);
    let outcome = place.persist(&server.url(), &[]).exited_with(1).stderr_has(&["runs_ledger", "docs/schema.md"]);
    assert_eq!(outcome.stdout, "");
    assert_eq!(place.read(DATABASE), before);
    assert!(server.requests().is_empty());
}
