//! `cds backfill`: each past commit becomes the snapshot that `cds persist` would have taken of its checkout.

use std::{collections::BTreeMap, fs, path::Path};

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::{Value, json};

use crate::{
    database::Database,
    place::{DATABASE, Outcome, Place, TREE, functions},
    running::Running,
};

const CART: &str = "class Cart:\n    def total(self):\n        return sum(self.prices)\n";
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let own = ["backfill", "--repo", TREE, "--db-path", DATABASE, "--provider-url", "builtin:"];
    let project: &[&str] = if more.contains(&"--project") { &[] } else { &["--project", "shop"] };
    [&own, project, more].concat()
}

fn backfill(place: &Place, more: &[&str]) -> Outcome {
    place.cds(&arguments(more))
}

fn summary(place: &Place, more: &[&str]) -> Value {
    let outcome = backfill(place, &[more, &["--format", "json"]].concat()).succeeded();
    serde_json::from_str(&outcome.stdout).expect("the summary is JSON")
}

/// Commits everything.
fn commit(place: &Place, message: &str) -> String {
    place.git(&["add", "--all"]);
    place.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    place.git(&["rev-parse", "HEAD"])
}

/// Files come, move, change, go and come back; some are ignored, hidden, links, pointers, broken or too large.
fn past() -> Place {
    let place = Place::empty();
    place.git(&["init", "--quiet", "--initial-branch", "main"]);
    place.write("tree/README.md", "# Shop\n");
    commit(&place, "begin");
    place.write("tree/a.py", functions(3));
    place.write("tree/pkg/cart.py", CART);
    place.write("tree/pkg/deep/copy.py", CART);
    place.write("tree/.hidden.py", "x = 1\n");
    place.write("tree/build/out.py", "x = 2\n");
    place.write("tree/old.py", "def old(x):\n    return x - 1\n");
    commit(&place, "code");
    place.write("tree/.gitignore", "build/\n");
    place.write("tree/a.py", functions(4));
    commit(&place, "rules");
    fs::rename(place.path("tree/pkg"), place.path("tree/lib")).expect("the file is there");
    commit(&place, "rename a folder");
    place.git(&["checkout", "--quiet", "-b", "side"]);
    place.write("tree/side.py", "def side():\n    return 1\n");
    commit(&place, "aside");
    place.git(&["checkout", "--quiet", "main"]);
    place.write("tree/a.py", functions(2));
    fs::remove_file(place.path("tree/old.py")).expect("the file is there");
    commit(&place, "fewer");
    place.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "side"]);
    place.write("tree/pointer.py", POINTER);
    place.write("tree/large.py", format!("x = '{}'\n", "x".repeat(3000)));
    place.write("tree/broken.py", "def f(:\n");
    place.write("tree/nul.py", "x = 1\0\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.py", place.path("tree/link.py")).expect("the file is there");
    commit(&place, "strange files");
    fs::remove_file(place.path("tree/lib/cart.py")).expect("the file is there");
    place.write("tree/a.py", functions(4));
    commit(&place, "as before");
    place
}

const LIMITS: [&str; 2] = ["--max-file-size", "2000"];

/// What a snapshot holds, without the moments of the runs.
fn content(database: &Database) -> Vec<Vec<Value>> {
    [
        "SELECT id, run_id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent,
                intent_status, intent_error FROM records ORDER BY id",
        "SELECT record_id, run_id, content_hash FROM record_hashes ORDER BY record_id",
        "SELECT run_id, file_path, line, reason FROM analyzer_errors ORDER BY id",
        "SELECT run_id, ending, reason, file_count FROM not_read ORDER BY 1, 2, 3",
        "SELECT run_id, file_path, hex(source_hash), language, analyzer, record_count FROM source_files ORDER BY 1, 2",
        "SELECT sequence, unit_id, run_id, transition, content_hash, actor, reasoning, metadata FROM unit_history
         ORDER BY sequence",
        "SELECT run_id, project, part, record_count, snapshot_root FROM snapshot_chain ORDER BY sequence",
        "SELECT snapshot_id, subject, code_ref, root_path, status FROM runs_ledger ORDER BY snapshot_id",
    ]
    .map(|sql| database.rows(sql))
    .into()
}

#[test]
fn snapshots_equal_those_of_checkouts() {
    let place = past();
    backfill(&place, &LIMITS).succeeded();
    let commits = place.git(&["rev-list", "--first-parent", "--reverse", "main"]);
    for commit in commits.lines() {
        place.git(&["checkout", "--quiet", commit]);
        let own = ["persist", "--path", TREE, "--db-path", "other.sqlite", "--provider-url", "builtin:"];
        place.cds(&[&own[..], &["--project", "shop", "--allow-empty"], &LIMITS].concat()).succeeded();
    }
    let (found, expected) = (content(&place.database()), content(&Database::open(&place.path("other.sqlite"))));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
}

#[test]
fn history_has_times_and_authors_of_commits() {
    let place = past();
    backfill(&place, &[]).succeeded();
    let times = place.git(&["log", "--first-parent", "--reverse", "--format=%ct %s"]);
    let rows = place.database().rows(
        "SELECT DISTINCT strftime('%s', recorded_at) || ' ' || reasoning AS line, actor FROM unit_history ORDER BY run_id",
    );
    assert!(rows.len() >= 6, "{rows:?}");
    for row in rows {
        assert_eq!(row["actor"], json!("Test <test@example.org>"));
        assert!(times.lines().any(|line| row["line"] == json!(line)), "{row} in {times}");
    }
    let old = "SELECT count(*) FROM runs WHERE started_at < '2025'";
    assert_eq!(place.database().number(old), 0, "the runs themselves are of today");
    place.cds(&["archive", "--to", "archive", "--db-path", DATABASE]).succeeded();
    place.cds(&["import", "--from", "archive", "--db-path", "other.sqlite"]).succeeded();
    let recorded = "SELECT recorded_at, transition FROM unit_history ORDER BY sequence";
    let other = Database::open(&place.path("other.sqlite"));
    assert_eq!(other.rows(recorded), place.database().rows(recorded));
}

#[test]
fn trend_shows_times_of_commits() {
    let place = past();
    backfill(&place, &[]).succeeded();
    let outcome = place.cds(&["dup", "trend", "--db-path", DATABASE, "--format", "json"]).succeeded();
    let trend: Value = serde_json::from_str(&outcome.stdout).expect("the trend is JSON");
    let found: Vec<&str> =
        trend["runs"].as_array().unwrap().iter().filter_map(|run| run["committed_at"].as_str()).collect();
    let chained = place.database().texts("SELECT recorded_at FROM snapshot_chain ORDER BY sequence");
    assert_eq!(found, chained);
}

#[test]
fn every_content_is_parsed_once() {
    let place = past();
    let summary = summary(&place, &LIMITS);
    // Distinct contents of files that are read: copies, moves and returns are none of their own.
    let mut contents = BTreeMap::new();
    for commit in place.git(&["rev-list", "--first-parent", "main"]).lines() {
        for line in place.git(&["ls-tree", "-r", commit]).lines() {
            let (entry, path) = line.split_once('\t').expect("an entry and a path");
            let is_read = Path::new(path).extension().is_some_and(|ending| ending == "py")
                && !path.starts_with(".hidden")
                && !entry.starts_with("120000");
            let is_ignored = path.starts_with("build/") && !place.git(&["ls-tree", commit, ".gitignore"]).is_empty();
            if is_read && !is_ignored {
                contents.insert(entry.to_owned(), path.to_owned());
            }
        }
    }
    assert_eq!(summary["blobs_parsed"], json!(contents.len()), "{contents:?}");
    assert_eq!((&summary["saved"], &summary["merges"], &summary["present"]), (&json!(8), &json!(1), &json!(0)));
    assert_eq!(summary["moved"], json!(6), "the folder has two files with a class and a method each: {summary}");
}

#[test]
fn repository_is_left_alone() {
    fn files(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                files(&path, found);
            } else {
                found.insert(path.display().to_string(), fs::read(&path).unwrap_or_default());
            }
        }
    }
    let place = past();
    // A change that is not committed, and traps for everything that git would run.
    place.write("tree/a.py", "uncommitted\n");
    for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
        place.write(&format!("tree/.git/hooks/{hook}"), "#!/bin/sh\ntouch ../trapped\n");
    }
    place.write("tree/.gitattributes", "*.py filter=trap diff=trap\n");
    place.git(&["config", "filter.trap.smudge", "touch ../trapped"]);
    place.git(&["config", "core.fsmonitor", "touch ../trapped"]);
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    files(&place.path(TREE), &mut before);
    backfill(&place, &[]).succeeded();
    files(&place.path(TREE), &mut after);
    assert!(before == after && !place.path("trapped").exists());
}

#[test]
fn finished_work_is_not_repeated() {
    let place = past();
    let all = summary(&place, &[]);
    let before = content(&place.database());
    let again = summary(&place, &[]);
    assert_eq!((&all["saved"], &again["saved"], &again["present"]), (&json!(8), &json!(0), &json!(8)));
    assert_eq!(content(&place.database()), before);
    place.write("tree/new.py", "def new():\n    return 1\n");
    commit(&place, "one more");
    let more = summary(&place, &[]);
    assert_eq!((&more["saved"], &more["present"], &more["added"]), (&json!(1), &json!(8), &json!(2)));
}

#[test]
fn older_commits_are_refused() {
    let place = past();
    backfill(&place, &["--range", "main~3..main~1"]).succeeded();
    let before = content(&place.database());
    let refused = backfill(&place, &[]).exited_with(1);
    refused.stderr_has(&["older than run 2 of the project", "--range ", "a history only goes forward"]);
    assert_eq!(content(&place.database()), before);
    assert_eq!(summary(&place, &["--range", "main~1.."])["saved"], json!(1));
    // Another project, and another part of this one, have histories of their own.
    assert_eq!(summary(&place, &["--project", "other", "--limit", "2"])["saved"], json!(2));
    assert_eq!(summary(&place, &["--path", "lib"])["saved"], json!(8));
}

#[test]
fn selections_take_what_they_name() {
    let place = past();
    place.git(&["tag", "v1.0", "main~5"]);
    place.git(&["tag", "-a", "-m", "two", "v2.0", "main~2"]);
    place.git(&["tag", "other", "side"]);
    let commits = place.git(&["rev-list", "--first-parent", "--reverse", "main"]);
    let commits: Vec<&str> = commits.lines().collect();
    for (number, (more, expected)) in [
        (vec!["--every", "3"], vec![0, 3, 6, 7]),
        (vec!["--limit", "2"], vec![6, 7]),
        (vec!["--every", "tag"], vec![2, 5]),
        (vec!["--tags", "v*"], vec![2, 5]),
        (vec!["--range", "v1.0..v2.0"], vec![3, 4, 5]),
        (vec!["--range", "v1.0"], vec![0, 1, 2]),
        (vec!["--every", "month"], vec![7]),
    ]
    .into_iter()
    .enumerate()
    {
        let project = format!("p{number}");
        backfill(&place, &[&more[..], &["--project", &project]].concat()).succeeded();
        let found = place
            .database()
            .rows(&format!("SELECT code_ref FROM runs_ledger WHERE subject = '{project}' ORDER BY snapshot_id"));
        let found: Vec<&str> = found.iter().filter_map(|row| row["code_ref"].as_str()).collect();
        assert_eq!(found, expected.iter().map(|index: &usize| commits[*index]).collect::<Vec<_>>(), "{more:?}");
    }
    let none = backfill(&place, &["--since", "2099-01-01"]).exited_with(1);
    none.stderr_has(&["none is in the range"]);
}

#[test]
fn unfit_arguments_are_refused() {
    let place = past();
    for (more, code, message) in [
        (vec!["--range", "main...side"], 2, "three dots"),
        (vec!["--range", "nowhere"], 1, "the repository has no reference nowhere"),
        (vec!["--path", "../x"], 2, "outside of the repository"),
        (vec!["--every", "0"], 2, "accepted are a whole number"),
        (vec!["--ask", "--ask-all"], 2, "cannot be used with"),
    ] {
        backfill(&place, &more).exited_with(code).stderr_has(&[message]);
    }
    fs::create_dir(place.path("plain")).unwrap();
    let outcome = place.cds(&["backfill", "--repo", "plain", "--db-path", DATABASE]);
    outcome.exited_with(2).stderr_has(&["no git repository is there"]);
    assert!(!place.path(DATABASE).exists());
}

#[test]
fn dry_run_writes_nothing() {
    let place = past();
    let planned = summary(&place, &["--dry-run"]);
    assert_eq!((&planned["snapshots"], &planned["calls"]), (&json!(8), &json!(0)));
    assert!(!place.path(DATABASE).exists());
    let saved = summary(&place, &[]);
    assert_eq!(planned["blobs"], saved["blobs_parsed"]);
    let records = place.database().number("SELECT count(*) FROM records");
    assert_eq!(planned["records"], json!(records));
}

/// `success` intents of a run.
fn known(place: &Place, run: i64) -> i64 {
    place.database().number(&format!("SELECT count(*) FROM records WHERE run_id = {run} AND intent_status = 'success'"))
}

#[test]
fn only_saved_answers_are_used_by_default() {
    let (server, place) = (FakeOllama::start(Script::new()), past());
    let url = server.url();
    let own = ["--provider-url", &url];
    let nothing = place.cds(&[&["backfill", "--repo", TREE, "--db-path", "other.sqlite"], &own[..]].concat());
    nothing.succeeded();
    assert_eq!(server.count("/api/"), 0, "nobody is even looked at");
    place.persist(&url, &["--project", "now"]).succeeded();
    let asked = server.generate_count();
    let arguments = ["backfill", "--repo", TREE, "--db-path", DATABASE, "--project", "shop"];
    place.cds(&[&arguments, &own[..]].concat()).succeeded();
    assert_eq!(server.generate_count(), asked);
    let last = place.database().number("SELECT max(id) FROM runs");
    assert_eq!(known(&place, last), known(&place, 1));
    assert!(known(&place, last - 1) > 0, "an earlier commit has definitions of today");
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
}

#[test]
fn questions_are_asked_when_wanted() {
    let place = past();
    let mut counts = Vec::new();
    for option in ["--ask", "--ask-all"] {
        let server = FakeOllama::start(Script::new());
        let (url, database) = (server.url(), format!("{}.sqlite", &option[2..]));
        let own = ["backfill", "--repo", TREE, "--db-path", &database, "--provider-url", &url, option];
        let planned = place.cds(&[&own[..], &["--dry-run", "--format", "json"]].concat()).succeeded();
        let planned: Value = serde_json::from_str(&planned.stdout).expect("the plan is JSON");
        let done = place.cds(&[&own[..], &["--format", "json"]].concat()).succeeded();
        let done: Value = serde_json::from_str(&done.stdout).expect("the summary is JSON");
        let asked = server.generate_count();
        assert_eq!((&planned["calls"], &done["calls"]), (&json!(asked), &json!(asked)), "{option}");
        counts.push(asked);
    }
    assert!(0 < counts[0] && counts[0] < counts[1], "{counts:?}");
}

/// A repository with many small commits.
fn long() -> Place {
    let place = Place::empty();
    place.git(&["init", "--quiet", "--initial-branch", "main"]);
    for number in 1..=30 {
        place.write("tree/a.py", functions(number));
        place.write(&format!("tree/f{}.py", number % 7), functions(number + 1));
        commit(&place, &format!("number {number}"));
    }
    place
}

/// Everything that does not depend on when the runs were made.
fn lasting(place: &Place) -> Vec<Vec<Value>> {
    let database = place.database();
    let mut content = content(&database);
    content.push(database.rows("SELECT * FROM unit_history ORDER BY sequence"));
    content.push(database.rows("SELECT * FROM units ORDER BY id"));
    // A killed run leaves its account.
    content[7].retain(|row| !row["snapshot_id"].is_null());
    content
}

#[test]
fn killed_work_is_resumed() {
    let place = long();
    backfill(&place, &[]).succeeded();
    let expected = lasting(&place);
    fs::remove_file(place.path(DATABASE)).unwrap();
    for line in ["completed=3 ", "completed=6 ", "completed=9 "] {
        let mut running = Running::start(&mut place.command(&arguments(&[])));
        running.wait_for_line(line);
        running.kill();
        place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    }
    let outcome = backfill(&place, &[]).succeeded();
    assert!(!outcome.stdout.contains(" saved=30 "), "{outcome:#?}");
    assert_eq!(lasting(&place), expected);
}

#[cfg(unix)]
#[test]
fn signal_keeps_whole_snapshots() {
    let place = long();
    let mut running = Running::start(&mut place.command(&arguments(&[])));
    running.wait_for_line("completed=3 ");
    running.signal("INT");
    let outcome = running.wait();
    if outcome.code != Some(0) {
        outcome.exited_with(130).stderr_has(&["snapshots are saved; the same command goes on"]);
    }
    let saved = place.database().number("SELECT count(*) FROM runs");
    assert_eq!(place.database().number("SELECT count(*) FROM snapshot_chain"), saved);
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    backfill(&place, &[]).succeeded();
    assert_eq!(place.database().number("SELECT count(*) FROM runs"), 30);
}

#[test]
fn submodules_and_missing_objects_are_named() {
    let place = past();
    let head = place.git(&["rev-parse", "HEAD"]);
    place.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},module")]);
    place.git(&["commit", "--quiet", "--message", "a submodule"]);
    backfill(&place, &["--limit", "1"]).succeeded();
    let folders = "SELECT file_count FROM not_read WHERE ending = '/' AND reason = 'unreadable'";
    assert_eq!(place.database().number(folders), 1);
    place.git(&["clone", "--quiet", "--depth", "2", &format!("file://{}", place.path(TREE).display()), "../shallow"]);
    let own = ["backfill", "--repo", "shallow", "--db-path", "other.sqlite", "--provider-url", "builtin:"];
    let outcome = place.cds(&own).succeeded();
    assert!(outcome.stdout.contains(" saved=2 "), "{outcome:#?}");
}
