//! What a snapshot would cost, without asking or writing anything.

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::Value;

use crate::{
    fields::{field, fields_of},
    place::{DATABASE, Place, TREE, functions},
};

const DRY_RUN: [&str; 3] = ["--dry-run", "--format", "json"];

fn planned(place: &Place, url: &str, more: &[&str]) -> Value {
    let outcome = place.persist(url, &[&DRY_RUN, more].concat()).succeeded();
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    serde_json::from_str(&outcome.stdout).expect("a plan in JSON")
}

/// selected, questions, kept, calls, cut
fn counts(plan: &Value) -> [u64; 5] {
    ["selected", "questions", "kept", "calls", "cut"].map(|name| plan[name].as_u64().expect("a number"))
}

#[test]
fn plan_before_and_after_run() {
    let server = FakeOllama::start(Script::new());
    let place =
        Place::with_files(&[("a.py", &functions(10)), ("b.py", "def f1():\n    return 1\nclass C:\n    x = 1\n")]);
    let url = server.url();
    let plan = planned(&place, &url, &[]);
    assert_eq!(counts(&plan), [12, 11, 0, 11, 0]);
    let records = &plan["records"];
    assert_eq!((&records["file"], &records["class"], &records["function"]), (&2.into(), &1.into(), &11.into()));
    assert!(plan["estimated_prompt_tokens"].as_u64() > Some(11 * 100), "{plan}");
    assert!(plan["estimated_answer_tokens"].as_u64() > Some(11 * 10), "{plan}");
    assert!(plan["estimated_seconds"].is_null(), "there is no earlier run: {plan}");
    assert_eq!((server.generate_count(), place.names()), (0, vec![TREE.to_owned()]), "nothing is asked or written");

    place.persist(&url, &[]).succeeded();
    assert_eq!(server.generate_count(), 11, "as planned");
    let before = place.read(DATABASE);
    let plan = planned(&place, &url, &[]);
    assert_eq!((counts(&plan), &plan["estimated_seconds"]), ([12, 11, 11, 0, 0], &0.into()));
    assert_eq!(counts(&planned(&place, &url, &["--refresh-intents"])), [12, 11, 0, 11, 0]);
    assert_eq!(counts(&planned(&place, &url, &["--scope", "class"])), [1, 1, 1, 0, 0]);
    place.write("tree/a.py", functions(110));
    let plan = planned(&place, &url, &[]);
    assert_eq!(counts(&plan), [112, 111, 11, 100, 0]);
    assert!(plan["estimated_seconds"].is_u64(), "{plan}");
    assert!(place.read(DATABASE) == before, "the database is as it was");
    assert_eq!(server.generate_count(), 11);
    place.check_is_tidy();
}

#[test]
fn estimate_uses_earlier_rate() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(4);
    let url = server.url();
    place.persist(&url, &[]).succeeded();
    place.database().execute("UPDATE enrichments SET elapsed_seconds = 10.0, call_count = 4, answer_tokens = 80");
    place.write("tree/functions.py", functions(44));
    let plan = planned(&place, &url, &[]);
    assert_eq!((&plan["estimated_seconds"], &plan["estimated_answer_tokens"]), (&100.into(), &800.into()), "{plan}");
    let outcome = place.persist(&url, &["--dry-run"]).succeeded();
    let fields = fields_of("planned", outcome.stdout.trim_end());
    for (name, expected) in [("function", "44"), ("kept", "4"), ("calls", "40"), ("estimated_seconds", "100")] {
        assert_eq!(field(&fields, name), expected);
    }
}

#[test]
fn plan_without_server_or_with_builtin() {
    let server = FakeOllama::start(Script::new());
    server.stop();
    let place = Place::with_functions(3);
    assert_eq!(counts(&planned(&place, &server.url(), &[])), [3, 3, 0, 3, 0]);
    let plan = planned(&place, "builtin:", &[]);
    assert_eq!((counts(&plan), &plan["estimated_seconds"]), ([3, 3, 0, 0, 0], &0.into()));
    place.persist(&server.url(), &["--dry-run", "--require-provider"]).exited_with(1);
    place.persist(&server.url(), &["--dry-run", "--db-path", "no/x.sqlite"]).exited_with(2);
    assert_eq!(place.names(), [TREE]);
    place.write("cds.sqlite", "no database");
    place.persist(&server.url(), &["--dry-run"]).exited_with(1).stderr_has(&["not an SQLite database"]);
}
