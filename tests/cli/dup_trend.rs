//! `cds dup trend`: duplicates by run.

use serde_json::{Value, json};

use crate::{
    database::{CONTRACT, Database},
    dup_gates::{place_with_copies, snapshot, total, words},
    place::{DATABASE, Place},
};

fn runs(place: &Place, more: &[&str]) -> Vec<Value> {
    place.ask_json(&[&["dup", "trend"], more].concat())["runs"].as_array().expect("runs").clone()
}

/// The four counts of each run: groups, born, grown, removed.
fn counts(runs: &[Value]) -> Vec<[Value; 4]> {
    let of = |run: &Value| ["group_count", "born_count", "grown_count", "removed_count"].map(|name| run[name].clone());
    runs.iter().map(of).collect()
}

#[test]
fn groups_appear_grow_and_vanish() {
    let place = place_with_copies();
    place.write("tree/d.py", words("words"));
    snapshot(&place);
    place.write("tree/e.py", total("total"));
    place.persist("builtin:", &["--project", "shop", "--code-ref", "v3"]).succeeded();
    place.write("tree/d.py", "");
    snapshot(&place);
    place.persist("builtin:", &["--project", "tools"]).succeeded();
    let all = runs(&place, &["--project", "shop"]);
    let null = || Value::Null;
    assert_eq!(
        counts(&all),
        [
            [json!(1), null(), null(), null()],
            [json!(2), json!(1), json!(0), json!(0)],
            [json!(2), json!(0), json!(1), json!(0)],
            [json!(1), json!(0), json!(0), json!(1)],
        ]
    );
    assert_eq!((&all[2]["run_id"], &all[2]["code_ref"], &all[2]["member_count"]), (&json!(3), &json!("v3"), &json!(5)));
    for run in &all {
        let check = place.ask_json(&["dup-check", "--run", &run["run_id"].to_string()]);
        for name in ["group_count", "member_count", "repeated_lines", "line_count"] {
            assert_eq!(check["totals"][name], run[name], "{name} of {run}");
        }
    }
    let last = runs(&place, &["--project", "shop", "-n", "2"]);
    assert_eq!(last[1], all[3]);
    assert_eq!((&last[0]["run_id"], &last[0]["born_count"]), (&json!(3), &null()));
    assert_eq!(each_id(&runs(&place, &[])), [5], "the project of the latest run");
    assert_eq!(runs(&place, &["--project", "none"]), [Value::Null; 0]);
    assert_eq!(counts(&runs(&place, &["--project", "shop", "--channels", "intent", "-n", "1"]))[0][1], null());

    let table = place.ask(&["dup", "trend", "--project", "shop"]).succeeded().stdout;
    assert_eq!(table.lines().count(), 1 + 4 + 1);
    assert!(table.lines().next().is_some_and(|line| line.starts_with("RUN  STARTED ")), "{table}");
    assert_eq!(place.ask(&["dup", "trend", "--project", "none"]).succeeded().stdout, "no run matches\n");
    for wrong in [&["-n", "0"][..], &["-n", "-1"], &["--format", "csv"], &["--code-threshold", "2"]] {
        place.ask(&[&["dup", "trend"], wrong].concat()).exited_with(2);
    }
    place.check_is_tidy();
}

fn each_id(runs: &[Value]) -> Vec<i64> {
    runs.iter().map(|run| run["run_id"].as_i64().expect("a number")).collect()
}

#[test]
fn trend_omits_pruned_runs() {
    let place = place_with_copies();
    snapshot(&place);
    snapshot(&place);
    place
        .database()
        .execute("PRAGMA foreign_keys = OFF; DELETE FROM record_questions; DELETE FROM records WHERE run_id = 2");
    place.database().execute("DELETE FROM enrichments WHERE run_id = 2; DELETE FROM source_files WHERE run_id = 2; DELETE FROM runs WHERE id = 2");
    assert_eq!(each_id(&runs(&place, &[])), [1, 3]);
}

#[test]
fn empty_database_has_no_trend() {
    let place = Place::empty();
    Database::create(&place.path(DATABASE), CONTRACT);
    assert_eq!(place.ask(&["dup", "trend"]).succeeded().stdout, "no run matches\n");
    assert_eq!(
        place.ask_json(&["dup", "trend"]),
        json!({ "schema_version": 1, "project": null, "root_path": null, "runs": [] })
    );
}
