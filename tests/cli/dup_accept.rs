//! `cds dup accept`, `list` and `revoke`: duplicates that are allowed to stay.

use serde_json::{Value, json};

use crate::{
    dup_gates::{place_with_copies, snapshot, total, words},
    fields::{field, fields_of},
    place::{DATABASE, Outcome, Place},
};

/// The ids of the displayed groups, and the number hidden because they are accepted.
#[track_caller]
fn shown(place: &Place) -> (Vec<String>, u64) {
    let object = place.ask_json(&["dup-check"]);
    let groups = object["groups"].as_array().expect("groups");
    let ids = groups.iter().map(|group| group["group_id"].as_str().expect("an id").to_owned()).collect();
    (ids, object["totals"]["accepted_group_count"].as_u64().expect("a number"))
}

/// Nothing is displayed, and this number of groups is accepted.
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
fn accepted_group_returns_with_new_copy() {
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

    // The same code elsewhere is still accepted; one more copy is not.
    place.write("tree/z/b.py", total("total"));
    std::fs::remove_file(place.path("tree/b.py")).expect("it is there");
    snapshot(&place);
    assert_eq!(shown(&place), hidden(1));
    place.write("tree/b.py", total("total"));
    snapshot(&place);
    assert_eq!(shown(&place), (ids.clone(), 0));
    place.ask(&["dup-check", "--fail-on", "new"]).exited_with(1).stderr_has(&["1 new duplicate group"]);

    accept(&place, id, &[]).succeeded();
    assert_eq!(shown(&place), hidden(1));
    let all = accepted(&place, &["--all"]);
    assert_eq!((&all[0]["state"], &all[1]["state"], all.len()), (&json!("revoked"), &json!("in_force"), 2));
    assert_eq!(accepted(&place, &[]), all[1..]);
    place.database().check_integrity();
    place.check_is_tidy();
}

#[test]
fn acceptance_ends_by_date_or_revocation() {
    let place = place_with_copies();
    place.write("tree/d.py", words("words"));
    snapshot(&place);
    let (ids, _) = shown(&place);
    let [first, second] = &ids[..] else { panic!("{ids:?}") };
    accept(&place, first, &["--until", "9999-12-31"]).succeeded();
    accept(&place, second, &["--run", "2"]).succeeded();
    assert_eq!(shown(&place), hidden(2));
    place.database().execute("UPDATE accepted_duplicates SET until = '2020-01-01' WHERE id = 1");
    assert_eq!(shown(&place), (vec![first.clone()], 1));
    assert_eq!(accepted(&place, &[])[0]["state"], "expired");
    let table = place.ask(&["dup", "list"]).succeeded().stdout;
    assert_eq!(table.lines().last(), Some("2 acceptances: 1 in_force, 1 expired"));

    let revoked = place.ask(&["dup", "revoke", &second[..8]]).succeeded();
    assert_eq!(revoked.stdout, format!("revoked id=2 group_id={second}\n"));
    assert_eq!(shown(&place), (ids.clone(), 0));
    place.ask(&["dup", "revoke", second]).exited_with(2).stderr_has(&["it is revoked already"]);
    place.ask(&["dup", "revoke", "1"]).succeeded();
    assert_eq!(accepted(&place, &[]), [Value::Null; 0]);
    assert_eq!(place.database().number("SELECT count(*) FROM accepted_duplicates WHERE revoked_at IS NOT NULL"), 2);
}

#[test]
fn invalid_acceptance_writes_nothing() {
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
        (&["dup", "accept", "abc", "--reason", "x"], "4 to 16 hexadecimal digits"),
        (
            &["dup", "accept", "0000000000000000", "--reason", "x"],
            "no group of this search has an id that begins like this",
        ),
        (
            &["dup", "accept", id, "--reason", "x", "--channels", "near"],
            "no group of this search has an id that begins like this",
        ),
        (&["dup", "revoke", "1"], "find acceptance \"1\": there is none"),
        (&["dup", "revoke", id], "there is none"),
        (&["dup", "revoke", "no id"], "hexadecimal digits"),
    ] {
        place.ask(arguments).exited_with(2).stderr_has(&[said]);
    }
    place.ask(&["dup", "accept", id, "--reason", "x", "--run", "7"]).exited_with(1).stderr_has(&["find run \"7\""]);
    assert_eq!(place.database().dump(), before);
    let missing = place.command(&["dup", "list", "--db-path", "none.sqlite"]);
    Outcome::of(&mut { missing }).exited_with(2);
}

#[test]
fn covered_group_follows_its_cover() {
    let place = place_with_copies();
    let checked = place.ask_json(&["dup-check", "--channels", "near"]);
    let near = checked["groups"][0]["group_id"].as_str().expect("an id").to_owned();
    let (ids, _) = shown(&place);
    accept(&place, &near, &[]).exited_with(2).stderr_has(&[&format!("group {} covers it", ids[0])]);
    accept(&place, &near, &["--channels", "near"]).succeeded();
    assert_eq!(place.ask_json(&["dup-check", "--channels", "near"])["groups"], json!([]));
}

#[test]
fn accept_waits_for_writer_lock() {
    let place = place_with_copies();
    let (ids, _) = shown(&place);
    let lock =
        std::fs::OpenOptions::new().read(true).write(true).open(place.path(crate::place::LOCK)).expect("it is there");
    lock.lock().expect("the lock is free");
    let outcome = accept(&place, &ids[0], &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    // Read-only commands ignore the lock.
    place.ask(&["dup", "list"]).succeeded();
    place.ask(&["dup", "trend"]).succeeded();
    lock.unlock().expect("it is ours");
    accept(&place, &ids[0], &[]).succeeded();
}

/// The ids of the groups in lines that begin with `verb`, and the fields of the last line.
fn sum<'a>(outcome: &'a Outcome, verb: &str) -> (Vec<String>, Vec<(String, String)>) {
    let lines: Vec<&'a str> = outcome.stdout.lines().collect();
    let (last, groups) = lines.split_last().expect("a line");
    let ids = groups.iter().map(|line| field(&fields_of(verb, line), "group_id")).collect();
    (ids, fields_of(&format!("{verb}_all_new"), last))
}

/// A container has no variable with the user's name.
#[cfg(target_os = "linux")]
#[test]
fn user_without_name_is_number() {
    let place = place_with_copies();
    let (ids, _) = shown(&place);
    accept(&place, &ids[0], &[]).succeeded();
    let owner = accepted(&place, &[]).remove(0)["owner"].clone();
    assert!(owner.as_str().is_some_and(|owner| owner.starts_with("uid ")), "{owner}");
}

#[test]
fn accept_all_new_groups() {
    let place = place_with_copies();
    place.write("tree/d.py", words("words"));
    place.write("tree/e.py", total("total"));
    snapshot(&place);
    let gate = &["dup-check", "--fail-on", "new"];
    place.ask(gate).exited_with(1).stderr_has(&["2 new duplicate groups"]);
    let all: &[&str] = &["dup", "accept", "--all-new", "--reason", "both go with the next release"];
    let before = place.database().dump();
    let planned = place.ask(&[all, &["--dry-run"]].concat()).succeeded();
    let (mut ids, fields) = sum(&planned, "would_accept");
    assert_eq!(field(&fields, "groups"), "2");
    assert_eq!(place.database().dump(), before, "nothing is written");

    let mut command = place.command(all);
    let outcome = Outcome::of(command.args(["--db-path", DATABASE]).env("GITHUB_ACTOR", "ada").env("USER", "runner"));
    let outcome = outcome.succeeded();
    let (mut accepted_ids, fields) = sum(&outcome, "accepted");
    ids.sort();
    accepted_ids.sort();
    assert_eq!(accepted_ids, ids);
    let [groups, run, baseline] = ["groups", "run_id", "baseline_run_id"].map(|name| field(&fields, name));
    assert_eq!([&*groups, &*run, &*baseline], ["2", "2", "1"]);
    let rows = accepted(&place, &[]);
    assert!(
        rows.iter().all(|row| row["owner"] == "ada" && row["reason"] == "both go with the next release"),
        "{rows:?}"
    );
    assert_eq!(rows[0]["accepted_at"], rows[1]["accepted_at"]);

    // From now on the gate passes, also against the same baseline, until one more copy appears.
    place.ask(gate).succeeded();
    snapshot(&place);
    place.ask(&[&gate[..], &["--baseline-run", "1"]].concat()).succeeded();
    place.write("tree/f.py", words("words"));
    snapshot(&place);
    place.ask(&[&gate[..], &["--baseline-run", "1"]].concat()).exited_with(1).stderr_has(&["1 new duplicate group"]);
    // A second call finds nothing more and reports that.
    let again = place.ask(&[all, &["--run", "2"]].concat()).succeeded();
    assert_eq!(again.stdout, "accepted_all_new groups=0 run_id=2 baseline_run_id=1\n");
    assert_eq!(accepted(&place, &["--all"]).len(), 2);

    let table = place.ask(&["dup", "list"]).succeeded().stdout;
    assert_eq!(table.lines().last(), Some("2 acceptances: 2 in_force"));
    let revoked = place.ask(&["dup", "revoke", "1", "--same-call"]).succeeded().stdout;
    assert_eq!(revoked.lines().count(), 2, "{revoked}");
    assert_eq!(accepted(&place, &[]), [Value::Null; 0]);
    place.check_is_tidy();
}

#[test]
fn all_new_accepts_only_gate_failures() {
    let place = place_with_copies();
    let all: &[&str] = &["dup", "accept", "--all-new", "--reason", "x"];
    let first = place.ask(all).succeeded().stderr_has(&["there is nothing to compare with"]);
    assert_eq!(first.stdout, "accepted_all_new groups=0 run_id=1 baseline_run_id=-\n");
    place.write("tree/d.py", words("words"));
    place.write("tree/other/e.py", total("total"));
    snapshot(&place);
    for (more, count) in [(&["--path-filter", "other"][..], "1"), (&["--channels", "intent"], "0"), (&[], "2")] {
        let outcome = place.ask(&[all, &["--dry-run"], more].concat()).succeeded();
        assert_eq!(field(&sum(&outcome, "would_accept").1, "groups"), count, "{more:?}");
    }
    for wrong in [&["dup", "accept", "--reason", "x"][..], &["dup", "accept", "0123", "--all-new", "--reason", "x"]] {
        place.ask(wrong).exited_with(2);
    }
    place.ask(&["dup", "accept", "--all-new"]).exited_with(2).stderr_has(&["--reason"]);
    let known = place.ask(&[all, &["--baseline-run", "2"]].concat()).succeeded();
    assert!(known.stdout.starts_with("accepted_all_new groups=0 "), "{known:?}");
}

#[test]
fn acceptance_without_its_group_is_unmatched() {
    let place = place_with_copies();
    let (ids, _) = shown(&place);
    accept(&place, &ids[0], &[]).succeeded();
    let states =
        |more: &[&str]| -> Vec<Value> { accepted(&place, more).iter().map(|row| row["state"].clone()).collect() };
    assert_eq!(states(&[]), ["in_force"]);
    assert_eq!(states(&["--min-lines", "50"]), ["unmatched"], "a search that finds no such group");
    // Another project of the database has the group.
    place.persist("builtin:", &["--project", "tools"]).succeeded();
    place.write("tree/b.py", words("other"));
    snapshot(&place);
    assert_eq!(states(&[]), ["in_force"]);
    place.persist("builtin:", &["--project", "tools"]).succeeded();
    assert_eq!(states(&[]), ["unmatched"]);
    let table = place.ask(&["dup", "list"]).succeeded().stdout;
    assert_eq!(table.lines().last(), Some("1 acceptance: 1 unmatched"));
    place.write("tree/b.py", total("total"));
    snapshot(&place);
    assert_eq!(states(&[]), ["in_force"]);
}
