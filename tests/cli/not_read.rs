//! Files that a run did not read, and runs that read none.

use std::fs;

use serde_json::{Value, json};

use crate::{
    ledger::{invocations, list, text},
    place::{DATABASE, Outcome, Place, TREE},
};

/// `reason ending count` of each row that the last run stored.
fn stored(place: &Place) -> Vec<String> {
    let rows = place.database().rows(
        "SELECT reason, ending, file_count FROM not_read WHERE run_id = (SELECT max(id) FROM runs) ORDER BY 1, 2",
    );
    rows.iter().map(|row| format!("{} {} {}", text(row, "reason"), text(row, "ending"), row["file_count"])).collect()
}

fn mixed() -> Place {
    Place::with_files(&[
        (".ignore", "vendor\n*.min.vue\nskipped.py\n"),
        (".hidden.py", "def hidden():\n    return 1\n"),
        (".git/HEAD", "nonsense"),
        ("a.py", "def one():\n    return 1\n"),
        ("large.py", &format!("x = '{}'\n", "x".repeat(2000))),
        ("latin.py", "\u{0}"),
        ("skipped.py", "x = 1\n"),
        ("vendor/deep/b.py", "x = 1\n"),
        ("vendor/c.vue", ""),
        ("web/a.vue", ""),
        ("web/b.vue", ""),
        ("web/b.min.vue", ""),
        ("Makefile", ""),
    ])
}

#[test]
fn unread_files_are_counted() {
    let place = mixed();
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.py", place.path("tree/link.py")).unwrap();
    let outcome = place.persist("builtin:", &["--max-file-size", "1000", "--format", "json"]).succeeded();
    let mut expected = vec![
        "hidden  1",
        "hidden .py 1",
        "ignored .py 1",
        "ignored .vue 1",
        "ignored / 1",
        "other_language  1",
        "other_language .vue 2",
        "too_large .py 1",
        "unreadable .py 1",
    ];
    if cfg!(unix) {
        expected.insert(5, "link .py 1");
    }
    assert_eq!(stored(&place), expected);
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let total: u64 = list(&summary, "not_read").iter().filter_map(|row| row["file_count"].as_u64()).sum();
    assert_eq!(total, expected.len() as u64 + 1);
    assert!(list(&summary, "not_read").contains(&json!({"ending": "/", "reason": "ignored", "file_count": 1})));
    let line = outcome.lines_of("not_read").join("");
    assert!(line.contains(" hidden=2 ignored=3 ") && line.contains("2 .vue (other_language)"), "{line}");
    let shown = place.ask_json(&["runs", "show", "1"])["run"].clone();
    assert_eq!(list(&shown, "not_read").len(), expected.len());
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
}

#[test]
fn no_ignore_reads_everything() {
    let place = mixed();
    place.persist("builtin:", &["--no-ignore"]).succeeded();
    let expected = ["other_language  2", "other_language .vue 4", "unreadable .py 1"];
    assert_eq!(stored(&place), expected);
}

#[test]
fn database_in_tree_is_not_counted() {
    let place = Place::with_functions(1);
    for _ in 0..2 {
        let arguments = ["persist", "--path", TREE, "--db-path", "tree/own.sqlite", "--provider-url", "builtin:"];
        let outcome = place.cds(&arguments).succeeded();
        assert_eq!(outcome.lines_of("not_read"), [""; 0]);
    }
}

#[test]
fn changed_count_breaks_proof() {
    let place = mixed();
    place.persist("builtin:", &[]).succeeded();
    place.database().execute("UPDATE not_read SET file_count = 9 WHERE ending = '.vue' AND reason = 'other_language'");
    place.cds(&["verify", "--db-path", DATABASE]).exited_with(1);
}

#[test]
fn empty_snapshot_needs_an_option() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    fs::remove_file(place.path("tree/functions.py")).unwrap();
    place.write("tree/README.md", "old\n");
    let refused = place.persist("builtin:", &[]).exited_with(1);
    let folder = place.path(TREE).display().to_string();
    refused.stderr_has(&["--allow-empty", "1 .md (other_language)", &folder]);
    let database = place.database();
    assert_eq!(database.number("SELECT count(*) FROM runs"), 1);
    assert_eq!(text(invocations(&database).last().unwrap(), "status"), "failed");
    let outcome = place.persist("builtin:", &["--allow-empty"]).succeeded();
    outcome.stderr_has(&["warning: no source file was read in", "removed=3"]);
    // The project is known to be empty now.
    place.persist("builtin:", &[]).succeeded().stderr_has(&["warning: no source file was read in"]);
}

#[test]
fn empty_first_snapshot_warns() {
    let place = Place::empty();
    place.persist("builtin:", &[]).succeeded().stderr_has(&["the folder holds nothing else"]);
    place.cds(&["model-build", "--path", TREE]).succeeded().stderr_has(&["no source file was read in"]);
}

#[test]
fn gates_fail_without_records() {
    let place = Place::empty();
    place.persist("builtin:", &[]).succeeded();
    let check = |more: &[&str]| place.ask(&[&["dup-check"], more].concat());
    check(&[]).succeeded();
    for gate in [&["--fail-on", "new"][..], &["--fail-on", "any"], &["--max-share", "100%"]] {
        check(gate).exited_with(1).stderr_has(&["run 1 has no records"]);
    }
    let few = place.persist("builtin:", &["--min-intents", "1", "--project", "other"]).exited_with(1);
    few.stderr_has(&["gate failed: --min-intents 1: the run has no records", "hint: run 2 is saved; check --path"]);
    let drift = |gate: &[&str]| -> Outcome { place.ask(&[&["drift", "--path", TREE], gate].concat()) };
    assert!(drift(&[]).succeeded().stdout.contains("nothing was compared"));
    drift(&["--fail-on-drift"]).exited_with(1).stderr_has(&["the tree has no records"]);
    place.write("tree/a.py", "x = 1\n");
    drift(&["--fail-on-drift"]).exited_with(1).stderr_has(&["run 1 has no records"]);
}

#[test]
fn empty_run_is_no_baseline() {
    let copy = "def total(items):\n    result = 0\n    for item in items:\n        if item.price > 0:\n            \
                result += item.price * item.count\n        else:\n            result -= item.discount\n    return result\n";
    let place = Place::with_files(&[("a.py", copy), ("b.py", copy)]);
    place.persist("builtin:", &[]).succeeded();
    for name in ["a.py", "b.py"] {
        fs::rename(place.path(&format!("{TREE}/{name}")), place.path(name)).unwrap();
    }
    place.persist("builtin:", &["--allow-empty"]).succeeded();
    for name in ["a.py", "b.py"] {
        fs::rename(place.path(name), place.path(&format!("{TREE}/{name}"))).unwrap();
    }
    place.persist("builtin:", &[]).succeeded();
    let outcome = place.ask(&["dup-check", "--fail-on", "new"]).succeeded();
    assert!(outcome.stdout.contains("compared with run 1\n"), "{}", outcome.stdout);
}

#[test]
fn unread_counts_travel_with_run() {
    let place = mixed();
    place.persist("builtin:", &[]).succeeded();
    place.persist("builtin:", &[]).succeeded();
    place.cds(&["archive", "--to", "archive", "--db-path", DATABASE]).succeeded();
    place.cds(&["import", "--from", "archive", "--db-path", "other.sqlite"]).succeeded();
    let count = "SELECT count(*) FROM not_read WHERE run_id = 1";
    let other = crate::database::Database::open(&place.path("other.sqlite"));
    assert_eq!(other.number(count), place.database().number(count));
    place.cds(&["verify", "--db-path", "other.sqlite"]).succeeded();
    place.cds(&["runs", "prune", "--keep-last", "1", "--db-path", DATABASE]).succeeded();
    assert_eq!(place.database().number(count), 0);
}
