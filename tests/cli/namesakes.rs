//! Definitions with equal names, and derived intents, in the history.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::Value;

use crate::{
    ledger::text,
    place::{DATABASE, Place},
};

const STUBS: [&str; 3] = [
    "@overload\ndef load(source: str) -> str: ...\n",
    "@overload\ndef load(source: bytes) -> bytes: ...\n",
    "def load(source):\n    data = read_all(source)\n    return data.decode() if isinstance(source, str) else data\n",
];
const PATH: &str = "@overload\ndef load(source: Path) -> str: ...\n";

/// `transition name#ordinal` of each row of the last run.
fn rows(place: &Place) -> Vec<String> {
    let sql = "SELECT transition, metadata ->> 'name' AS name, metadata ->> 'ordinal' AS ordinal
               FROM unit_history WHERE run_id = (SELECT max(id) FROM runs) ORDER BY sequence";
    let row = |row: &Value| format!("{} {}#{}", text(row, "transition"), text(row, "name"), row["ordinal"]);
    place.database().rows(sql).iter().map(row).collect()
}

#[track_caller]
fn persist(place: &Place, parts: &[&str]) -> Vec<String> {
    place.write("tree/one.py", parts.concat());
    place.persist("builtin:", &[]).succeeded();
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    rows(place)
}

#[test]
fn extra_overload_is_one_addition() {
    let [first, second, last] = STUBS;
    let place = Place::empty();
    persist(&place, &STUBS);
    place.write("tree/one.py", [PATH, first, second, last].concat());
    let drift = place.ask_json(&["drift", "--path", "tree"]);
    assert_eq!((&drift["counts"]["added"], &drift["counts"]["changed"]), (&1.into(), &1.into()), "{drift}");
    assert_eq!(persist(&place, &[PATH, first, second, last]), ["changed #1", "added load#1"]);
    let diff = place.ask_json(&["runs", "diff", "1", "2"]);
    assert_eq!((&diff["counts"]["added"], &diff["counts"]["changed"]), (&1.into(), &1.into()), "{diff}");
    let drift = place.ask_json(&["drift", "--path", "tree"]);
    assert_eq!(drift["has_drifted"], false);
}

#[test]
fn edits_among_namesakes_are_distinguished() {
    let [first, second, last] = STUBS;
    let place = Place::empty();
    persist(&place, &STUBS);
    assert_eq!(persist(&place, &[second, first, last]), ["changed #1"], "two trade places");
    let edited = "@overload\ndef load(source: str) -> str: return ''\n";
    assert_eq!(persist(&place, &[PATH, second, edited, last]), ["changed #1", "changed load#3", "added load#1"]);
    assert_eq!(persist(&place, &[edited, last]), ["changed #1", "removed load#1", "removed load#2"]);
    // Its code identifies it, whatever its ordinal.
    assert_eq!(persist(&place, &[edited, second, last]), ["changed #1", "returned load#2"]);
    let changed = last.replace("read_all", "read");
    assert_eq!(persist(&place, &[edited, second, &changed]), ["changed #1", "changed load#3"]);
    let page = place.ask(&["history", "one.py::load#3", "--diff"]).succeeded().stdout;
    assert!(page.contains("read_all(source)"), "{page}");
}

#[test]
fn pruned_runs_keep_ordinals() {
    let [first, second, last] = STUBS;
    let place = Place::empty();
    persist(&place, &STUBS);
    persist(&place, &[PATH, first, second, last]);
    persist(&place, &[second, first, last]);
    place.cds(&["runs", "prune", "--keep-last", "1", "--db-path", DATABASE]).succeeded();
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    persist(&place, &[first, last]);
}

/// A model that always replies with `answer`.
fn model(answer: &str) -> FakeOllama {
    FakeOllama::start(Script::new().rule(When::question(), Reply::answer(answer)))
}

/// The rows of the last run, by transition.
#[track_caller]
fn counted(place: &Place, provider: &str, more: &[&str]) -> Vec<String> {
    place.persist(provider, more).succeeded();
    place.cds(&["verify", "--db-path", DATABASE]).succeeded();
    let sql = "SELECT transition || ' ' || count(*) AS line FROM unit_history
               WHERE run_id = (SELECT max(id) FROM runs) GROUP BY transition";
    place.database().texts(sql)
}

#[test]
fn derived_intent_replaces_no_answer() {
    let (one, other) = (model("Gives a number."), model("Returns a constant."));
    let place = Place::with_functions(3);
    assert_eq!(counted(&place, &one.url(), &[]), ["added 4"]);
    assert_eq!(counted(&place, "builtin:", &[]), [""; 0], "it is no change");
    let stored = "SELECT count(*) FROM records WHERE run_id = 2 AND intent <> 'Gives a number.'";
    assert_eq!(place.database().number(stored), 3, "the records have the sentences of their own run");
    let diff = place.ask_json(&["runs", "diff", "1", "2"]);
    assert_eq!(diff["counts"]["intents_changed"], 0);
    assert_eq!(counted(&place, &one.url(), &[]), [""; 0], "the same sentence comes back");
    assert_eq!(counted(&place, "builtin:", &[]), [""; 0]);
    assert_eq!(counted(&place, &other.url(), &["--refresh-intents"]), ["intent_changed 3"]);
    place.write("tree/functions.py", "def f1():\n    return 5\n\ndef f2():\n    return 2\n");
    assert_eq!(counted(&place, "builtin:", &[]), ["changed 2", "removed 1"]);
    assert_eq!(counted(&place, &other.url(), &[]), [""; 0], "code and sentence are known");
    place.cds(&["runs", "prune", "--keep-last", "1", "--db-path", DATABASE]).succeeded();
    assert_eq!(counted(&place, "builtin:", &[]), [""; 0]);
}

#[test]
fn model_after_derived_intents_is_change() {
    let one = model("Gives a number.");
    let place = Place::with_functions(2);
    assert_eq!(counted(&place, "builtin:", &[]), ["added 3"]);
    assert_eq!(counted(&place, "builtin:", &[]), [""; 0]);
    assert_eq!(counted(&place, &one.url(), &[]), ["intent_changed 2"]);
}
