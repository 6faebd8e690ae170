//! The ledger as other programs use it: through commands, SQL from a shell, and Python.

use serde_json::{Value, json};

use crate::place::{DATABASE, Outcome, Place, TREE};

const ID: &str = "019a9f3e-1c2b-7def-8123-456789abcdef";

fn cds(place: &Place, arguments: &[&str]) -> Outcome {
    place.cds(&[arguments, &["--db-path", DATABASE]].concat())
}

fn start(place: &Place, more: &[&str]) -> String {
    let outcome = cds(place, &[&["runs", "start", "--subject", "nightly"], more].concat()).succeeded();
    assert!(outcome.stderr.is_empty(), "{outcome:#?}");
    outcome.stdout.trim_end().to_owned()
}

fn shown(place: &Place, run: &str) -> Value {
    let outcome = cds(place, &["runs", "show", run, "--format", "json"]).succeeded();
    serde_json::from_str::<Value>(&outcome.stdout).expect("JSON")["run"].take()
}

#[test]
fn run_starts_and_finishes_once() {
    let place = Place::empty();
    assert_eq!(start(&place, &["--ledger-id", ID, "--notes", "by make", "--command", "make load"]), ID);
    let before = place.database().dump();
    assert_eq!(start(&place, &["--ledger-id", ID]), ID);
    assert_eq!(place.database().dump(), before, "nothing changes");
    cds(&place, &["runs", "start", "--subject", "other", "--ledger-id", ID]).exited_with(2).stderr_has(&["nightly"]);
    let run = shown(&place, ID);
    assert_eq!((&run["status"], &run["ledger"]["command"]), (&json!("running"), &json!("make load")));
    assert_eq!(run["ledger"]["notes"], "by make");

    let stage = |words: &[&str]| cds(&place, &[&["runs", "stage"], words, &["--stage", "load"]].concat());
    let first = stage(&["start", ID, "--rows-in", "5"]).succeeded().stdout;
    assert_eq!(stage(&["start", ID]).succeeded().stdout, first, "it is begun already");
    for _ in 0..2 {
        let outcome = stage(&["finish", ID, "--rows-out", "4"]).succeeded();
        let expected = format!("finished run_id={ID} stage=load stage_id={} status=completed\n", first.trim_end());
        assert_eq!(outcome.stdout, expected);
    }
    stage(&["finish", ID, "--error", "late"]).succeeded();
    assert_ne!(stage(&["start", ID]).succeeded().stdout, first, "it is done once more");
    stage(&["finish", ID, "--error", "postgres://u:s3ntinel@h/db said no"]).succeeded();
    cds(&place, &["runs", "stage", "finish", ID, "--stage", "never"]).exited_with(1).stderr_has(&["never started"]);

    for status in ["completed_with_errors", "failed"] {
        let words = ["runs", "finish", ID, "--status", status, "--notes", "one file is missing"];
        let outcome = cds(&place, &words).succeeded();
        assert_eq!(outcome.stdout, format!("finished run_id={ID} status=completed_with_errors\n"));
    }
    let run = shown(&place, ID);
    assert_eq!(run["ledger"]["notes"], "by make\none file is missing");
    let stages = run["stages"].as_array().unwrap();
    let rows: Vec<_> =
        stages.iter().map(|row| (&row["stage"], &row["status"], &row["rows_in"], &row["rows_out"])).collect();
    assert_eq!(rows[0], (&json!("load"), &json!("completed"), &json!(5), &json!(4)));
    assert_eq!((rows.len(), &stages[1]["error"]), (2, &json!("postgres://***@h/db said no")));
    cds(&place, &["runs", "stage", "start", ID, "--stage", "late"]).exited_with(1).stderr_has(&["already ended"]);
    let tail = cds(&place, &["runs", "tail", "--stage", "load", "--format", "json"]).succeeded().stdout;
    assert_eq!(serde_json::from_str::<Value>(&tail).unwrap()["stages"].as_array().unwrap().len(), 2);
    cds(&place, &["verify"]).succeeded();
}

#[test]
fn snapshot_joins_open_run() {
    let place = Place::with_functions(2);
    let id = start(&place, &[]);
    let persist = |id: &str| place.persist("builtin:", &["--ledger-id", id, "--notes", "the tree"]);
    let outcome = persist(&id).succeeded();
    assert!(outcome.stdout.contains("persisted run_id=1 "), "{outcome:#?}");
    let run = shown(&place, &id);
    assert_eq!((&run["status"], &run["snapshot_id"]), (&json!("running"), &json!(1)));
    assert_eq!((&run["ledger"]["subject"], &run["ledger"]["notes"]), (&json!("nightly"), &json!("the tree")));
    assert_eq!(run["ledger"]["root_path"], json!(place.path(TREE)));
    let stages: Vec<_> = run["stages"].as_array().unwrap().iter().map(|row| row["stage"].clone()).collect();
    assert_eq!(stages, ["analyze", "build", "enrich", "persist"]);
    assert_eq!(place.database().number("SELECT count(*) FROM runs_ledger"), 1);
    persist(&id).exited_with(2).stderr_has(&["has its snapshot already"]);
    cds(&place, &["runs", "finish", &id]).succeeded();
    assert_eq!(shown(&place, &id)["status"], "completed");
    persist(&id).exited_with(2).stderr_has(&["has it already"]);
    cds(&place, &["verify"]).succeeded();

    // A failed stage does not end a run that another program has opened.
    let id = start(&place, &[]);
    let words = [
        "persist",
        "--path",
        TREE,
        "--db-path",
        DATABASE,
        "--provider-url",
        "http://127.0.0.1:1",
        "--require-provider",
    ];
    place.cds(&[&words[..], &["--ledger-id", &id]].concat()).exited_with(1);
    assert_eq!((&shown(&place, &id)["status"], &shown(&place, &id)["snapshot_id"]), (&json!("running"), &Value::Null));
}

/// The next command that the page suggests.
fn next(place: &Place, run: &str) -> Option<String> {
    shown(place, run)["next"].as_str().map(str::to_owned)
}

#[test]
fn open_run_expires_after_deadline() {
    let place = Place::with_functions(1);
    let (long, short) = (start(&place, &[]), start(&place, &["--expires", "1ms"]));
    let renewed = start(&place, &["--expires", "1h"]);
    let age = format!(
        "UPDATE ledger_details SET expires_at = '2026-01-01T01:00:00.000Z' WHERE run_id = '{renewed}';
         UPDATE runs_ledger SET started_at = '2026-01-01T00:00:00.000Z' WHERE run_id = '{renewed}'"
    );
    place.database().execute(&age);
    assert_eq!(next(&place, &long), Some(format!("cds runs finish {long} --db-path {DATABASE} (once it has ended)")));
    assert_eq!(next(&place, &short), None, "nothing can be started again");
    let page = cds(&place, &["runs", "show", &short]).succeeded().stdout;
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("outcome another program held it open until ") && words.contains(" process - "), "{page}");
    cds(&place, &["runs", "stage", "start", &renewed, "--stage", "load"]).succeeded();
    place.persist("builtin:", &[]).succeeded();
    let status = |id: &str| shown(&place, id)["status"].as_str().unwrap().to_owned();
    assert_eq!([status(&long), status(&short), status(&renewed)], ["running", "interrupted", "running"]);
    let ledger = shown(&place, &short)["ledger"].take();
    assert!(ledger["error"].as_str().unwrap().starts_with("it was held open until "), "{ledger}");
    assert_eq!(ledger["closed_by"], "cds persist");
    // It was only late, so its own status counts.
    cds(&place, &["runs", "finish", &short, "--status", "failed", "--error", "no"]).succeeded();
    assert_eq!(next(&place, &short), None);
    let ledger = shown(&place, &short)["ledger"].take();
    assert_eq!(
        (&ledger["status"], &ledger["error"], &ledger["closed_by"]),
        (&json!("failed"), &json!("no"), &Value::Null)
    );
}

#[test]
fn wrong_values_are_refused() {
    let place = Place::empty();
    for wrong in [
        &["runs", "start"][..],
        &["runs", "start", "--subject", ""],
        &["runs", "start", "--subject", "s", "--ledger-id", "x"],
        &["runs", "start", "--subject", "s", "--expires", "0"],
        &["runs", "finish", "latest", "--status", "running"],
        &["runs", "stage", "start", "latest"],
        &["runs", "stage", "start", "latest", "--stage", "a\nb"],
    ] {
        cds(&place, wrong).exited_with(2);
    }
    assert_eq!(place.names(), [TREE]);
    place.write("notes.sqlite", "no database");
    place.cds(&["runs", "start", "--subject", "s", "--db-path", "notes.sqlite"]).exited_with(1);
    assert_eq!(place.read("notes.sqlite"), b"no database");
    start(&place, &[]);
    cds(&place, &["runs", "finish", ID]).exited_with(1).stderr_has(&["there is no such run"]);
}

/// The recipe in `docs/runs.md` for a language.
fn recipe(language: &str) -> String {
    let page = include_str!("../../docs/runs.md");
    let (_, section) = page.split_once("## Runs of other programs").expect("the section is there");
    let (section, _) = section.split_once("\n## ").expect("another one follows");
    let (_, code) = section.split_once(&format!("```{language}\n")).expect("a recipe in that language");
    code.split_once("\n```").expect("its end").0.to_owned()
}

/// Runs a recipe with `cds` on the `PATH`.
fn run_recipe(place: &Place, program: &str, code: &str) -> Outcome {
    let mut command = place.command_of(program, &["-c", &code.replace("SRC", TREE)]);
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_cds")).parent().expect("its folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([binary].into_iter().chain(std::env::split_paths(&path))).expect("plain names");
    Outcome::of(command.env("PATH", path))
}

#[test]
fn shell_recipe_records_run() {
    let place = Place::with_functions(2);
    let outcome = run_recipe(&place, "sh", &format!("set -e\n{}", recipe("sh"))).succeeded();
    assert!(outcome.stdout.ends_with(" status=completed\n"), "{outcome:#?}");
    let run = shown(&place, "latest");
    assert_eq!((&run["status"], &run["snapshot_id"]), (&json!("completed"), &json!(1)));
    assert_eq!((&run["ledger"]["subject"], &run["ledger"]["command"]), (&json!("nightly"), &json!("make nightly")));
    assert_eq!(run["ledger"]["notes"], "two rows were left out");
    let stages: Vec<_> = run["stages"].as_array().unwrap().iter().map(|row| row["stage"].clone()).collect();
    assert_eq!(stages, ["load", "analyze", "build", "enrich", "persist"]);
    cds(&place, &["verify"]).succeeded();
}

#[test]
fn python_recipe_records_run() {
    let place = Place::empty();
    run_recipe(&place, "python3", &recipe("python")).succeeded();
    let run = shown(&place, "latest");
    assert_eq!((&run["status"], &run["stages"][0]["rows_out"]), (&json!("completed"), &json!(118)));
}

#[test]
fn sql_recipe_records_run() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &[]).succeeded();
    let (start, end) =
        recipe("sql").split_once("UPDATE").map(|(start, end)| (start.to_owned(), format!("UPDATE{end}"))).unwrap();
    for _ in 0..2 {
        place.database().execute(&start);
    }
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(shown(&place, ID)["status"], "running", "it is held open");
    for _ in 0..2 {
        place.database().execute(&end);
    }
    let run = shown(&place, ID);
    assert_eq!((&run["status"], &run["ledger"]["subject"]), (&json!("completed"), &json!("nightly")));
    cds(&place, &["verify"]).succeeded();
}
