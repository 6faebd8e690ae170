//! The gates of `cds dup-check`: new groups, known groups, and limits.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    database::{CONTRACT, Database},
    place::{DATABASE, Outcome, Place},
};

/// A distinctive function with this name.
pub(crate) fn total(name: &str) -> String {
    format!(
        "def {name}(items, limit):\n    total = 0\n    for item in items:\n        if item.price > limit:\n            \
         raise ValueError(item)\n        total += item.price * item.count\n    return total\n\n\n"
    )
}

/// Another function, with nothing in common with the first.
pub(crate) fn words(name: &str) -> String {
    format!(
        "def {name}(text, separator):\n    seen = set()\n    kept = []\n    for word in text.split():\n        \
         if word.lower() not in seen:\n            seen.add(word.lower())\n            kept.append(word.strip())\n    \
         return separator.join(kept)\n\n\n"
    )
}

/// Two copies of one function, kept as run 1 of the project `shop`.
pub(crate) fn place_with_copies() -> Place {
    let place = Place::with_files(&[("a.py", &total("total")), ("b.py", &total("total")), ("c.py", &words("words"))]);
    snapshot(&place);
    place
}

pub(crate) fn snapshot(place: &Place) {
    place.persist("builtin:", &["--project", "shop"]).succeeded();
}

fn check(place: &Place, more: &[&str]) -> Outcome {
    place.ask(&[&["dup-check"], more].concat())
}

/// The groups, each with its state and member count, and the whole object.
#[track_caller]
fn states(outcome: &Outcome) -> (Vec<(Value, usize)>, Value) {
    let object: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:#?}"));
    let members = |group: &Value| group["members"].as_array().expect("members").len();
    let groups = object["groups"].as_array().expect("groups");
    (groups.iter().map(|group| (group["state"].clone(), members(group))).collect(), object)
}

/// One idiom applied to two things: a similar structure, and no common line in the body.
const IDIOM: [&str; 2] = [
    "def close_order(order, ledger):\n    total = sum(line.price for line in order.lines)\n    if total > order.limit:\n        \
     ledger.warn(order.number, total)\n        return None\n    ledger.book(order.number, total)\n    return total\n",
    "def close_window(window, journal):\n    area = sum(pane.size for pane in window.panes)\n    if area > window.frame:\n        \
     journal.warn(window.title, area)\n        return False\n    journal.paint(window.title, area)\n    return area\n",
];

#[test]
fn low_confidence_ranks_last() {
    let place = place_with_copies();
    place.write("tree/idioms/order.py", IDIOM[0]);
    place.write("tree/idioms/window.py", IDIOM[1]);
    snapshot(&place);
    let found = |more: &[&str]| {
        let object: Value =
            serde_json::from_str(&check(&place, &[&["--format", "json"], more].concat()).stdout).unwrap();
        let groups = object["groups"].as_array().unwrap().iter();
        let groups: Vec<(String, bool)> =
            groups.map(|group| (group["channel"].as_str().unwrap().to_owned(), group["confidence"] == "low")).collect();
        (groups, object["totals"]["group_count"].clone(), object["totals"]["low_confidence_group_count"].clone())
    };
    let (exact, near) = (("exact".to_owned(), false), ("near".to_owned(), true));
    assert_eq!(found(&[]), (vec![exact.clone(), near.clone()], json!(2), json!(1)));
    assert_eq!(found(&["--limit", "1"]).0, vec![exact.clone()]);
    assert_eq!(found(&["--min-confidence", "high"]), (vec![exact], json!(1), json!(1)));
    let table = |more: &[&str]| check(&place, more).succeeded().stdout;
    assert!(table(&[]).contains("1 group that may only look similar: ranked last"));
    assert!(table(&["--min-confidence", "high"]).contains("1 group that may only look similar: left out"));
    // A gate counts high confidence only, unless asked for more; the other groups are still displayed.
    let uncounted = "1 group of low confidence does not count for the gate; --gate-confidence low counts all";
    let gate = check(&place, &["--fail-on", "new"]).succeeded().stderr_has(&[uncounted]);
    assert!(gate.stdout.contains("new, low confidence") && gate.stdout.contains("not counted"), "{gate:#?}");
    for format in ["markdown", "html", "github"] {
        let outcome = check(&place, &["--fail-on", "new", "--format", format]).succeeded();
        assert!(outcome.stdout.contains(uncounted), "{outcome:#?}");
    }
    let outcome = check(&place, &["--fail-on", "new", "--format", "json"]).succeeded();
    assert_eq!(states(&outcome).1["uncounted_group_count"], 1);
    let all = ["--fail-on", "new", "--gate-confidence", "low"];
    check(&place, &all).exited_with(1).stderr_has(&["1 new duplicate group"]);
    check(&place, &["--fail-on", "any", "--gate-confidence", "low", "--channels", "near"]).exited_with(1);
    check(&place, &["--fail-on", "new", "--min-confidence", "high"]).succeeded();
    // A hidden group that an edit turned into a copy is new.
    let copy = IDIOM[0].replace("close_order", "close_window").replace("return None", "raise LimitError(order)");
    place.write("tree/idioms/window.py", copy);
    snapshot(&place);
    check(&place, &all).succeeded();
    check(&place, &["--fail-on", "new", "--min-confidence", "high"]).exited_with(1);
}

#[test]
fn passed_gate_prints_few_lines() {
    let place = place_with_copies();
    for index in 0..30 {
        let code =
            total("total").replace("price", &format!("price_{index}")).replace("items", &format!("goods_{index}"));
        place.write(&format!("tree/first_{index}.py"), &code);
        place.write(&format!("tree/second_{index}.py"), &code);
    }
    snapshot(&place);
    let recipe: &[&str] = &["--run", "1", "--fail-on", "new", "--format", "github"];
    let first = check(&place, recipe).succeeded();
    assert_eq!(
        first.stdout, "::notice title=cds::1 group was there before\n",
        "the first run has nothing to compare with"
    );
    snapshot(&place);
    for more in [&[][..], &["--max-share", "100%"], &["--format", "markdown"]] {
        let outcome = check(&place, &[&["--fail-on", "new"], more].concat()).succeeded();
        assert!(outcome.stdout.lines().count() < 15 && outcome.stderr.is_empty(), "{outcome:#?}");
        assert!(outcome.stdout.contains("Gate passed: compared with run 2"), "{outcome:#?}");
    }
    let share = check(&place, &["--max-share", "100%"]).succeeded();
    assert!(share.stdout.contains("Gate passed\n") && share.stdout.contains("--limit 0 lists all"), "{share:#?}");
    let listed = check(&place, &["--fail-on", "new", "--limit", "0"]).succeeded();
    assert!(listed.stdout.lines().count() > 60, "{listed:#?}");
    assert!(check(&place, &[]).succeeded().stdout.lines().count() > 60, "without a gate");
}

#[test]
fn formerly_weak_group_is_not_new() {
    let [order, _] = IDIOM;
    let changed = order
        .replace("order.limit", "order.bounds.upper")
        .replace("return None", "raise LimitError(order)")
        .replace("    return total", "    order.touch()\n    return total");
    // The lines of the two are common as long as these functions have them as well.
    let mut common = String::new();
    for place in 0..600 {
        let line = order.lines().nth(1 + place % 5).expect("it has as many").trim_start().trim_end_matches(':');
        let line = line.strip_prefix("if ").map_or(line.to_owned(), |condition| format!("assert {condition}"));
        let _ = writeln!(
            common,
            "def f{place}(order, ledger):\n    a{place} = {place}\n    {line}\n    return b{place}(a{place})\n\n"
        );
    }
    let files = [("a.py", order), ("b.py", &changed), ("common.py", &common)];
    let place = Place::with_files(&files);
    snapshot(&place);
    let group_count = |more: &[&str]| states(&check(&place, &[&["--format", "json"], more].concat())).0.len();
    assert_eq!(group_count(&["--channels", "near"]), 0);
    std::fs::remove_file(place.path("tree/common.py")).expect("it is there");
    snapshot(&place);
    let new = check(&place, &["--fail-on", "new", "--format", "json"]).succeeded();
    assert_eq!(states(&new).0, [(json!("known"), 2)]);
    // It is new if an edit makes a copy of it.
    place.write("tree/b.py", order.replace("return None", "return False"));
    snapshot(&place);
    let new = check(&place, &["--fail-on", "new", "--baseline-run", "1", "--format", "json"]).exited_with(1);
    assert_eq!(states(&new).0, [(json!("new"), 2)]);
    place.write("tree/b.py", &changed);
    // It does not hide new groups either.
    place.write("tree/c.py", words("words"));
    place.write("tree/d.py", words("words"));
    snapshot(&place);
    let new = check(&place, &["--fail-on", "new", "--baseline-run", "1", "--format", "json"]).exited_with(1);
    assert_eq!(states(&new).0, [(json!("new"), 2)]);
}

#[test]
fn only_new_or_grown_groups_fail() {
    let place = place_with_copies();
    let new = &["--fail-on", "new", "--format", "json"][..];
    let first =
        check(&place, new).succeeded().stderr_has(&["warning: run 1 is the first of its project in this database"]);
    assert_eq!(states(&first).0, [(Value::Null, 2)]);

    snapshot(&place);
    let (groups, object) = states(&check(&place, new).succeeded());
    assert_eq!((groups, &object["baseline_run_id"]), (vec![(json!("known"), 2)], &json!(1)));

    place.write("tree/d.py", words("words"));
    snapshot(&place);
    let outcome = check(&place, new).exited_with(1);
    let (groups, object) = states(&outcome);
    assert_eq!(groups, [(json!("new"), 2)], "only what broke the gate is shown");
    let id = object["groups"][0]["group_id"].as_str().expect("an id").to_owned();
    outcome.stderr_has(&[&format!("error: gate failed: 1 new duplicate group ({id})")]);
    assert_eq!(states(&check(&place, &["--format", "json"]).succeeded()).0.len(), 2, "without a gate nothing fails");

    place.write("tree/e.py", total("total"));
    snapshot(&place);
    let (groups, _) = states(&check(&place, new).exited_with(1));
    assert_eq!(groups, [(json!("grown"), 3)]);
    let (_, object) = states(&check(&place, new).exited_with(1));
    let members = object["groups"][0]["members"].as_array().expect("members");
    let added: Vec<_> = members.iter().map(|member| (&member["file_path"], &member["is_added"])).collect();
    let [no, yes] = [json!(false), json!(true)];
    assert_eq!(added, [(&json!("a.py"), &no), (&json!("b.py"), &no), (&json!("e.py"), &yes)]);
    let annotations = check(&place, &["--fail-on", "new", "--format", "github"]).exited_with(1).stdout;
    assert!(annotations.contains("::warning file=e.py,line=1,"), "{annotations}");
    assert!(check(&place, &["--fail-on", "new"]).exited_with(1).stdout.contains("grown from 2, added"));
    let against_first = check(&place, &[new, &["--baseline-run", "1"]].concat()).exited_with(1);
    let (mut groups, _) = states(&against_first);
    groups.sort_by_key(|(state, _)| state.to_string());
    assert_eq!(groups, [(json!("grown"), 3), (json!("new"), 2)]);
}

#[test]
fn moves_and_edits_add_no_group() {
    let place = place_with_copies();
    std::fs::remove_file(place.path("tree/a.py")).expect("it is there");
    place.write("tree/deep/moved.py", total("total"));
    place.write("tree/b.py", total("total").replace("ValueError(item)", "ValueError(item, limit)"));
    snapshot(&place);
    let (groups, _) = states(&check(&place, &["--fail-on", "new", "--format", "json"]).succeeded());
    assert!(!groups.is_empty() && groups.iter().all(|(state, _)| *state == "known"), "{groups:?}");
}

#[test]
fn formatting_adds_no_group() {
    // Three lines are too short for a duplicate until the header is broken into lines.
    let short = "def load(path, mode):\n    with open(path, mode, encoding='utf-8') as file: rows = json.load(file)\n    \
                 return [row for row in rows if row.get('price', 0) > 0]\n";
    let place = place_with_copies();
    place.write("tree/d.py", short);
    place.write("tree/e.py", short);
    snapshot(&place);
    let formatted = short
        .replace("path, mode):", "\n    path,\n    mode,\n):")
        .replace(" as file: rows", " as file:\n        rows");
    let formatted = formatted.replace("'utf-8'", "\"utf-8\"").replace("return [", "return [\n        ");
    place.write("tree/d.py", &formatted);
    place.write("tree/e.py", &formatted);
    place.write(
        "tree/a.py",
        total("total").replace("item.price > limit", "(\n            item.price > limit\n        )"),
    );
    snapshot(&place);
    let (found, _) = states(&check(&place, &["--fail-on", "new", "--format", "json"]).succeeded());
    assert_eq!(found.iter().filter(|(state, _)| state == "known").count(), found.len());
    assert!(found.len() > 1, "{found:?}");
    // A header that says something else does count.
    place.write("tree/f.py", formatted.replace("> 0", "> 1"));
    snapshot(&place);
    check(&place, &["--fail-on", "new"]).exited_with(1);
}

#[test]
fn edited_copy_is_known_paste_new() {
    let near = total("total").replace("raise ValueError(item)", "raise LimitError(item)").replace("limit", "most");
    let place = Place::with_files(&[("a.py", &total("total")), ("b.py", &near)]);
    snapshot(&place);
    std::fs::remove_file(place.path("tree/b.py")).expect("it is there");
    let gate = |code: &str, expected: i32| {
        place.write("tree/sums.py", code);
        snapshot(&place);
        let gate = &["--fail-on", "new", "--baseline-run", "1", "--format", "json"];
        states(&check(&place, gate).exited_with(expected)).0
    };
    let edited = |code: &str| code.replace("total(", "sum_up(").replace("return total", "return round(total)");
    assert!(gate(&edited(&near), 0).iter().all(|(state, _)| *state == "known"));
    let pasted = gate(&edited(&total("total")), 1);
    assert!(!pasted.is_empty() && pasted.iter().all(|(state, _)| *state == "new"), "{pasted:?}");
    // The source of this paste is ambiguous; there are no more copies than before.
    place.write("tree/b.py", total("total"));
    std::fs::remove_file(place.path("tree/sums.py")).expect("it is there");
    snapshot(&place);
    std::fs::remove_file(place.path("tree/b.py")).expect("it is there");
    place.write("tree/sums.py", edited(&total("total")));
    snapshot(&place);
    check(&place, &["--fail-on", "new"]).succeeded();
}

#[test]
fn previous_run_is_of_same_project() {
    let place = place_with_copies();
    place.persist("builtin:", &["--project", "tools"]).succeeded();
    let outcome = check(&place, &["--fail-on", "new"]).succeeded();
    outcome.stderr_has(&["run 2 is the first of its project in this database"]);
    snapshot(&place);
    let (_, object) = states(&check(&place, &["--fail-on", "new", "--format", "json"]).succeeded());
    assert_eq!(object["baseline_run_id"], 1);
}

#[test]
fn unusual_baseline_run_warns() {
    let place = place_with_copies();
    snapshot(&place);
    place.persist("builtin:", &["--project", "tools"]).succeeded();
    let project = "which belongs to another project";
    for (run, baseline, warnings) in [
        ("2", "1", &[][..]),
        ("1", "2", &["run 1 is compared with run 2, which is later"]),
        ("3", "2", &[&format!("run 3 is compared with run 2, {project}")]),
        (
            "1",
            "3",
            &["run 1 is compared with run 3, which is later", &format!("run 1 is compared with run 3, {project}")],
        ),
        ("2", "latest", &["which is later", project]),
        ("2", "2", &["run 2 is compared with itself: nothing can be new"]),
    ] {
        let outcome = check(&place, &["--run", run, "--baseline-run", baseline, "--format", "json"]).succeeded();
        let outcome = outcome.stderr_has(warnings);
        assert_eq!(outcome.stderr.matches("warning: ").count(), warnings.len(), "{outcome:#?}");
        let expected = if baseline == "latest" { json!(3) } else { baseline.parse().expect("a number") };
        assert_eq!(states(&outcome).1["baseline_run_id"], expected);
    }
}

#[test]
fn unaccounted_snapshots_match_by_tree() {
    let place = Place::empty();
    let code = total("total").trim_end().replace('\'', "''");
    let run = |id: u8, root: &str| {
        let mut sql = format!(
            "insert into runs values ({id}, '2026-01-0{id}T00:00:00.000Z', '2026-01-0{id}T00:00:01.000Z', '{root}',
                                      'u', 'm', 'all', 10, 'completed', 0, 0, 2);"
        );
        for file in ["a.py", "b.py"] {
            write!(
                sql,
                "insert into records (run_id, kind, file_path, signature, start_line, end_line, raw_code,
                                      normalized_code, md5sum, intent_status)
                 values ({id}, 'function', '{file}', 'def total(items, limit):', 1, 7, '{code}', '{code}', 'x',
                         'skipped');"
            )
            .unwrap();
        }
        sql
    };
    let sql = format!("{CONTRACT} {} {} {}", run(1, "/x"), run(2, "/y"), run(3, "/x"));
    Database::create(&place.path(DATABASE), &sql);
    let before = place.read(DATABASE);
    let (groups, object) = states(&check(&place, &["--fail-on", "new", "--format", "json"]).succeeded());
    assert_eq!((groups, &object["baseline_run_id"]), (vec![(json!("known"), 2)], &json!(1)));
    let trend = place.ask_json(&["dup", "trend"]);
    assert_eq!((&trend["root_path"], trend["runs"].as_array().map(Vec::len)), (&json!("/x"), Some(2)));
    assert_eq!(place.read(DATABASE), before, "nothing was added");
}

#[test]
fn any_group_or_large_share_fails() {
    let place = place_with_copies();
    check(&place, &["--fail-on", "any"]).exited_with(1).stderr_has(&["1 duplicate group ("]);
    for (share, code) in [("0%", 1), ("0.2", 1), ("27%", 0), ("100%", 0), ("1", 0)] {
        let outcome = check(&place, &["--max-share", share]).exited_with(code);
        if code == 1 {
            outcome.stderr_has(&[" % of all lines are duplicated, more than "]);
        }
    }
    std::fs::remove_file(place.path("tree/b.py")).expect("it is there");
    snapshot(&place);
    check(&place, &["--fail-on", "any", "--max-share", "0"]).succeeded();
    for wrong in [&["--max-share", "5"][..], &["--max-share", "101%"], &["--max-share", "-1%"], &["--fail-on", "old"]] {
        check(&place, wrong).exited_with(2);
    }
    for missing in ["99", "x"] {
        check(&place, &["--baseline-run", missing]).exited_with(1).stderr_has(&["there is no such run"]);
    }
}

#[test]
fn explanation_names_rules_with_values() {
    let place = place_with_copies();
    place.write("tree/idioms/order.py", IDIOM[0]);
    place.write("tree/idioms/window.py", IDIOM[1]);
    snapshot(&place);
    let (_, object) = states(&check(&place, &["--format", "json"]));
    let group = object["groups"].as_array().unwrap().iter().find(|group| group["confidence"] == "low").unwrap();
    let id = group["group_id"].as_str().unwrap();
    let explained = check(&place, &["--explain", id]).succeeded().stdout;
    assert!(explained.starts_with(&format!("near group {id}: 2 members\n")), "{explained}");
    assert!(explained.contains("low: no pair is certainly a copy") && explained.contains("evidence"), "{explained}");
    assert!(explained.contains(" ≥ ") && explained.contains("not certain"), "{explained}");
    check(&place, &["--explain", "00000000000000ff"]).exited_with(2).stderr_has(&["no group of this search"]);
    check(&place, &["--explain", id, "--format", "json"]).exited_with(2).stderr_has(&["--explain"]);
}
