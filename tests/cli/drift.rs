//! `cds drift`: compares the current tree with a snapshot.

use std::fs;

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::{Value, json};

use crate::{
    database::{CONTRACT, Database},
    ledger::{each, list, one_line},
    place::{DATABASE, Outcome, Place, TREE, functions},
};

const DRIFT: [&str; 3] = ["drift", "--path", TREE];

fn drift(place: &Place, more: &[&str]) -> Outcome {
    place.ask(&[&DRIFT, more].concat())
}

#[track_caller]
fn found(place: &Place, more: &[&str]) -> Value {
    place.ask_json(&[&DRIFT, more].concat())
}

/// The counts of added, changed, removed, moved, unread and unchanged.
#[track_caller]
fn counts(found: &Value) -> [u64; 6] {
    ["added", "changed", "removed", "moved", "not_seen", "unchanged"]
        .map(|name| found["counts"][name].as_u64().expect("a count"))
}

#[test]
fn unchanged_tree_has_no_drift() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    place.persist(&server.url(), &[]).succeeded();
    let (asked, before) = (server.generate_count(), place.read(DATABASE));
    let object = found(&place, &[]);
    assert_eq!((counts(&object), &object["has_drifted"]), ([0, 0, 0, 0, 0, 59], &json!(false)));
    assert_eq!(list(&object, "errors").len(), 3);
    let outcome = drift(&place, &["--fail-on-drift"]).succeeded();
    assert!(outcome.stdout.contains("the tree is as the snapshot has it"), "{outcome:#?}");
    outcome.stderr_has(&["compared with run 1, the latest of project tree\n"]);
    assert_eq!(server.generate_count(), asked, "no model is asked");
    assert_eq!(place.read(DATABASE), before, "nothing is written");
    place.check_is_tidy();
}

#[test]
fn differences_are_listed_with_location() {
    let place = Place::with_files(&[
        ("a.py", "def one():\n    return 1\n\n\ndef two():\n    return 2\n\n\ndef three():\n    return 3\n"),
        ("lost.py", "def lost():\n    return 'lost'\n"),
        ("old.py", "class Old:\n    def run(self):\n        return 5\n"),
    ]);
    place.persist("builtin:", &[]).succeeded();
    // A comment above a definition moves it; a comment inside changes its text.
    place.write(
        "tree/a.py",
        "# more\ndef one():\n    return 1\n\n\ndef two():\n    return 2  # why\n\n\ndef new():\n    return 9\n",
    );
    fs::remove_file(place.path("tree/lost.py")).unwrap();
    fs::create_dir(place.path("tree/sub")).unwrap();
    fs::rename(place.path("tree/old.py"), place.path("tree/sub/new.py")).unwrap();

    let object = found(&place, &[]);
    assert_eq!((counts(&object), &object["has_drifted"]), ([1, 2, 3, 3, 0, 1], &json!(true)));
    let unit = |kind: &str, file_path: &str, name: &str, lines: (u32, u32)| json!({ "kind": kind, "file_path": file_path, "name": name, "ordinal": 1, "start_line": lines.0, "end_line": lines.1 });
    assert_eq!(object["added"], json!([unit("function", "a.py", "new", (10, 11))]));
    let changed = list(&object, "changed");
    assert_eq!(each(changed, "before")[1], &unit("function", "a.py", "two", (5, 6)));
    assert_eq!(each(changed, "after")[1], &unit("function", "a.py", "two", (6, 7)));
    assert_eq!(each(list(&object, "removed"), "name"), ["three", "", "lost"]);
    let moved = list(&object, "moved");
    assert_eq!(each(moved, "before")[2], &unit("method", "old.py", "Old.run", (2, 3)));
    assert_eq!(each(moved, "after")[2], &unit("method", "sub/new.py", "Old.run", (2, 3)));

    let text = one_line(&drift(&place, &[]).succeeded().stdout);
    for part in [
        "unchanged 1 added 1 changed 2 removed 3 moved 3",
        "Added KIND PLACE NAME function a.py:10 new",
        "Changed KIND PLACE NAME file a.py function a.py:6 two",
        "Removed KIND PLACE NAME function a.py:9 three file lost.py function lost.py:1 lost",
        "method old.py:2 sub/new.py:2 Old.run",
    ] {
        assert!(text.contains(part), "{part:?} is in {text}");
    }
    let short = one_line(&drift(&place, &["--limit", "1"]).succeeded().stdout);
    assert!(short.contains("a.py:9 three … and 2 others; all are shown with --limit 0"), "{short}");
}

#[test]
fn only_drift_fails_the_gate() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/functions.py", functions(3));
    drift(&place, &[]).succeeded();
    for format in ["table", "json"] {
        let outcome = drift(&place, &["--fail-on-drift", "--format", format]).exited_with(1);
        let line =
            "error: gate failed: --fail-on-drift: the tree differs from run 1: added=1 changed=1 removed=0 moved=0";
        assert_eq!(outcome.stderr.lines().find(|line| line.starts_with("error")), Some(line), "{outcome:#?}");
        assert!(outcome.stdout.contains("f3"), "the result is shown all the same");
    }
    place.write("tree/functions.py", functions(2));
    // A changed intent is not drift.
    place.database().execute("UPDATE records SET intent = 'Does something else.', intent_status = 'success'");
    drift(&place, &["--fail-on-drift"]).succeeded();
}

#[test]
fn unreadable_file_is_not_removed() {
    let place = Place::with_functions(2);
    place.write("tree/more.py", "def a():\n    return 1\n\n\ndef b():\n    return 2\n");
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/more.py", b"def a():\n    return 1\n\0\n");
    let object = found(&place, &[]);
    assert_eq!(counts(&object), [0, 0, 0, 0, 3, 3]);
    assert_eq!(each(list(&object, "not_seen"), "name"), ["", "a", "b"]);
    assert_eq!(list(&object, "errors")[0]["file_path"], "more.py");
    drift(&place, &["--fail-on-drift"]).succeeded().stderr_has(&["warning: 3 definitions and files were not compared"]);
    // Changes outside the broken part are found.
    place.write("tree/more.py", "def a():\n    return 1\n\n\ndef b(:\n    return 2\n");
    let object = found(&place, &[]);
    assert_eq!(counts(&object), [0, 1, 0, 0, 1, 4]);
    assert_eq!(each(list(&object, "not_seen"), "name"), ["b"]);
}

#[test]
fn previously_unreadable_file_is_not_added() {
    let place = Place::with_functions(2);
    place.write("tree/more.py", b"def a():\n    return 1\n\0\n");
    place.persist("builtin:", &[]).succeeded();
    place.write("tree/more.py", "def a():\n    return 1\n\n\ndef b():\n    return 2\n");
    let object = found(&place, &[]);
    assert_eq!((counts(&object), &object["has_drifted"]), ([0, 0, 0, 0, 0, 3], &json!(false)));
    assert_eq!(object["counts"]["not_seen_before"], 3);
    assert_eq!(each(list(&object, "not_seen_before"), "name"), ["", "a", "b"]);
    let outcome = drift(&place, &["--fail-on-drift"]).succeeded();
    let page = one_line(&outcome.stdout);
    assert!(page.contains("not seen before 3, since") && page.contains("function more.py:5 b"), "{page}");
    outcome.stderr_has(&["warning: 3 definitions and files were not compared: ", "when the snapshot was taken"]);
    // A new definition elsewhere still counts.
    place.write("tree/new.py", "def c():\n    return 3\n");
    drift(&place, &["--fail-on-drift"]).exited_with(1).stderr_has(&["added=2 changed=0"]);
}

#[test]
fn latest_snapshot_of_same_scope() {
    let place = Place::with_functions(2);
    place.write("tree/sub/more.py", "def more():\n    return 1\n");
    place.commit_tree();
    let persist = |path: &str, more: &[&str]| {
        let arguments = ["persist", "--path", path, "--db-path", DATABASE, "--provider-url", "builtin:"];
        place.cds(&[&arguments, more].concat()).succeeded();
    };
    persist(TREE, &[]);
    persist("tree/sub", &[]);
    persist(TREE, &["--project", "other"]);
    let run = |arguments: &[&str]| place.ask_json(&[&["drift"], arguments].concat())["run_id"].clone();
    assert_eq!(run(&["--path", TREE]), 1);
    assert_eq!(run(&["--path", "tree/sub"]), 2);
    assert_eq!(run(&["--path", TREE, "--project", "other"]), 3);
    assert_eq!(run(&["--path", TREE, "--run", "latest"]), 3, "the latest of all, where that is asked for");
    place
        .ask(&["drift", "--path", "tree/sub"])
        .succeeded()
        .stderr_has(&["run 2, the latest of project tree, part sub\n"]);
    let other = ["warning: the tree is project tree, and is compared with run 3, which is of project other"];
    place.ask(&["drift", "--path", TREE, "--run", "3"]).succeeded().stderr_has(&other);
    let unknown = place.ask(&["drift", "--path", TREE, "--project", "third"]).succeeded();
    unknown.stderr_has(&["warning: the tree is project third, and is compared with run 3, which is of project other"]);
    place.ask(&["runs", "prune", "--older-than", "1ms"]).succeeded();
    assert_eq!(run(&["--path", TREE]), 3, "a snapshot that was pruned is none");
}

#[test]
fn foreign_database_is_enough() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    fs::rename(place.path(DATABASE), place.path("own.sqlite")).unwrap();
    Database::create(
        &place.path(DATABASE),
        &format!(
            "{CONTRACT} ATTACH '{}' AS own; INSERT INTO runs SELECT * FROM own.runs;
             INSERT INTO records SELECT * FROM own.records; DETACH own;",
            place.path("own.sqlite").display()
        ),
    );
    let object = found(&place, &[]);
    assert_eq!(counts(&object), [0, 0, 0, 0, 0, 3]);
    assert_eq!((&object["run"]["project"], &object["run"]["code_ref"]), (&Value::Null, &Value::Null));
    drift(&place, &[])
        .succeeded()
        .stderr_has(&["warning: no snapshot is known to be of project tree", "run 1, the latest"]);
    place.write("tree/functions.py", functions(1));
    assert_eq!(counts(&found(&place, &["--run", "1"])), [0, 1, 1, 0, 0, 1]);
}

#[test]
fn compared_run_must_exist() {
    let place = Place::with_functions(1);
    drift(&place, &[]).exited_with(2).stderr_has(&["cds.sqlite", "hint: "]);
    place.build(&[]).succeeded();
    drift(&place, &[])
        .exited_with(1)
        .stderr_has(&["the database has no snapshot yet", "hint: create the first one with"]);
    place.persist("builtin:", &[]).succeeded();
    drift(&place, &["--run", "7"])
        .exited_with(1)
        .stderr_has(&["run \"7\": there is no such run", "hint: the nearest are 1"]);
    drift(&place, &["--run", "latest~1"]).exited_with(1).stderr_has(&["there is no such run"]);
    let build = crate::ledger::invocations(&place.database())[0]["run_id"].as_str().unwrap().to_owned();
    drift(&place, &["--run", &build])
        .exited_with(1)
        .stderr_has(&["has no snapshot, its status is completed", "hint: "]);
    place.ask(&["drift", "--path", "nowhere"]).exited_with(2).stderr_has(&["--path"]);
    place.persist("builtin:", &[]).succeeded();
    place.ask(&["runs", "prune", "--keep-last", "1"]).succeeded();
    drift(&place, &["--run", "1"]).exited_with(1).stderr_has(&["its snapshot 1 was pruned"]);
}
