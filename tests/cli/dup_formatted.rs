//! Synthetic inputs of `fixtures/duplicates`: the work of a formatter, and files that swap names.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::Value;

use crate::{
    ledger::{each, list},
    place::Place,
};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/duplicates").join(name)
}

/// Replaces the tree with the fixture and takes a snapshot of the project.
fn snapshot(place: &Place, name: &str) {
    for entry in fs::read_dir(fixture(name)).expect("the fixture is there") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().and_then(|name| name.to_str()).expect("a name");
        place.write(&format!("tree/{file}"), fs::read_to_string(&path).expect("text"));
    }
    place.persist("builtin:", &["--project", "made"]).succeeded();
}

fn groups(place: &Place, more: &[&str]) -> Vec<Value> {
    list(&place.ask_json(&[&["dup-check"], more].concat()), "groups").clone()
}

#[test]
fn formatting_commit_passes_gate() {
    for name in ["formatter_joins_texts", "semicolons"] {
        let place = Place::with_files(&[]);
        snapshot(&place, &format!("gate/{name}/before"));
        snapshot(&place, &format!("gate/{name}/after"));
        place.ask(&["dup-check", "--fail-on", "new"]).succeeded();
    }
}

#[test]
fn reformatted_copies_are_certain_renames() {
    for name in ["parentheses", "formatted", "min_lines_layout"] {
        let place = Place::with_files(&[]);
        snapshot(&place, name);
        let groups = groups(&place, &[]);
        let [group] = &groups[..] else { panic!("{name}: {groups:#?}") };
        assert_eq!((&group["channel"], &group["confidence"]), (&"renamed".into(), &"high".into()), "{name}");
        assert_eq!(list(group, "members").len(), 2, "{name}");
    }
}

#[test]
fn swapped_file_names_add_no_group() {
    let place = Place::with_files(&[]);
    snapshot(&place, "order-of-files/before");
    let ids = |groups: &[Value]| -> BTreeSet<String> {
        groups.iter().map(|group| group["group_id"].as_str().expect("an id").to_owned()).collect()
    };
    let before = ids(&groups(&place, &[]));
    assert!(before.len() > 1, "{before:?}");
    for id in &before {
        place.ask(&["dup", "accept", id, "--reason", "made so"]).succeeded();
    }
    snapshot(&place, "order-of-files/after");
    assert_eq!(each(&groups(&place, &[]), "group_id"), [&Value::Null; 0]);
    place.ask(&["dup-check", "--fail-on", "any"]).succeeded();
}
