//! `cds history`: the changes of a definition, under every name that it has had.

mod altered;

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::{Value, json};

use crate::{
    database::{CONTRACT, Database},
    ledger::{each, list, one_line},
    place::{DATABASE, Outcome, Place, TREE},
};

const OUTER: &str = "class Outer:\n    def method(self, value):\n        return value + 1\n";
const HELPER: &str = "def helper(x):\n    return x * 2\n";

/// A distinct commit for each run.
fn commit(run: u32) -> String {
    format!("{run}").repeat(40)
}

fn persist(place: &Place, run: u32) {
    place.persist("builtin:", &["--project", "shop", "--code-ref", &commit(run)]).succeeded();
}

/// Each run changes `helper` in another way.
fn place_with_a_life() -> Place {
    let place = Place::with_files(&[("a.py", &format!("{OUTER}\n{HELPER}"))]);
    persist(&place, 1);
    persist(&place, 2);
    place.write("tree/a.py", OUTER);
    place.write("tree/pkg/b.py", HELPER);
    persist(&place, 3);
    place.write("tree/pkg/b.py", HELPER.replace("* 2", "* 3"));
    persist(&place, 4);
    place.write("tree/pkg/b.py", "x = 1\n");
    persist(&place, 5);
    place.write("tree/pkg/b.py", HELPER.replace("* 2", "* 3"));
    persist(&place, 6);
    let server = FakeOllama::start(Script::new());
    place.persist(&server.url(), &["--project", "shop", "--code-ref", &commit(7)]).succeeded();
    place
}

#[track_caller]
fn history(place: &Place, words: &[&str]) -> Value {
    place.ask_json(&[&["history"], words].concat())
}

/// The names in a list on stdout.
fn listed(outcome: &Outcome) -> Vec<String> {
    let rows = outcome.stdout.lines().skip(1).filter(|line| !line.contains("shows one"));
    rows.map(|line| line.split_whitespace().nth(1).expect("a name").to_owned()).collect()
}

#[test]
fn history_covers_every_name() {
    let place = place_with_a_life();
    let answer = history(&place, &["pkg/b.py::helper"]);
    let transitions = list(&answer, "transitions");
    let words = ["added", "moved", "changed", "removed", "returned", "intent_changed"];
    assert_eq!(each(transitions, "transition"), words);
    assert_eq!(each(transitions, "run_id"), [1, 3, 4, 5, 6, 7]);
    assert_eq!(json!(each(transitions, "code_ref")), json!([1, 3, 4, 5, 6, 7].map(commit)));
    assert_eq!((&answer["transition_count"], &answer["candidates"]), (&json!(6), &json!([])));
    // Nothing is cut, and each row equals the stored one.
    for stored in place.database().rows("SELECT * FROM unit_history") {
        if let Some(row) = transitions.iter().find(|row| row["sequence"] == stored["sequence"]) {
            for (name, value) in stored.as_object().unwrap().iter().filter(|(name, _)| *name != "unit_id") {
                let metadata = || serde_json::from_str(value.as_str().unwrap()).unwrap();
                let expected = if name == "metadata" { metadata() } else { value.clone() };
                assert_eq!(row[name], expected, "{name}");
            }
        }
    }
    for (before, after) in transitions.iter().zip(&transitions[1..]) {
        if before["transition"] != "removed" && after["run_id"] != 3 {
            assert_eq!(before["content_hash"], after["previous_content_hash"]);
        }
        assert!(after["ledger_id"].is_string() && after["is_snapshot_stored"] == true);
    }
    let unit = &answer["unit"];
    assert_eq!(
        (&unit["file_path"], &unit["name"], &unit["is_present"]),
        (&json!("pkg/b.py"), &json!("helper"), &json!(true))
    );
    assert_eq!((&unit["first_run_id"], &unit["last_run_id"], &unit["project"]), (&json!(1), &json!(7), &json!("shop")));
    let earlier = json!([{ "file_path": "a.py", "name": "helper", "ordinal": 1, "until_run_id": 3 }]);
    assert_eq!(unit["earlier_names"], earlier);
    for words in [&["a.py::helper"][..], &["./a.py::helper#1"], &["--unit", &unit["unit_id"].to_string()]] {
        assert_eq!(history(&place, words), answer, "{words:?}");
    }
}

#[test]
fn table_has_short_hashes_and_origin() {
    let place = place_with_a_life();
    let page = place.ask(&["history", "pkg/b.py::helper"]).succeeded().stdout;
    assert!(page.starts_with("pkg/b.py::helper\n"), "{page}");
    let flat = one_line(&page);
    for fragment in ["kind function", "earlier name a.py::helper, until run 3", "state present", "first seen run 1"] {
        assert!(flat.contains(fragment), "{fragment}: {page}");
    }
    let answer = history(&place, &["pkg/b.py::helper"]);
    let line = page.lines().find(|line| line.contains("moved")).unwrap();
    let hash = answer["transitions"][1]["content_hash"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    assert!(line.contains(&hash[..12]) && !line.contains(&hash[..13]), "{line}");
    assert!(line.contains("from a.py::helper") && line.contains(&commit(3)[..12]), "{line}");
    assert!(page.lines().any(|line| line.contains("intent_changed") && line.contains("intent")), "{page}");
    // A narrow terminal drops columns, and no line is wider.
    let mut command = place.command(&["history", "pkg/b.py::helper", "--db-path", DATABASE]);
    let narrow = Outcome::of(command.env("COLUMNS", "60")).succeeded().stdout;
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    assert!(narrow.contains("intent_changed"), "{narrow}");
}

#[test]
fn file_history_counts_definitions() {
    let place = place_with_a_life();
    let answer = history(&place, &["a.py"]);
    assert_eq!((&answer["unit"]["kind"], &answer["unit"]["definition_count"]), (&json!("file"), &json!(2)));
    assert_eq!(each(list(&answer, "transitions"), "transition"), ["added", "changed"]);
    assert_eq!(history(&place, &["a.py::Outer"])["unit"]["definition_count"], Value::Null);
    let page = place.ask(&["history", "a.py"]).succeeded().stdout;
    assert!(one_line(&page).contains("holds 2 definitions"), "{page}");
}

#[test]
fn limit_shows_last_transitions() {
    let place = place_with_a_life();
    let answer = history(&place, &["pkg/b.py::helper", "--limit", "2"]);
    assert_eq!(each(list(&answer, "transitions"), "run_id"), [6, 7]);
    assert_eq!(answer["transition_count"], 6);
    let page = place.ask(&["history", "pkg/b.py::helper", "-n", "2"]).succeeded().stdout;
    assert!(page.contains("these are the last 2 of 6 transitions"), "{page}");
    let whole = history(&place, &["pkg/b.py::helper", "--limit", "0"]);
    assert_eq!(whole["transitions"].as_array().unwrap().len(), 6);
    // The first row still shows its previous state.
    let answer = history(&place, &["pkg/b.py::helper", "--limit", "2", "--diff"]);
    assert_eq!(answer["transitions"][0]["before"]["run_id"], 4);
}

#[test]
fn diff_shows_code_and_intent() {
    let place = place_with_a_life();
    let answer = history(&place, &["pkg/b.py::helper", "--diff"]);
    let transitions = list(&answer, "transitions");
    let states =
        |side: &str| -> Vec<&str> { transitions.iter().map(|row| row[side]["state"].as_str().unwrap()).collect() };
    assert_eq!(states("before"), ["nothing", "stored", "stored", "stored", "stored", "stored"]);
    assert_eq!(states("after"), ["stored", "stored", "stored", "nothing", "stored", "stored"]);
    assert_eq!(transitions[0]["after"]["raw_code"], HELPER.trim_end());
    assert_eq!(transitions[1]["before"]["raw_code"], transitions[1]["after"]["raw_code"], "what moved is the same");
    assert_eq!((&transitions[1]["code_diff"], &transitions[1]["intent_diff"]), (&json!(""), &json!("")));
    let expected = "--- pkg/b.py\trun 3\n+++ pkg/b.py\trun 4\n@@ -1,2 +1,2 @@\n def helper(x):\n-    return x * 2\n+    return x * 3\n";
    assert_eq!(transitions[2]["code_diff"], expected);
    let removed = "--- pkg/b.py\trun 4\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-def helper(x):\n-    return x * 3\n";
    assert_eq!(transitions[3]["code_diff"], removed);
    // It is compared with its state at removal.
    assert_eq!((&transitions[4]["before"]["run_id"], &transitions[4]["code_diff"]), (&json!(4), &json!("")));
    let intents = &transitions[5];
    assert_eq!(intents["code_diff"], "");
    assert_ne!(intents["before"]["intent"], intents["after"]["intent"]);
    for (sign, side) in [('-', "before"), ('+', "after")] {
        let line = format!("\n{sign}{}\n", intents[side]["intent"].as_str().unwrap());
        assert!(intents["intent_diff"].as_str().unwrap().contains(&line), "{intents}");
    }

    let page = place.ask(&["history", "pkg/b.py::helper", "--diff"]).succeeded().stdout;
    for fragment in [
        "moved in run 3, ",
        "  code, pkg/b.py:1-2 (run 3)\n     def helper(x):\n         return x * 2\n",
        "    --- pkg/b.py:1-2 (run 3)\n    +++ pkg/b.py:1-2 (run 4)\n    @@ -1,2 +1,2 @@\n     def helper(x):\n    -    return x * 2\n    +    return x * 3\n",
        &format!("    -{}\n", intents["before"]["intent"].as_str().unwrap()),
    ] {
        assert!(page.contains(fragment), "{fragment}: {page}");
    }
    assert_eq!(history(&place, &["a.py::helper"])["transitions"][0].get("before"), None, "only with --diff");
}

#[test]
fn name_prefix_lists_units() {
    let place = place_with_a_life();
    place.persist("builtin:", &["--project", "other"]).succeeded();
    let of_shop = |name: &str| listed(&place.ask(&["history", name, "--project", "shop"]).succeeded());
    assert_eq!(of_shop("a.py::"), ["a.py::Outer", "a.py::Outer.method"]);
    assert_eq!(of_shop("a.py::Outer.m"), ["a.py::Outer.method"]);
    assert_eq!(of_shop("pkg/"), ["pkg/b.py"]);
    assert_eq!(of_shop("p"), ["pkg/b.py"]);
    let answer = history(&place, &["a.py::Out", "--limit", "3"]);
    assert_eq!((&answer["unit"], &answer["candidate_count"]), (&Value::Null, &json!(4)));
    // By name, then by project.
    let candidates = list(&answer, "candidates");
    assert_eq!(each(candidates, "project"), ["other", "shop", "other"]);
    assert_eq!(each(candidates, "name"), ["Outer", "Outer", "Outer.method"]);
    let page = place.ask(&["history", "a.py::Out", "--limit", "3"]).succeeded().stdout;
    assert!(page.contains("4 units, of which these are the first 3"), "{page}");
}

#[test]
fn ambiguous_name_lists_units() {
    let twice = "class A:\n    @property\n    def x(self):\n        return 1\n\n    @x.setter\n    def x(self, value):\n        pass\n";
    let place = Place::with_files(&[("a.py", twice)]);
    place.persist("builtin:", &["--project", "one"]).succeeded();
    place.persist("builtin:", &["--project", "two"]).succeeded();
    let listed = listed(&place.ask(&["history", "a.py::A.x", "--project", "one"]).succeeded());
    assert_eq!(listed, ["a.py::A.x#1", "a.py::A.x#2"]);
    for (name, ordinal) in [("a.py::A.x#1", 1), ("a.py::A.x#2", 2)] {
        let answer = history(&place, &[name, "--project", "one"]);
        assert_eq!((&answer["unit"]["ordinal"], &answer["unit"]["project"]), (&json!(ordinal), &json!("one")));
    }
    assert_eq!(each(list(&history(&place, &["a.py::A"]), "candidates"), "project"), ["one", "two"]);
    let unit_id = history(&place, &["a.py::A"])["candidates"][1]["unit_id"].to_string();
    assert_eq!(history(&place, &["--unit", &unit_id])["unit"]["project"], "two");
}

#[test]
fn current_unit_beats_former_one() {
    let place = place_with_a_life();
    place.write("tree/a.py", format!("{OUTER}\ndef helper():\n    return 'another one'\n"));
    persist(&place, 8);
    let outcome =
        place.ask(&["history", "a.py::helper"]).succeeded().stderr_has(&["note: other units had this name before"]);
    assert!(outcome.stdout.contains("first seen          run 8"), "{outcome:#?}");
    let answer = history(&place, &["pkg/b.py::helper"]);
    let unit_id = &answer["unit"]["unit_id"];
    assert!(outcome.stderr.contains(&format!("--unit {unit_id}\n")), "{outcome:#?}");
}

#[test]
fn unknown_name_suggests_nearest() {
    let place = place_with_a_life();
    let refused = |words: &[&str], expected: &[&str]| {
        let outcome = place.ask(&[&["history"], words].concat()).exited_with(1).stderr_has(expected);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.lines().count()), ("", 2), "{outcome:#?}");
        let as_json = place.ask(&[&["history", "--format", "json"], words].concat()).exited_with(1);
        assert_eq!(as_json.stdout, "");
    };
    refused(&["a.py::Outer.metod"], &["\"a.py::Outer.metod\"", "no such unit", "the nearest are a.py::Outer.method"]);
    refused(&["helper"], &["the nearest are pkg/b.py::helper"]);
    refused(&["tree/pkg/b.py"], &["the nearest are pkg/b.py"]);
    refused(&["pkg/b.py::helper#2"], &["the nearest are pkg/b.py::helper"]);
    refused(&["0123456789"], &["relative to the tree"]);
    refused(&["a.py", "--project", "none"], &["no unit is of project \"none\"", "there are units of shop"]);
    refused(&["--unit", "99"], &["unit 99", "numbers"]);
    for wrong in [&[][..], &[""], &["a.py", "--unit", "1"], &["--unit", "0"], &["a.py", "-n", "-1"]] {
        place.ask(&[&["history"], wrong].concat()).exited_with(2);
    }
}

#[test]
fn neighbour_replaces_pruned_snapshot() {
    let place = place_with_a_life();
    place.ask(&["runs", "prune", "--keep-last", "3"]).succeeded();
    let answer = history(&place, &["pkg/b.py::helper", "--diff"]);
    let transitions = list(&answer, "transitions");
    assert_eq!(each(transitions, "transition").len(), 6, "the history stays");
    assert_eq!(each(transitions, "is_snapshot_stored"), [false, false, false, true, true, true]);
    let state = |index: usize| [&transitions[index]["before"]["state"], &transitions[index]["after"]["state"]];
    assert_eq!(state(0), ["nothing", "pruned"]);
    assert_eq!(state(2), ["pruned", "pruned"]);
    assert_eq!(state(3), ["pruned", "nothing"]);
    assert_eq!(state(4), ["pruned", "stored"]);
    assert_eq!(state(5), ["stored", "stored"]);
    assert_eq!((&transitions[4]["code_diff"], &transitions[4]["intent_diff"]), (&Value::Null, &Value::Null));
    let page = place.ask(&["history", "pkg/b.py::helper", "--diff"]).succeeded().stdout;
    assert!(page.contains("what it was before is no longer there: the snapshots that had it were pruned"), "{page}");
    // The remaining code is shown as stored, not as added.
    assert!(!page.contains("+def helper"), "{page}");
    // The class has not changed since the first run, so any snapshot can stand in.
    let answer = history(&place, &["a.py::Outer", "--diff"]);
    let after = &answer["transitions"][0]["after"];
    assert_eq!((&after["state"], &after["run_id"]), (&json!("stored"), &json!(5)));
    assert_eq!(after["raw_code"], OUTER.trim_end());
}

#[test]
fn altered_record_is_not_trusted() {
    let place = place_with_a_life();
    place
        .database()
        .execute("UPDATE records SET raw_code = 'forged' WHERE run_id = 4 AND signature LIKE 'def helper%'");
    let outcome = place.ask(&["history", "pkg/b.py::helper", "--diff", "--format", "json"]).succeeded();
    outcome.stderr_has(&["warning: a record differs from the history", "cds verify"]);
    let answer = history(&place, &["pkg/b.py::helper", "--diff"]);
    assert_eq!(answer["transitions"][2]["after"]["state"], "altered");
    assert_eq!(answer["transitions"][3]["before"]["state"], "altered");
    let page = place.ask(&["history", "pkg/b.py::helper", "--diff"]).succeeded().stdout;
    assert!(page.contains("the record was altered"), "{page}");
}

#[test]
fn database_without_history_is_reported() {
    let place = Place::empty();
    let sql = format!(
        "{CONTRACT} INSERT INTO runs VALUES (1, '2026-11-20T22:01:00.000Z', '2026-11-20T22:01:00.000Z', '/srv', 'builtin:',
         'm', 'all', 10, 'completed', 0, 0, 1);
         INSERT INTO records VALUES (1, 1, 'file', 'a.py', NULL, 1, 1, '', '', 'd41d8cd98f00b204e9800998ecf8427e', NULL,
         'skipped', NULL);"
    );
    Database::create(&place.path(DATABASE), &sql);
    for words in [&["history", "a.py"][..], &["history", "a.py", "--diff"], &["history", "--unit", "1"]] {
        let outcome =
            place.ask(words).exited_with(1).stderr_has(&["the database has no history", "hint: ", "cds persist"]);
        assert_eq!(outcome.stdout, "");
    }
    assert_eq!(place.names(), [DATABASE, TREE], "nothing was created");
}

#[cfg(unix)]
#[test]
fn output_has_no_control_characters() {
    let name = "evil\x1b[31m\n::\u{202e}.py";
    let code = |text: &str| format!("def f(x=\"\x1b[2J\u{202e}\"):\n\treturn \"{text}\x07\"\r\n");
    let place = Place::with_files(&[(name, &code("a"))]);
    persist(&place, 1);
    place.write(&format!("{TREE}/{name}"), code("b"));
    persist(&place, 2);
    let unit = format!("{name}::f");
    for words in [
        &["history", &unit][..],
        &["history", &unit, "--diff"],
        &["history", &unit, "--diff", "--format", "json"],
        &["history", name],
        &["history", "evil"],
        &["history", "evil", "--format", "json"],
    ] {
        let outcome = place.ask(words).succeeded();
        let dangerous = |character: char| {
            character != '\n' && (character.is_control() || matches!(character, '\u{202a}'..='\u{202e}'))
        };
        assert!(!outcome.stdout.contains(dangerous) && !outcome.stderr.contains(dangerous), "{outcome:#?}");
    }
    let list = place.ask(&["history", "evil"]).succeeded().stdout;
    assert!(list.contains("\\u{a}::"), "a line break is no blank: {list}");
    let outcome = place.ask(&["history", "evi\x1b[31ml\u{202e}::f"]).exited_with(1);
    assert!(!outcome.stderr.contains(['\x1b', '\u{202e}']), "{outcome:#?}");
    let answer = history(&place, &[&unit, "--diff"]);
    assert_eq!(answer["unit"]["file_path"], name);
    assert_eq!(answer["transitions"][1]["after"]["raw_code"], code("b").trim_end_matches('\n').trim_end_matches('\r'));
    assert_eq!(answer["transitions"][1]["code_diff"].as_str().unwrap().lines().count(), 6);
}
