//! The history when its rows or snapshots were altered or removed.

use serde_json::{Value, json};

use super::{HELPER, OUTER, history, persist};
use crate::{
    ledger::{each, list},
    place::Place,
};

/// Three snapshots of the same class.
fn place_with_three() -> Place {
    let place = Place::with_files(&[("a.py", OUTER)]);
    for run in 1..=3 {
        persist(&place, run);
    }
    place
}

fn remove_by_hand(place: &Place, run: u32) {
    place.database().execute(&format!(
        "PRAGMA foreign_keys = OFF; DELETE FROM records WHERE run_id = {run}; DELETE FROM enrichments WHERE run_id = {run};
         DELETE FROM runs WHERE id = {run};"
    ));
}

/// The state after the only transition of the class.
#[track_caller]
fn after(place: &Place) -> Value {
    history(place, &["a.py::Outer", "--diff"])["transitions"][0]["after"].clone()
}

#[test]
fn altered_stand_in_record_is_refused() {
    let place = place_with_three();
    place.ask(&["runs", "prune", "--keep-last", "2"]).succeeded();
    let forge = |run: u32| {
        let sql = format!("UPDATE records SET raw_code = 'forged' WHERE run_id = {run} AND kind = 'class'");
        place.database().execute(&sql);
    };
    forge(2);
    let found = after(&place);
    assert_eq!((&found["state"], &found["run_id"]), (&json!("stored"), &json!(3)), "one that was not altered is taken");
    assert_eq!(found["raw_code"], OUTER.trim_end());
    forge(3);
    let found = after(&place);
    assert_eq!(
        (&found["state"], &found["run_id"], &found["raw_code"]),
        (&json!("altered"), &json!(2), &json!("forged"))
    );
    let outcome = place.ask(&["history", "a.py::Outer", "--diff"]).succeeded();
    assert!(outcome.stdout.contains("the record was altered"), "{outcome:#?}");
    outcome.stderr_has(&["warning: a record differs from the history", "cds verify"]);
}

#[test]
fn removed_snapshot_is_not_pruned() {
    let place = place_with_three();
    place.ask(&["runs", "prune", "--keep-last", "2"]).succeeded();
    remove_by_hand(&place, 2);
    for words in [&["attest", "--run", "2"][..], &["drift", "--path", "tree", "--run", "2"], &["verify", "--run", "2"]]
    {
        let outcome = place.ask(words).exited_with(1);
        assert!(!outcome.stderr.contains("was pruned"), "{outcome:#?}");
        outcome.stderr_has(&["snapshot 2 is missing without having been pruned", "hint: cds verify"]);
        place.ask(&[&words[..words.len() - 1], &["1"]].concat()).exited_with(1).stderr_has(&["snapshot 1 was pruned"]);
    }
    place
        .ask(&["runs", "diff", "2", "3"])
        .exited_with(1)
        .stderr_has(&["snapshot 2 is missing without having been pruned"]);
    assert!(place.shown("2").contains("snapshot 2 is missing without having been pruned"));
    assert!(place.shown("1").contains("snapshot 1 was pruned"));
    // The last of the three still has the class.
    assert_eq!(after(&place)["run_id"], 3);
    remove_by_hand(&place, 3);
    assert_eq!(after(&place), json!({ "state": "missing" }));
    let page = place.ask(&["history", "a.py::Outer", "--diff"]).succeeded().stdout;
    assert!(page.contains("is missing, and nothing says that it was pruned; cds verify says more"), "{page}");
    // Without its ledger row only the chain knows it.
    place.database().execute("PRAGMA foreign_keys = OFF; DELETE FROM runs_ledger");
    place
        .ask(&["attest", "--run", "3"])
        .exited_with(1)
        .stderr_has(&["snapshot 3 is missing without having been pruned"]);
    place.ask(&["attest", "--run", "4"]).exited_with(1);
}

#[test]
fn non_text_value_hides_nothing() {
    let place = place_with_three();
    place.database().execute(
        "DROP TRIGGER unit_history_update; UPDATE unit_history SET actor = X'ff00', hash = X'00', content_hash = X'01'",
    );
    let answer = history(&place, &["a.py::Outer", "--diff"]);
    let transitions = list(&answer, "transitions");
    assert_eq!((each(transitions, "actor"), each(transitions, "hash")), (vec![&Value::Null], vec![&json!("unknown")]));
    assert_eq!(transitions[0]["after"]["state"], "altered");
    place.ask(&["history", "a.py::Outer"]).succeeded();
    place.database().execute("UPDATE records SET raw_code = X'ff' WHERE kind = 'class'");
    assert_eq!(after(&place)["state"], "altered");
}

#[test]
fn database_without_snapshot_is_reported() {
    let place = Place::with_files(&[("a.py", HELPER)]);
    place.build(&[]).succeeded();
    let outcome = place.ask(&["history", "a.py"]).exited_with(1);
    assert!(!outcome.stderr.contains("older"), "{outcome:#?}");
    outcome.stderr_has(&["the database has no snapshot yet", "hint: ", "cds persist"]);
}

#[test]
fn first_of_several_is_named() {
    let place = Place::with_files(&[(
        "a.py",
        "def f():\n    return 1\n\n\ndef f():\n    return 2\n\n\ndef fg():\n    return 3\n",
    )]);
    persist(&place, 1);
    for name in ["a.py::f#1", "a.py::f#2", "a.py::fg"] {
        for more in [&[][..], &["--diff"]] {
            let page = place.ask(&[&["history", name], more].concat()).succeeded().stdout;
            assert_eq!(page.lines().next(), Some(name));
        }
    }
}
