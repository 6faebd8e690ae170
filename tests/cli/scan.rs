//! `cds scan`: the same groups as `cds dup check` of a snapshot, without a database.

use serde_json::{Value, json};

use crate::{
    ledger::{each, list},
    place::{DATABASE, Outcome, Place, TREE},
};

const SUM: &str = "\
def sum_of(lines, rates):
    total = 0
    for line in lines:
        if line.kind not in rates:
            raise KeyError(line.kind)
        total += line.price * rates[line.kind]
    return total
";

/// A tree with one pair of equal functions and one pair that differs by names.
fn place() -> Place {
    let renamed = SUM.replace("sum_of", "price_of").replace("total", "price_sum").replace("rates", "factors");
    Place::with_files(&[("a.py", SUM), ("b.py", SUM), ("c.py", &renamed)])
}

fn scan(place: &Place, more: &[&str]) -> Outcome {
    place.cds(&[&["scan", TREE], more].concat())
}

#[track_caller]
fn object(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).expect("one JSON object")
}

#[test]
fn scan_finds_what_dup_check_finds() {
    for place in [place(), Place::with_shop()] {
        place.persist("builtin:", &[]).succeeded();
        let stored = place.ask_json(&["dup", "check"]);
        let scanned = object(&scan(&place, &["--format", "json"]).succeeded());
        for name in ["group_id", "channel", "confidence", "members"] {
            let (one, other) = (each(list(&stored, "groups"), name), each(list(&scanned, "groups"), name));
            let without_intent = |members: Vec<Value>| {
                let mut text = serde_json::to_string(&members).expect("JSON");
                for member in members.iter().flat_map(|member| member.as_array().into_iter().flatten()) {
                    text = text.replace(&format!("\"intent\":{}", member["intent"]), "\"intent\":null");
                }
                text
            };
            let cloned = |values: Vec<&Value>| values.into_iter().cloned().collect::<Vec<_>>();
            assert_eq!(without_intent(cloned(one)), without_intent(cloned(other)), "{name}");
        }
        assert_eq!((&scanned["run_id"], &scanned["run"]["project"]), (&Value::Null, &Value::Null));
        assert_eq!(stored["repeated_lines"], scanned["repeated_lines"]);
    }
}

#[test]
fn scan_writes_nothing() {
    let place = place();
    let before = place.names();
    let outcome = scan(&place, &[]).succeeded();
    assert!(outcome.stdout.contains("equal code"), "{outcome:?}");
    assert_eq!(place.names(), before);
    // A database is only read.
    place.persist("builtin:", &[]).succeeded();
    let (kept, names) = (place.read(DATABASE), place.names());
    let reused = scan(&place, &["--db-path", DATABASE]).succeeded().stderr_has(&["reused=3", "parsed=0"]);
    assert_eq!(reused.stdout, outcome.stdout);
    assert_eq!((place.read(DATABASE), place.names()), (kept, names));
    scan(&place, &["--db-path", DATABASE, "--no-reuse"]).succeeded().stderr_has(&["reused=0", "parsed=2"]);
    scan(&place, &["--db-path", DATABASE, "--output", DATABASE]).exited_with(2).stderr_has(&["it is the database"]);
}

#[test]
fn path_alone_means_scan() {
    let place = place();
    let long = scan(&place, &[]).succeeded();
    let short = place.cds(&[TREE]).succeeded().stderr_has(&["note: cds PATH is short for cds scan PATH"]);
    assert_eq!(short.stdout, long.stdout);
    let quiet = place.cds(&["-q", TREE, "-n", "1"]).succeeded();
    assert_eq!(quiet.stderr, "");
    place.cds(&["no-such-command"]).exited_with(2).stderr_has(&["no-such-command"]);
    // A command wins over a folder of its name.
    place.write("doctor/a.py", SUM);
    assert!(place.cds(&["doctor"]).stdout.contains("sqlite"));
}

#[test]
fn path_may_be_positional_or_named() {
    let place = place();
    let named = place.cds(&["scan", "--path", TREE]).succeeded();
    assert_eq!(scan(&place, &[]).succeeded().stdout, named.stdout);
    for command in ["model-build", "enrich-intent"] {
        let more = if command == "enrich-intent" { &["--provider-url", "builtin:"][..] } else { &[] };
        let one = place.cds(&[&[command, TREE], more].concat()).succeeded();
        let other = place.cds(&[&[command, "--path", TREE], more].concat()).succeeded();
        assert_eq!(one.stdout, other.stdout, "{command}");
    }
    place.cds(&["persist", TREE, "--db-path", DATABASE, "--provider-url", "builtin:"]).succeeded();
    place.cds(&["drift", TREE, "--db-path", DATABASE]).succeeded();
    place.cds(&["scan", TREE, "--path", TREE]).exited_with(2).stderr_has(&["PATH", "--path"]);
    place.cds(&["persist", "--db-path", DATABASE]).exited_with(2).stderr_has(&["no PATH is given", "--path"]);
    place.cds(&["scan", "no/such"]).exited_with(2).stderr_has(&["use PATH", "\"no/such\""]);
}

#[test]
fn first_attempts_lead_on() {
    let place = place();
    for attempt in [&["dup-check", TREE][..], &["dup-check", "--path", TREE], &["dup", "check", TREE, "-n", "1"]] {
        place.cds(attempt).exited_with(2).stderr_has(&["hint: to search a tree: cds scan tree", "--db-path FILE"]);
    }
    place.cds(&["dup-check", "--no-such"]).exited_with(2).stderr_has(&["add --help"]);
    for attempt in [&["dup-check"][..], &["persist", TREE], &["runs", "list"]] {
        place.cds(attempt).exited_with(2).stderr_has(&["none is configured", "--db-path FILE", "cds scan PATH"]);
    }
    place.cds(&["."]).succeeded();
}

#[test]
fn gates_of_a_scan_fail() {
    let place = place();
    scan(&place, &["--fail-on", "any"]).exited_with(1).stderr_has(&["gate failed", "duplicate"]);
    scan(&place, &["--max-share", "1%"]).exited_with(1).stderr_has(&["gate failed: 66.7 % of all lines"]);
    scan(&place, &["--max-share", "100%"]).succeeded();
    let clean = Place::with_files(&[("a.py", SUM)]);
    let outcome = scan(&clean, &["--fail-on", "any"]).succeeded();
    assert!(outcome.stdout.contains("Gate passed"), "{outcome:?}");
    // Without a file that can be read, no gate can say anything.
    let empty = Place::empty();
    scan(&empty, &[]).succeeded().stderr_has(&["the tree has no records"]);
    for gate in [&["--fail-on", "any"], &["--max-share", "100%"]] {
        scan(&empty, gate).exited_with(1).stderr_has(&["the tree has no records, so there is nothing to check"]);
    }
}

#[test]
fn forms_show_the_tree() {
    let place = place();
    for (format, expected) in [
        ("table", "SAVED"),
        ("csv", "group_id"),
        ("markdown", "## Duplicated code"),
        ("sarif", "\"runId\":null"),
        ("gitlab", "fingerprint"),
        ("github", "::warning"),
        ("html", "the tree"),
        ("ndjson", "\"run_id\":null"),
    ] {
        let outcome = scan(&place, &["--format", format]).succeeded();
        assert!(outcome.stdout.contains(expected), "{format}: {}", outcome.stdout);
    }
    let diff = scan(&place, &["--show", "diff"]).succeeded();
    assert!(diff.stdout.contains("for line in lines:"), "{diff:?}");
    let id = list(&object(&scan(&place, &["--format", "json"]).succeeded()), "groups")[0]["group_id"].clone();
    let id = id.as_str().expect("an id");
    assert!(scan(&place, &["--explain", id]).succeeded().stdout.contains(id));
    scan(&place, &["--group", "ffffffffffffffff"]).exited_with(2).stderr_has(&["in the tree"]);
    scan(&place, &["--channels", "intent"]).exited_with(2).stderr_has(&["a scan has no intents", "cds persist"]);
    let filtered = object(&scan(&place, &["--path-filter", "c.py", "--format", "json"]).succeeded());
    assert_eq!(each(list(&filtered, "groups"), "channel"), [&json!("renamed")]);
}

/// The tree in a repository with one commit; then `c.py` gets a copy of a function that was there before.
fn repository() -> Place {
    let place = Place::with_files(&[("a.py", SUM), ("sub/b.py", SUM), ("c.py", "def other(row):\n    return row\n")]);
    place.git(&["init", "--quiet", "--initial-branch", "main"]);
    place.git(&["add", "."]);
    place.git(&["commit", "--quiet", "--message", "one"]);
    place
}

fn against(place: &Place, reference: &str, more: &[&str]) -> Outcome {
    scan(place, &[&["--baseline-ref", reference, "--fail-on", "new", "--format", "json"], more].concat())
}

#[test]
fn commit_is_a_baseline() {
    let place = repository();
    let same = object(&against(&place, "main", &[]).succeeded());
    assert_eq!(each(list(&same, "groups"), "state"), [&json!("known")]);
    assert_eq!((&same["baseline_run_id"], same["baseline_commit"].as_str().map(str::len)), (&Value::Null, Some(40)));

    // A copy of what was there twice, in a file that is not committed.
    place.write("tree/new.py", SUM);
    let grown = against(&place, "HEAD", &[]).exited_with(1).stderr_has(&["gate failed"]);
    assert_eq!(each(list(&object(&grown), "groups"), "state"), [&json!("grown")]);
    place.git(&["add", "."]);
    place.git(&["commit", "--quiet", "--message", "two"]);
    against(&place, "main", &[]).succeeded();
    against(&place, "main~1", &[]).exited_with(1).stderr_has(&["gate failed"]);
    let first = place.git(&["rev-parse", "main~1"]);
    against(&place, &first, &[]).exited_with(1).stderr_has(&["gate failed"]);
}

#[test]
fn moves_and_renames_are_no_news() {
    let place = repository();
    place.git(&["mv", "a.py", "moved.py"]);
    place.write("tree/sub/b.py", SUM.replace("total", "sum_of_all"));
    against(&place, "main", &[]).succeeded();
    // Nothing is checked out, and nothing is written.
    assert_eq!(place.git(&["status", "--porcelain"]).lines().count(), 2);
}

#[test]
fn only_changed_files_are_shown() {
    let place = repository();
    place.write("tree/c.py", SUM);
    let all = object(&scan(&place, &["--baseline-ref", "main", "--format", "json"]).succeeded());
    let third = SUM.replace("price", "weight");
    place.write("tree/d.py", &third);
    place.write("tree/e.py", &third);
    place.git(&["add", "."]);
    place.git(&["commit", "--quiet", "--message", "two"]);
    place.write("tree/sub/b.py", format!("import os\n\n\n{SUM}"));
    let changed = object(&scan(&place, &["--baseline-ref", "main", "--changed", "--format", "json"]).succeeded());
    assert!(!list(&all, "groups").is_empty() && !list(&changed, "groups").is_empty());
    for group in list(&changed, "groups") {
        let files = each(group["members"].as_array().expect("members"), "file_path");
        assert!(files.contains(&&json!("sub/b.py")), "{files:?}");
    }
}

#[test]
fn wrong_commits_are_refused() {
    let place = repository();
    against(&place, "no-such", &[]).exited_with(1).stderr_has(&["no-such", "git fetch"]);
    scan(&place, &["--fail-on", "new"]).exited_with(2).stderr_has(&["--baseline-ref origin/main"]);
    scan(&place, &["--changed"]).exited_with(2).stderr_has(&["--changed", "--baseline-ref"]);
    let bare = Place::with_files(&[("a.py", SUM)]);
    against(&bare, "main", &[]).exited_with(2).stderr_has(&["no git repository"]);
}

#[test]
fn folder_of_a_repository_is_compared() {
    let place = repository();
    place.write("tree/sub/d.py", SUM);
    let outcome = place.cds(&["scan", "tree/sub", "--baseline-ref", "main", "--fail-on", "new", "--format", "json"]);
    let states = object(&outcome.exited_with(1));
    assert_eq!(each(list(&states, "groups"), "state"), [&json!("new")]);
}
