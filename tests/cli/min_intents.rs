//! `--min-intents`, and the outputs that count missing intents.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::json;

use crate::{dup_gates::total, place::Place};

#[test]
fn too_few_intents_saves_and_fails() {
    let script = Script::new().rule(When::question().containing("def f2("), Reply::refusal());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(4);
    for (least, code) in [("0", 0), ("75", 0), ("75.1%", 1), ("100", 1)] {
        let outcome = place.persist(&server.url(), &["--min-intents", least]).exited_with(code);
        assert!(outcome.stdout.starts_with("persisted run_id="), "{outcome:?}");
        assert_eq!(outcome.stderr.contains("gate failed: --min-intents"), code == 1, "{outcome:?}");
    }
    let failed = place.persist(&server.url(), &["--min-intents", "90", "--quiet"]).exited_with(1);
    let expected = "gate failed: --min-intents 90: only 3 of 4 records in scope have an intent";
    failed.stderr_has(&["error: ", expected, "hint: run 5 is saved; cds runs show 5"]);
    assert_eq!(place.database().number("SELECT count(*) FROM records WHERE run_id = 5"), 5);
    let rows = place.database().rows("SELECT status, error, snapshot_id FROM runs_ledger ORDER BY rowid");
    assert_eq!(
        (&rows[0]["error"], &rows[4]["error"], &rows[4]["snapshot_id"]),
        (&json!(null), &json!(expected), &json!(5))
    );
    assert_eq!(rows[4]["status"], "completed_with_errors");
    assert!(place.shown("5").contains(expected));
    for wrong in ["-1", "101", "most", ""] {
        place.persist(&server.url(), &["--min-intents", wrong]).exited_with(2);
    }
    let unavailable = place.persist("http://127.0.0.1:1", &["--min-intents", "1", "--refresh-intents"]).exited_with(1);
    unavailable.stderr_has(&["0 of 4 records in scope have an intent"]);
    // Nothing is in scope.
    place.persist("http://127.0.0.1:1", &["--min-intents", "100", "--scope", "class"]).succeeded();
}

#[test]
fn dup_check_counts_missing_intents() {
    let script = Script::new().rule(When::question().containing("def total("), Reply::refusal());
    let server = FakeOllama::start(script);
    let place = Place::with_files(&[("a.py", &total("total")), ("b.py", &total("sum_up"))]);
    place.persist(&server.url(), &[]).succeeded();
    let table = place.ask(&["dup-check"]).succeeded().stdout;
    assert!(table.contains("without an intent   1 of 2 definitions"), "{table}");
    for format in ["markdown", "html"] {
        let page = place.ask(&["dup-check", "--format", format]).succeeded().stdout;
        assert!(page.contains("Without an intent: 1 of 2 definitions."), "{format}");
    }
    assert_eq!(place.ask_json(&["dup-check"])["totals"]["missing_intent_count"], 1);
    let code_alone = place.ask(&["dup-check", "--channels", "exact,renamed"]).succeeded().stdout;
    assert!(!code_alone.contains("without an intent"), "the check needs no intents");
    place.persist("builtin:", &[]).succeeded();
    assert!(!place.ask(&["dup-check"]).succeeded().stdout.contains("without an intent"));
}
