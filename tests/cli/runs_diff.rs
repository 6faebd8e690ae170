//! `cds runs diff`: what changed between two runs.

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::{Value, json};

use crate::{
    ledger::{one_line, text},
    place::Place,
};

/// File and name of each definition of a list.
fn named(list: &Value) -> Vec<String> {
    let name = |unit: &Value| format!("{} {}", text(unit, "file_path"), text(unit, "name"));
    list.as_array().expect("a list").iter().map(name).collect()
}

/// The same for pairs.
fn pairs(list: &Value) -> Vec<String> {
    let pair =
        |pair: &Value| format!("{} -> {}", named(&json!([pair["before"]]))[0], named(&json!([pair["after"]]))[0]);
    list.as_array().expect("a list").iter().map(pair).collect()
}

const SHOP: &str = "class Shop:
    def buy(self):
        return 1

    def sell(self):
        return 2
";

/// A place with one run before and one after an edit.
fn edited(server: &FakeOllama) -> Place {
    let place = Place::with_files(&[
        ("lost.py", "def lost():\n    return 10\n"),
        ("old.py", "def wander():\n    return 20\n"),
        ("same.py", "def same():\n    return 30\n"),
        ("shop.py", SHOP),
    ]);
    place.persist(&server.url(), &[]).succeeded();
    std::fs::remove_file(place.path("tree/lost.py")).expect("it can be removed");
    std::fs::rename(place.path("tree/old.py"), place.path("tree/new.py")).expect("it can be renamed");
    place.write("tree/shop.py", SHOP.replace("return 2", "return 3"));
    place.write("tree/fresh.py", "def fresh():\n    return 40\n");
    // Layout and comments do not change the code.
    place.write("tree/same.py", "# a remark\n\ndef same():\n    # another\n    return 30\n");
    place.persist(&server.url(), &[]).succeeded();
    place
}

#[test]
fn edits_are_classified() {
    let server = FakeOllama::start(Script::new());
    let place = edited(&server);
    let diff = place.ask_json(&["runs", "diff", "1", "2"]);
    assert_eq!(named(&diff["added"]), ["fresh.py ", "fresh.py fresh"]);
    assert_eq!(named(&diff["removed"]), ["lost.py ", "lost.py lost"]);
    assert_eq!(
        pairs(&diff["changed"]),
        ["shop.py  -> shop.py ", "shop.py Shop -> shop.py Shop", "shop.py Shop.sell -> shop.py Shop.sell"]
    );
    assert_eq!(pairs(&diff["moved"]), ["old.py  -> new.py ", "old.py wander -> new.py wander"]);
    assert_eq!(diff["intents_changed"], json!([]));
    let counts = json!({"unchanged": 3, "added": 2, "removed": 2, "changed": 3, "moved": 2, "intents_changed": 0});
    assert_eq!(diff["counts"], counts, "the file and the function of same.py, and Shop.buy");
    // Shop, Shop.sell and fresh are new questions.
    let calls = json!({"before": 6, "after": 3, "difference": -3});
    assert_eq!((&diff["cost"]["calls"], &diff["cost"]["records"]["difference"]), (&calls, &json!(0)));
    assert_eq!(diff["cost"]["reused"], json!({"before": 0, "after": 3, "difference": 3}));
    assert_eq!((&diff["before"]["snapshot_id"], &diff["after"]["snapshot_id"]), (&json!(1), &json!(2)));

    let back = place.ask_json(&["runs", "diff", "2", "1"]);
    assert_eq!((named(&back["added"]), named(&back["removed"])), (named(&diff["removed"]), named(&diff["added"])));
    let same = place.ask_json(&["runs", "diff", "latest", "2"]);
    let nothing = json!({"unchanged": 10, "added": 0, "removed": 0, "changed": 0, "moved": 0, "intents_changed": 0});
    assert_eq!(same["counts"], nothing);

    let page = place.ask(&["runs", "diff", "latest~1", "latest"]).succeeded().stdout;
    let words = one_line(&page);
    for part in ["unchanged 3", "added 2", "removed 2", "changed 3", "moved 2", "Shop.sell", "wander", "calls 6 3 -3"] {
        assert!(words.contains(part), "{part:?} is not in {page}");
    }
    let short = place.ask(&["runs", "diff", "1", "2", "--limit", "1"]).succeeded().stdout;
    assert!(short.lines().count() < page.lines().count() && one_line(&short).contains("changed 3"), "{short}");
}

#[test]
fn changed_intent_of_same_code() {
    let server = FakeOllama::start(Script::new());
    let place = edited(&server);
    place.persist(&server.url(), &[]).succeeded();
    let place_of = "run_id = 3 AND signature = 'def same():'";
    place.database().execute(&format!("UPDATE records SET intent = 'Says something else.' WHERE {place_of}"));
    place.database().execute(
        "UPDATE records SET intent = NULL, intent_status = 'failed', intent_error = 'x'
         WHERE run_id = 3 AND signature = 'def fresh():'",
    );
    let diff = place.ask_json(&["runs", "diff", "2", "3"]);
    assert_eq!(pairs(&diff["intents_changed"]), ["fresh.py fresh -> fresh.py fresh", "same.py same -> same.py same"]);
    assert_eq!((&diff["counts"]["changed"], &diff["counts"]["unchanged"]), (&json!(0), &json!(10)));
    assert_eq!(diff["intents_changed"][1]["after"]["intent"], "Says something else.");
    let page = place.ask(&["runs", "diff", "2", "3"]).succeeded().stdout;
    assert!(page.contains("Says something else."), "{page}");
}

#[test]
fn run_without_snapshot_cannot_compare() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    place.build(&[]).succeeded();
    let id = place.ask_json(&["runs", "show", "latest"])["run"]["ledger_id"].as_str().unwrap().to_owned();
    place.ask(&["runs", "diff", "1", &id]).exited_with(1).stderr_has(&["the run has no snapshot", "hint: "]);
    place.ask(&["runs", "diff", "1", "9"]).exited_with(1).stderr_has(&["\"9\"", "there is no such run"]);
    place.ask(&["runs", "diff", "latest~1", "latest"]).exited_with(1).stderr_has(&["latest~1"]);
    place.ask(&["runs", "diff", "1"]).exited_with(2);
    place.persist("builtin:", &[]).succeeded();
    // `latest` counts snapshots here and skips the build.
    let diff = place.ask_json(&["runs", "diff", "latest~1", "latest"]);
    assert_eq!((&diff["before"]["snapshot_id"], &diff["after"]["snapshot_id"]), (&json!(1), &json!(2)));
    place.ask(&["runs", "prune", "--keep-last", "1"]).succeeded();
    place.ask(&["runs", "diff", "1", "2"]).exited_with(1).stderr_has(&["snapshot 1 was pruned"]);
}
