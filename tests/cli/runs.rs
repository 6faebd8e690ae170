//! `cds runs tail`, `list`, `stats` and `note`: rows of many runs.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    database::{CONTRACT, Database},
    ledger::{each, invocations, latest, latest_stages, ledger_id, text},
    place::{DATABASE, Outcome, Place, TREE},
};

/// The list under this name of the object.
#[track_caller]
fn rows(object: &Value, name: &str) -> Vec<Value> {
    object[name].as_array().unwrap_or_else(|| panic!("no {name} in {object}")).clone()
}

/// Three runs: a snapshot, a build with errors, and a snapshot that failed.
fn place_with_runs() -> Place {
    let place = Place::with_functions(3);
    place.persist("builtin:", &["--project", "shop"]).succeeded();
    place.write("tree/broken.py", "def broken(:\n");
    place.build(&["--project", "tools"]).succeeded();
    place.database().execute("CREATE TRIGGER planned BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'no'); END");
    place.persist("builtin:", &["--project", "shop"]).exited_with(1);
    place.database().execute("DROP TRIGGER planned");
    place
}

#[test]
fn tail_lists_newest_stages_first() {
    let place = place_with_runs();
    let stored = place.database().rows("SELECT * FROM stage_runs ORDER BY rowid DESC");
    assert_eq!(stored.len(), 4 + 2 + 4);
    let all = rows(&place.ask_json(&["runs", "tail"]), "stages");
    assert_eq!(all, stored, "each field under the name of its column");
    assert_eq!(rows(&place.ask_json(&["runs", "tail", "-n", "3"]), "stages"), stored[..3]);

    let of = |more: &[&str]| rows(&place.ask_json(&[&["runs", "tail"], more].concat()), "stages");
    assert_eq!(each(&of(&["--stage", "analyze"]), "stage"), ["analyze"; 3]);
    assert_eq!(each(&of(&["--status", "failed"]), "stage"), ["persist"]);
    assert_eq!(of(&["--status", "completed_with_errors", "--stage", "analyze"]).len(), 2);
    assert_eq!(of(&["--status", "interrupted"]), [Value::Null; 0]);

    let text = place.ask(&["runs", "tail"]).succeeded().stdout;
    assert_eq!(text.lines().count(), 1 + 10 + 1);
    let last = text.lines().last().unwrap();
    assert_eq!(last, "10 stage runs: 7 completed, 2 completed_with_errors, 1 failed; times in UTC");
    for (line, row) in text.lines().skip(1).zip(&stored) {
        let id = row["run_id"].as_str().unwrap();
        assert!(line.starts_with(id), "the whole id can be copied: {line}");
        let seconds = format!("{:.2}", row["duration_seconds"].as_f64().unwrap());
        assert!(line.ends_with(&seconds), "{line}");
    }
    let none = place.ask(&["runs", "tail", "--status", "running"]).succeeded();
    assert_eq!(none.stdout, "no stage run matches\n");
    assert_eq!(place.ask(&["runs", "tail", "--stage", "load"]).succeeded().stdout, "no stage run matches\n");
    let long = place.ask(&["runs", "tail", "--n", "3"]).succeeded();
    assert_eq!(long.stdout, place.ask(&["runs", "tail", "-n", "3"]).succeeded().stdout);
    for wrong in [&["-n", "0"][..], &["-n", "-1"], &["--status", "x"]] {
        place.ask(&[&["runs", "tail"], wrong].concat()).exited_with(2);
    }
}

#[test]
fn each_invocation_is_one_row() {
    let place = place_with_runs();
    let server = FakeOllama::start(Script::new());
    place.persist(&server.url(), &["--project", "shop", "--code-ref", "v2"]).succeeded();
    place.persist(&server.url(), &["--project", "shop", "--code-ref", "v2"]).succeeded();
    let list = rows(&place.ask_json(&["runs", "list"]), "runs");
    assert_eq!(each(&list, "snapshot_id"), [&json!(3), &json!(2), &Value::Null, &Value::Null, &json!(1)]);
    let statuses = ["completed_with_errors", "completed_with_errors", "failed", "completed_with_errors", "completed"];
    let statuses_of_snapshots: Vec<&Value> =
        list.iter().filter(|run| run["snapshot_id"].is_u64()).map(|run| &run["status"]).collect();
    assert_eq!(statuses_of_snapshots, [statuses[0], statuses[1], statuses[4]]);
    assert_eq!((&list[0]["llm_calls"], &list[1]["llm_calls"]), (&json!(0), &json!(3)));
    assert_eq!(
        (&list[0]["enrichment"]["reused_count"], &list[1]["enrichment"]["reused_count"]),
        (&json!(3), &json!(0))
    );
    assert!(list[1]["tokens"].as_u64() > Some(0) && list[0]["tokens"].is_null(), "{list:?}");
    assert_eq!((&list[0]["ledger"]["code_ref"], &list[0]["snapshot"]["record_count"]), (&json!("v2"), &json!(5)));
    assert!(list.iter().all(|run| run["duration_seconds"].as_f64() > Some(0.0)), "{list:?}");
    let ids: Vec<Value> = list.iter().map(|run| run["ledger_id"].clone()).collect();
    let stored: Vec<Value> = invocations(&place.database()).iter().rev().map(|row| row["run_id"].clone()).collect();
    assert_eq!(ids, stored);

    let of = |more: &[&str]| rows(&place.ask_json(&[&["runs", "list"], more].concat()), "runs");
    assert_eq!(of(&["-n", "2"]), list[..2]);
    assert_eq!(of(&["--status", "failed"]), list[2..3]);
    assert_eq!(of(&["--project", "shop"]).len(), 4);
    assert_eq!(of(&["--project", "none"]).len(), 0);
    assert_eq!(of(&["--since", "1h"]).len(), 5);
    place.database().execute("UPDATE runs_ledger SET started_at = '2020-01-01T00:00:00.000Z' WHERE snapshot_id = 1");
    assert_eq!(of(&["--since", "7d"]).len(), 4);
    let text = place.ask(&["runs", "list"]).succeeded().stdout;
    assert_eq!(text.lines().count(), 1 + 5 + 1);
    assert!(text.lines().last().unwrap().starts_with("5 runs: "), "{text}");
    for wrong in [&["--since", "x"][..], &["--status", "x"], &["-n", "0"]] {
        place.ask(&[&["runs", "list"], wrong].concat()).exited_with(2);
    }
}

#[test]
fn foreign_runs_are_listed() {
    let place = Place::with_functions(1);
    let sql = format!(
        "{CONTRACT}
        insert into runs values (7, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.500Z', '/x', 'u', 'm', 'all',
                                 10, 'completed', 0, 0, 1);
        insert into records values (1, 7, 'function', 'a.py', 'def a():', 1, 1, 'def a():', 'def a():', 'x', null, 'skipped', null);"
    );
    Database::create(&place.path(DATABASE), &sql);
    let before = place.read(DATABASE);
    let list = rows(&place.ask_json(&["runs", "list"]), "runs");
    assert_eq!((&list[0]["snapshot_id"], &list[0]["ledger_id"]), (&json!(7), &Value::Null));
    let line = place.ask(&["runs", "list"]).succeeded().stdout.lines().nth(1).unwrap().to_owned();
    assert_eq!(line.split_whitespace().take(3).collect::<Vec<_>>(), ["7", "-", "completed"]);
    for name in ["7", "latest"] {
        let shown = place.shown(name);
        assert!(shown.contains("snapshot 7") && shown.contains("ledger none: another program"), "{shown}");
    }
    assert_eq!(place.ask(&["runs", "tail"]).succeeded().stdout, "no stage run matches\n");
    place.ask_json(&["runs", "stats"]);
    place.ask(&["runs", "note", "7", "text"]).exited_with(1).stderr_has(&["no row in the ledger"]);
    assert_eq!(place.read(DATABASE), before, "nothing was added");
    assert!(!place.names().iter().any(|name| name.ends_with("-wal") || name.ends_with("-shm")));

    place.persist("builtin:", &[]).succeeded();
    let list = rows(&place.ask_json(&["runs", "list"]), "runs");
    assert_eq!(each(&list, "snapshot_id"), [8, 7]);
    assert!(list[0]["ledger_id"].is_string() && list[1]["ledger_id"].is_null());
}

#[test]
fn empty_database_prints_hint() {
    let contract = Place::with_functions(1);
    Database::create(&contract.path(DATABASE), CONTRACT);
    let failed = Place::with_functions(1);
    Database::create(&failed.path(DATABASE), &format!("{CONTRACT} pragma user_version = 1;"));
    for place in [contract, failed] {
        for command in [
            &["runs", "tail"][..],
            &["runs", "list"],
            &["runs", "stats"],
            &["runs", "prune", "--keep-last", "1"],
            &["runs", "prune", "--keep-last", "1", "--dry-run"],
        ] {
            let outcome = place.ask(command).succeeded();
            assert!(outcome.stdout.contains("no run yet") && outcome.stdout.contains("cds persist"), "{outcome:#?}");
            assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:#?}");
        }
        for command in [
            &["runs", "show", "latest"][..],
            &["runs", "diff", "latest~1", "latest"],
            &["runs", "note", "latest", "text"],
        ] {
            place
                .ask(command)
                .exited_with(1)
                .stderr_has(&["the database has no snapshot yet", "hint: create the first one with"]);
        }
        assert_eq!(place.ask_json(&["runs", "tail"]), json!({"schema_version": 1, "stages": []}));
        assert_eq!(place.ask_json(&["runs", "list"]), json!({"schema_version": 1, "runs": []}));
    }
    // A refused first run leaves a ledger row and no snapshot.
    let place = Place::with_functions(1);
    let trigger = "CREATE TRIGGER planned BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'no'); END;";
    Database::create(&place.path(DATABASE), &format!("{CONTRACT} {trigger}"));
    place.persist("builtin:", &[]).exited_with(1);
    assert!(place.shown("latest").contains("status failed"));
    place.ask(&["runs", "diff", "latest~1", "latest"]).exited_with(1);
    let pruned = place.ask(&["runs", "prune", "--keep-last", "1"]).succeeded();
    assert!(pruned.stdout.contains("no snapshot"), "{pruned:#?}");
    // A missing file is an error.
    let place = Place::empty();
    place.ask(&["runs", "tail"]).exited_with(2).stderr_has(&[DATABASE]);
    assert_eq!(place.names(), [TREE]);
}

#[test]
fn empty_file_is_empty_database() {
    for command in [
        &["runs", "tail"][..],
        &["runs", "list"],
        &["runs", "stats"],
        &["runs", "prune", "--keep-last", "1", "--dry-run"],
        &["runs", "prune", "--keep-last", "1"],
    ] {
        let place = Place::with_functions(1);
        place.write(DATABASE, "");
        let outcome = place.ask(command).succeeded();
        assert!(outcome.stdout.contains("no run yet"), "{outcome:#?}");
        assert_eq!(outcome.stderr, "", "{command:?}");
    }
}

#[test]
fn summary_totals_all_runs() {
    let script = Script::new().rule(When::question().containing("def f1(").attempt(1), Reply::status(500, "boom"));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(4);
    place.persist(&server.url(), &[]).succeeded();
    let tokens = place.database().number("SELECT sum(prompt_tokens + answer_tokens) FROM intent_cache");
    place.persist(&server.url(), &[]).succeeded();
    place.build(&[]).succeeded();
    let stats = place.ask_json(&["runs", "stats"]);
    assert_eq!(stats["statuses"], json!([{"name": "completed", "count": 3}]));
    assert_eq!((&stats["call_count"], &stats["tokens"]), (&json!(5), &json!(tokens)));
    assert_eq!(
        (&stats["selected_count"], &stats["reused_count"], &stats["reuse_rate"]),
        (&json!(8), &json!(4), &json!(0.5))
    );
    let stages = rows(&stats, "stages");
    assert_eq!(each(&stages, "stage"), ["analyze", "build", "enrich", "persist"]);
    assert_eq!(each(&stages, "count"), [3, 3, 2, 2]);
    for stage in &stages {
        assert!(stage["median_seconds"].as_f64() <= stage["p95_seconds"].as_f64(), "{stage}");
    }
    let durations = "SELECT duration_seconds AS seconds FROM stage_runs WHERE stage = 'analyze' ORDER BY 1";
    assert_eq!(stages[0]["median_seconds"], place.database().rows(durations)[1]["seconds"]);
    place.database().execute("UPDATE runs_ledger SET started_at = '2020-01-01T00:00:00.000Z' WHERE snapshot_id = 1");
    let stats = place.ask_json(&["runs", "stats", "--since", "30d"]);
    assert_eq!((&stats["statuses"][0]["count"], &stats["call_count"]), (&json!(2), &json!(0)));
    let shown = place.ask(&["runs", "stats"]).succeeded().stdout;
    assert!(shown.contains("MEDIAN SECONDS") && shown.contains("calls               5\n"), "{shown}");
}

#[test]
fn notes_are_appended_and_kept() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &["--notes", "first"]).succeeded();
    place.build(&[]).succeeded();
    let id = text(&invocations(&place.database())[0], "run_id").to_owned();
    let noted = place.ask(&["runs", "note", "1", " second "]).succeeded();
    assert_eq!(noted.stdout, format!("noted run_id={id}\n"));
    place.ask(&["runs", "note", &id[..id.len() - 4], "-- third"]).succeeded();
    assert_eq!(invocations(&place.database())[0]["notes"], "first\nsecond\n-- third");
    place.ask(&["runs", "note", "latest", "about the build"]).succeeded();
    assert_eq!(latest(&place.database())["notes"], "about the build");
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(invocations(&place.database())[0]["notes"], "first\nsecond\n-- third", "kept");
    let shown = place.shown("1");
    assert!(shown.contains("first") && shown.contains("second") && shown.contains("-- third"), "{shown}");

    let before = place.database().dump();
    place.ask(&["runs", "note", "99", "x"]).exited_with(1).stderr_has(&["\"99\"", "there is no such run"]);
    place.ask(&["runs", "note", "ffffffff", "x"]).exited_with(1).stderr_has(&["\"ffffffff\"", "hint: "]);
    place.ask(&["runs", "note", "latest", "  "]).exited_with(2);
    place.ask(&["runs", "note", "latest", &"x".repeat(4001)]).exited_with(2).stderr_has(&["4000 characters"]);
    place.persist("builtin:", &["--notes", &"x".repeat(4001)]).exited_with(2).stderr_has(&["4000 characters"]);
    assert_eq!(place.database().dump(), before);
}

#[test]
fn note_is_always_one_line() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &["--notes", " one\r\ntwo\n"]).succeeded();
    place.ask(&["runs", "note", "1", "\nthree\nfour"]).succeeded();
    assert_eq!(invocations(&place.database())[0]["notes"], "one two\nthree four");
    place.persist("builtin:", &["--notes", " \n"]).succeeded();
    assert_eq!(latest(&place.database())["notes"], Value::Null);
}

#[test]
fn foreign_id_cannot_add_lines() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    place.database().execute(
        "INSERT INTO runs_ledger (run_id, subject, started_at, status, command, tool_version, host, pid, code_ref_note,
                                  trace_id)
         VALUES (char(27) || '[31mred' || char(10) || 'error: none', 's', '', 'running', '', '', '', 1, '', '')",
    );
    let outcome = place.build(&[]).succeeded();
    let lines = outcome.lines_of("run");
    assert_eq!(lines.len(), 1, "{outcome:#?}");
    assert!(lines[0].starts_with("run \\u{1b}[31mred\\u{a}error: none was interrupted: "), "{lines:?}");
    assert!(outcome.lines_of("error:").is_empty() && !outcome.stderr.contains('\u{1b}'), "{outcome:#?}");
}

#[test]
fn control_characters_never_reach_terminal() {
    let hostile = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{202e}\r";
    let name = "def f():\n    return '\u{1b}[2J'\n";
    let place = Place::with_files(&[("a.py", name), ("b\u{1b}[31m.py", "def broken(:\n")]);
    let script = Script::new().rule(When::question(), Reply::status(400, hostile));
    let server = FakeOllama::start(script);
    for _ in 0..2 {
        place.persist(&server.url(), &["--retries", "0", "--notes", hostile]).succeeded();
    }
    let id = ledger_id(7);
    place.persist("builtin:", &["--ledger-id", &id]).succeeded();
    place.ask(&["runs", "note", "latest", hostile]).succeeded();
    let columns =
        ["subject", "notes", "error", "host", "root_path", "code_ref", "code_ref_note", "command", "trace_id"];
    let set = columns.map(|column| format!("{column} = '{hostile}'")).join(", ");
    place.database().execute(&format!("UPDATE runs_ledger SET {set} WHERE run_id = '{id}'"));
    place.database().execute(&format!(
        "UPDATE stage_runs SET error = '{hostile}', stage = '{hostile}', status = '{hostile}'
        WHERE ledger_id = '{id}' AND stage <> 'persist'"
    ));
    assert!(latest_stages(&place.database()).len() == 4);
    for command in [
        &["runs", "tail", "-n", "20"][..],
        &["runs", "list"],
        &["runs", "show", "1"],
        &["runs", "show", "latest"],
        &["runs", "diff", "1", "3"],
        &["runs", "stats"],
        &["runs", "prune", "--keep-last", "1", "--dry-run"],
    ] {
        for format in ["table", "json"] {
            let words = [command, &["--format", format]].concat();
            for variables in [[("COLUMNS", "160")], [("COLUMNS", "40")]] {
                let mut command = place.command(&words);
                let outcome = Outcome::of(command.args(["--db-path", DATABASE]).envs(variables)).succeeded();
                let unsafe_one = (outcome.stdout.clone() + &outcome.stderr)
                    .chars()
                    .find(|character| (character.is_control() && *character != '\n') || *character == '\u{202e}');
                assert_eq!(unsafe_one, None, "{words:?}: {outcome:#?}");
            }
        }
    }
    let stored = place.ask_json(&["runs", "show", "latest"]);
    assert_eq!(stored["run"]["ledger"]["subject"], hostile, "every program reads it back unchanged");
}
