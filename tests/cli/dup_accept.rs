//! `cds dup accept`, `list` and `revoke`: duplicates that may stay.

use serde_json::{Value, json};

use crate::{
    dup_gates::{place_with_copies, snapshot, total, words},
    place::{Outcome, Place},
};

/// The ids of the groups that are shown, and how many are not because they are accepted.
#[track_caller]
fn shown(place: &Place) -> (Vec<String>, u64) {
    let object = place.ask_json(&["dup-check"]);
    let groups = object["groups"].as_array().expect("groups");
    let ids = groups.iter().map(|group| group["group_id"].as_str().expect("an id").to_owned()).collect();
    (ids, object["totals"]["accepted_group_count"].as_u64().expect("a number"))
}

/// Nothing is shown, and so many groups are accepted.
fn hidden(accepted_count: u64) -> (Vec<String>, u64) {
    (Vec::new(), accepted_count)
}

fn accept(place: &Place, group: &str, more: &[&str]) -> Outcome {
    place.ask(&[&["dup", "accept", group, "--reason", "written by a generator"], more].concat())
}

fn accepted(place: &Place, more: &[&str]) -> Vec<Value> {
    place.ask_json(&[&["dup", "list"], more].concat())["accepted"].as_array().expect("a list").clone()
}

#[test]
fn what_is_accepted_is_not_shown_until_it_gains_a_copy() {
    let place = place_with_copies();
    assert_eq!(place.ask(&["dup", "list"]).succeeded().stdout, "no duplicates are accepted\n");
    let (ids, accepted_count) = shown(&place);
    let [id] = &ids[..] else { panic!("{ids:?}") };
    assert_eq!(accepted_count, 0);
    let outcome = accept(&place, &id[..6], &["--owner", " platform "]).succeeded();
    let expected = format!("accepted id=1 group_id={id} channel=exact copies=2 example=a.py:1 until=-\n");
    assert_eq!(outcome.stdout, expected);
    assert_eq!(shown(&place), hidden(1));
    place.ask(&["dup-check", "--fail-on", "any"]).succeeded();
    let row = accepted(&place, &[]).remove(0);
    assert_eq!((&row["state"], &row["owner"]), (&json!("in_force"), &json!("platform")));
    assert_eq!((&row["reason"], &row["copy_count"]), (&json!("written by a generator"), &json!(2)));

    // The same code elsewhere is still accepted; one copy more is not.
    place.write("tree/z/b.py", total("total"));
    std::fs::remove_file(place.path("tree/b.py")).expect("it is there");
    snapshot(&place);
    assert_eq!(shown(&place), hidden(1));
    place.write("tree/b.py", total("total"));
    snapshot(&place);
    assert_eq!(shown(&place), (ids.clone(), 0));
    place.ask(&["dup-check", "--fail-on", "new"]).exited_with(1).said(&["new duplicates: 1 group"]);

    accept(&place, id, &[]).succeeded();
    assert_eq!(shown(&place), hidden(1));
    let all = accepted(&place, &["--all"]);
    assert_eq!((&all[0]["state"], &all[1]["state"], all.len()), (&json!("revoked"), &json!("in_force"), 2));
    assert_eq!(accepted(&place, &[]), all[1..]);
    place.database().check_integrity();
    place.check_is_tidy();
}

#[test]
fn an_acceptance_ends_with_its_last_day_or_when_it_is_revoked() {
    let place = place_with_copies();
    place.write("tree/d.py", words("words"));
    snapshot(&place);
    let (ids, _) = shown(&place);
    let [first, second] = &ids[..] else { panic!("{ids:?}") };
    accept(&place, first, &["--until", "9999-12-31"]).succeeded();
    accept(&place, second, &["--run-id", "2"]).succeeded();
    assert_eq!(shown(&place), hidden(2));
    place.database().execute("UPDATE accepted_duplicates SET until = '2020-01-01' WHERE id = 1");
    assert_eq!(shown(&place), (vec![first.clone()], 1));
    assert_eq!(accepted(&place, &[])[0]["state"], "expired");
    let table = place.ask(&["dup", "list"]).succeeded().stdout;
    assert_eq!(table.lines().last(), Some("2 acceptances: 1 in_force, 1 expired"));

    let revoked = place.ask(&["dup", "revoke", &second[..8]]).succeeded();
    assert_eq!(revoked.stdout, format!("revoked id=2 group_id={second}\n"));
    assert_eq!(shown(&place), (ids.clone(), 0));
    place.ask(&["dup", "revoke", second]).exited_with(2).said(&["it is revoked already"]);
    place.ask(&["dup", "revoke", "1"]).succeeded();
    assert_eq!(accepted(&place, &[]), [Value::Null; 0]);
    assert_eq!(place.database().number("SELECT count(*) FROM accepted_duplicates WHERE revoked_at IS NOT NULL"), 2);
}

#[test]
fn what_cannot_be_accepted_is_said_and_nothing_is_written() {
    let place = place_with_copies();
    let (ids, _) = shown(&place);
    let id = &ids[0];
    let before = place.database().dump();
    for (arguments, said) in [
        (&["dup", "accept", id, "--reason", "  "][..], "--reason"),
        (&["dup", "accept", id], "--reason"),
        (&["dup", "accept", id, "--reason", "x", "--owner", ""], "--owner"),
        (&["dup", "accept", id, "--reason", "x", "--until", "2020-01-01"], "that day is over"),
        (&["dup", "accept", id, "--reason", "x", "--until", "soon"], "2027-01-31"),
        (&["dup", "accept", id, "--reason", "x", "--run-id", "7"], "find run \"7\""),
        (&["dup", "accept", "abc", "--reason", "x"], "4 to 16 hexadecimal digits"),
        (&["dup", "accept", "0000000000000000", "--reason", "x"], "there is none among what this search finds"),
        (&["dup", "accept", id, "--reason", "x", "--channels", "near"], "there is none among what this search finds"),
        (&["dup", "revoke", "1"], "find acceptance \"1\": there is none"),
        (&["dup", "revoke", id], "there is none"),
        (&["dup", "revoke", "no id"], "hexadecimal digits"),
    ] {
        place.ask(arguments).exited_with(2).said(&[said]);
    }
    assert_eq!(place.database().dump(), before);
    let missing = place.command(&["dup", "list", "--db-path", "none.sqlite"]);
    Outcome::of(&mut { missing }).exited_with(2);
}

#[test]
fn a_group_that_another_one_tells_is_accepted_with_that_one() {
    let place = place_with_copies();
    let told = place.ask_json(&["dup-check", "--channels", "near"]);
    let near = told["groups"][0]["group_id"].as_str().expect("an id").to_owned();
    let (ids, _) = shown(&place);
    accept(&place, &near, &[]).exited_with(2).said(&[&format!("cds dup accept {} ", ids[0])]);
    accept(&place, &near, &["--channels", "near"]).succeeded();
    assert_eq!(place.ask_json(&["dup-check", "--channels", "near"])["groups"], json!([]));
}

#[test]
fn accepting_waits_for_its_turn_to_write() {
    let place = place_with_copies();
    let (ids, _) = shown(&place);
    let lock =
        std::fs::OpenOptions::new().read(true).write(true).open(place.path(crate::place::LOCK)).expect("it is there");
    lock.lock().expect("nobody else has it");
    let outcome = accept(&place, &ids[0], &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    // Who only reads does not care.
    place.ask(&["dup", "list"]).succeeded();
    place.ask(&["dup", "trend"]).succeeded();
    lock.unlock().expect("it is ours");
    accept(&place, &ids[0], &[]).succeeded();
}
