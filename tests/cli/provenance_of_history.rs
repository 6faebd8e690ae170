//! Who made the changes of a snapshot and why, according to its history; and where its root and head appear.

use serde_json::{Value, json};

use crate::{
    ledger::{list, text},
    place::{DATABASE, Outcome, Place, TREE},
};

/// Takes a snapshot of a changed tree, and returns the actor and reasoning of its rows.
#[track_caller]
fn actor_and_reason(place: &Place, variables: &[(&str, &str)], more: &[&str]) -> (Value, Value) {
    let arguments = ["persist", "--path", TREE, "--db-path", DATABASE, "--provider-url", "builtin:"];
    let mut command = place.command(&arguments);
    Outcome::of(command.args(more).envs(variables.iter().copied())).succeeded();
    let rows = place.database().rows(
        "SELECT DISTINCT actor, reasoning FROM unit_history
         WHERE run_id = (SELECT max(run_id) FROM unit_history)",
    );
    let [row] = &rows[..] else { panic!("one pair: {rows:?}") };
    (row["actor"].clone(), row["reasoning"].clone())
}

/// Gives the file a new text for each number.
fn edit(place: &Place, number: usize) {
    place.write("tree/functions.py", format!("def f1():\n    return {number}\n"));
}

fn commit(place: &Place, author: &str, message: &str) -> String {
    place.git(&["add", "--all"]);
    place.git(&["commit", "--quiet", "--author", author, "--message", message]);
    place.git(&["rev-parse", "HEAD"])
}

#[test]
fn clean_tree_uses_its_commit() {
    let place = Place::with_functions(1);
    assert_eq!(actor_and_reason(&place, &[], &[]), (Value::Null, Value::Null), "without a repository both are unknown");
    edit(&place, 2);
    place.commit_tree();
    assert_eq!(actor_and_reason(&place, &[], &[]), (json!("Test <test@example.org>"), json!("all of it")));
    edit(&place, 3);
    assert_eq!(actor_and_reason(&place, &[], &[]), (Value::Null, Value::Null), "the change is not committed yet");
    edit(&place, 4);
    commit(&place, "Ada\u{1b}[31m Löv <ada@example.org>", "  Sum\tup \u{202e}prices\n\nbecause");
    let expected = (json!("Ada\\u{1b}[31m Löv <ada@example.org>"), json!("Sum up \\u{202e}prices"));
    assert_eq!(actor_and_reason(&place, &[], &[]), expected);
    edit(&place, 5);
    commit(&place, &format!("{} <a@example.org>", "n".repeat(3000)), &"m".repeat(5000));
    let (actor, reason) = actor_and_reason(&place, &[], &[]);
    let length = |value: &Value| value.as_str().unwrap().chars().count();
    assert_eq!((length(&actor), length(&reason)), (200, 500));
}

#[test]
fn given_values_come_first() {
    let place = Place::with_functions(1);
    place.commit_tree();
    let both = ["--actor", "release bot", "--change-reason", "nightly"];
    assert_eq!(actor_and_reason(&place, &[], &both), (json!("release bot"), json!("nightly")));
    edit(&place, 2);
    commit(&place, "Ada <ada@example.org>", "one");
    let variables = [("CDS_ACTOR", "from-env"), ("CDS_CHANGE_REASON", "")];
    assert_eq!(
        actor_and_reason(&place, &variables, &[]),
        (json!("from-env"), json!("one")),
        "an empty variable says nothing"
    );
    edit(&place, 3);
    assert_eq!(
        actor_and_reason(&place, &variables, &["--actor", "me"]),
        (json!("me"), Value::Null),
        "also of a tree that is dirty"
    );
    for wrong in [" ", "a\nb", "a\u{1b}[31m", &"x".repeat(501)] {
        for option in ["--actor", "--change-reason"] {
            place.persist("builtin:", &[option, wrong]).exited_with(2).stderr_has(&[option, "control characters"]);
        }
    }
}

#[test]
fn named_commit_is_looked_up() {
    let place = Place::with_functions(1);
    let first = place.commit_tree();
    edit(&place, 2);
    let second = commit(&place, "Ada <ada@example.org>", "two");
    let ada = (json!("Ada <ada@example.org>"), json!("two"));
    let unknown = (Value::Null, Value::Null);
    edit(&place, 3);
    // Naming a commit asserts that the tree is as it is in that commit.
    assert_eq!(
        actor_and_reason(&place, &[("GITHUB_SHA", &second)], &[]),
        unknown,
        "a variable does not vouch for the tree"
    );
    edit(&place, 4);
    assert_eq!(actor_and_reason(&place, &[], &["--code-ref", &second[..10]]), ada);
    edit(&place, 5);
    let (actor, reason) = actor_and_reason(&place, &[("CI_COMMIT_SHA", &second)], &["--code-ref", &first]);
    assert_eq!((actor, reason), (json!("Test <test@example.org>"), json!("all of it")));
    edit(&place, 6);
    assert_eq!(actor_and_reason(&place, &[], &["--code-ref", "release-7"]), unknown);
}

#[test]
fn root_and_head_are_shown() {
    let place = Place::with_functions(2);
    let saved = place.persist("builtin:", &["--format", "json"]).succeeded();
    let summary: Value = serde_json::from_str(&saved.stdout).unwrap();
    let (root, head) = (text(&summary, "snapshot_root").to_owned(), text(&summary, "chain_head").to_owned());
    assert!(root.starts_with("sha256:") && head.starts_with("sha256:") && root != head);
    let proof = format!("proof run_id=1 snapshot_root={root} chain_head={head}");
    assert_eq!(saved.lines_of("proof"), [proof]);

    let shown = place.ask_json(&["runs", "show", "1"])["run"].clone();
    assert_eq!((&shown["snapshot_root"], &shown["chain_head"]), (&json!(root), &json!(head)));
    assert_eq!(shown["history"], json!([{ "name": "added", "count": 3 }]));
    let page = place.shown("1");
    assert!(page.contains(&format!("snapshot root {root} chain head {head} history 3 added")), "{page}");
    let listed = place.ask_json(&["runs", "list"]);
    let run = &list(&listed, "runs")[0];
    assert_eq!((&run["snapshot_root"], &run["chain_head"]), (&json!(root), &json!(head)));

    place.persist("builtin:", &[]).succeeded();
    let shown = place.ask_json(&["runs", "show", "2"])["run"].clone();
    assert_eq!((&shown["snapshot_root"], &shown["history"]), (&json!(root), &json!([])), "nothing is another");
    assert_ne!(shown["chain_head"], json!(head));
    place.write("tree/functions.py", "def f1():\n    return 1\n\n\ndef f3():\n    return 3\n");
    place.persist("builtin:", &[]).succeeded();
    let shown = place.ask_json(&["runs", "show", "3"])["run"].clone();
    let counted = |name: &str| json!({ "name": name, "count": 1 });
    assert_eq!(shown["history"], json!([counted("added"), counted("changed"), counted("removed")]));
    let compared = place.ask_json(&["runs", "diff", "1", "3"]);
    assert_eq!(compared["before"]["chain_head"], json!(head));
    assert_eq!(compared["after"]["chain_head"], shown["chain_head"]);
}

#[test]
fn run_without_snapshot_has_no_root() {
    let place = Place::with_functions(1);
    place.build(&[]).succeeded();
    let run = place.ask_json(&["runs", "show", "latest"])["run"].clone();
    assert_eq!(
        (&run["snapshot_root"], &run["chain_head"], &run["history"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    place.persist("builtin:", &[]).succeeded();
    place
        .database()
        .execute("DROP TABLE record_hashes; DROP TABLE unit_history; DROP TABLE units; DROP TABLE snapshot_chain;");
    let run = place.ask_json(&["runs", "show", "1"])["run"].clone();
    assert_eq!(
        (&run["snapshot_root"], &run["chain_head"], &run["history"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert!(place.shown("1").contains("snapshot root none: no history was kept"));
}
