//! Telemetry: every call, retry, decision and error has one entry, and entries that were lost are counted.

use std::collections::BTreeSet;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    ledger::{Entry, latest, latest_stage, of_type, telemetry, text},
    place::{Place, TREE, persist_arguments},
    running::Running,
};

/// The telemetry of the newest run; its counts must match.
#[track_caller]
fn counted(place: &Place) -> Vec<Entry> {
    let database = place.database();
    let row = latest(&database);
    let entries = telemetry(&database, &row);
    let count = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("{name} is no count in {row}"));
    let [recorded, written, dropped] =
        ["recorded", "written", "dropped"].map(|name| count(&format!("telemetry_{name}")));
    assert_eq!(recorded, written + dropped, "{row}");
    assert_eq!(written, entries.len() as u64, "{row}");
    entries
}

fn decisions(entries: &[Entry]) -> BTreeSet<&str> {
    of_type(entries, "DECISION").iter().map(|entry| text(&entry.details, "decision")).collect()
}

#[test]
fn each_call_has_an_entry() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(7);
    place.persist(&server.url(), &[]).succeeded();
    let entries = counted(&place);
    let calls = of_type(&entries, "LLM_CALL");
    assert_eq!((calls.len(), server.generate_count()), (7, 7));
    assert_eq!(latest_stage(&place.database(), "enrich")["llm_calls"], 7);
    let subjects: BTreeSet<&str> = calls.iter().filter_map(|entry| entry.subject.as_deref()).collect();
    assert_eq!(subjects.len(), 7);
    assert!(subjects.contains("functions.py:3"), "{subjects:?}");
    let mut tokens = 0;
    for call in &calls {
        assert_eq!((&call.details["attempt"], &call.details["status"]), (&json!(1), &json!("ok")), "{call:?}");
        assert!(call.details["latency_ms"].as_f64().unwrap() > 0.0 && call.error.is_none(), "{call:?}");
        let count = |name: &str| call.details[name].as_u64().unwrap();
        tokens += count("prompt_tokens") + count("answer_tokens");
    }
    assert_eq!(latest_stage(&place.database(), "enrich")["tokens"], tokens);
    let stages: Vec<(&str, &str)> = of_type(&entries, "STAGE")
        .iter()
        .map(|entry| (text(&entry.details, "stage"), text(&entry.details, "event")))
        .collect();
    let expected = ["analyze", "build", "enrich", "persist"].map(|stage| [(stage, "began"), (stage, "ended")]);
    assert_eq!(stages, expected.concat());
}

#[test]
fn many_calls_have_many_entries() {
    let server = FakeOllama::start(Script::new().without_request_log());
    let place = Place::with_functions(1500);
    place.persist(&server.url(), &["--concurrency", "16"]).succeeded();
    let entries = counted(&place);
    assert_eq!((of_type(&entries, "LLM_CALL").len(), server.generate_count()), (1500, 1500));
    assert_eq!(latest(&place.database())["telemetry_dropped"], 0);
}

#[test]
fn retry_entry_has_a_reason() {
    let script = Script::new().rule(When::question().containing("def f2(").attempt(1), Reply::status(500, "boom"));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    place.persist(&server.url(), &[]).succeeded();
    let entries = counted(&place);
    assert_eq!((of_type(&entries, "LLM_CALL").len(), server.generate_count()), (4, 4));
    let retries = of_type(&entries, "RETRY");
    assert_eq!(retries.len(), 1, "{entries:#?}");
    let retry = retries[0];
    assert_eq!(retry.subject.as_deref(), Some("functions.py:3"));
    assert!(retry.details["delay_ms"].as_f64().is_some_and(|delay| delay > 0.0), "{retry:?}");
    assert!(text(retry.error.as_ref().unwrap(), "reason").contains("boom"), "{retry:?}");
    let failed: Vec<_> =
        of_type(&entries, "LLM_CALL").into_iter().filter(|entry| entry.details["status"] != "ok").collect();
    assert_eq!((failed.len(), &failed[0].error.as_ref().unwrap()["http_status"]), (1, &json!(500)), "{failed:?}");
}

#[test]
fn each_decision_records_its_condition() {
    let lines: Vec<String> = (0..2000).map(|number| format!("    call_number_{number}()\n")).collect();
    let long = format!("def long(argument):\n{}    return argument\n", lines.concat());
    let same = "def same():\n    return 1\n";
    let place = Place::with_files(&[("a.py", same), ("b.py", same), ("long.py", &long)]);
    let server = FakeOllama::start(Script::new());
    let more = ["--context-tokens", "1024"];
    place.persist(&server.url(), &more).succeeded();
    let entries = counted(&place);
    let found = decisions(&entries);
    assert!(found.is_superset(&BTreeSet::from(["shared", "cut", "skipped"])), "{found:?}");
    assert!(!found.contains("reused"));
    let shared = of_type(&entries, "DECISION").into_iter().find(|entry| entry.details["decision"] == "shared");
    assert_eq!(shared.unwrap().details["records"], 1);
    let cut = of_type(&entries, "DECISION").into_iter().find(|entry| entry.details["decision"] == "cut");
    assert_eq!(cut.unwrap().subject.as_deref(), Some("long.py:1"));
    let skipped: u64 = of_type(&entries, "DECISION")
        .iter()
        .filter(|entry| entry.details["decision"] == "skipped")
        .map(|entry| entry.details["records"].as_u64().unwrap())
        .sum();
    assert_eq!(skipped, 3, "the files are out of scope");

    place.persist(&server.url(), &more).succeeded();
    let entries = counted(&place);
    let reused = of_type(&entries, "DECISION").into_iter().find(|entry| entry.details["decision"] == "reused");
    let reused = &reused.unwrap().details;
    assert!(reused["questions"] == 2 && reused["records"].as_u64() >= Some(2), "{reused}");
    assert!(of_type(&entries, "LLM_CALL").is_empty());
    for entry in of_type(&entries, "DECISION") {
        assert!(entry.details["condition"].as_str().is_some_and(|text| !text.is_empty()), "{entry:?}");
    }
}

#[test]
fn provider_outage_is_recorded() {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(10), Reply::die()));
    let place = Place::with_functions(20);
    let url = server.url();
    let more = ["--concurrency", "1", "--provider-patience", "2m"];
    let mut running = Running::start(&mut place.command(&persist_arguments(&url, &more)));
    running.wait_for_line("provider does not respond");
    server.restart();
    running.wait().succeeded();
    let entries = counted(&place);
    let found = decisions(&entries);
    assert!(found.is_superset(&BTreeSet::from(["breaker_opened", "breaker_closed"])), "{found:?}");
    let calls = latest_stage(&place.database(), "enrich")["llm_calls"].clone();
    assert_eq!(json!(of_type(&entries, "LLM_CALL").len()), calls);
}

#[test]
fn errors_are_recorded_with_location() {
    let script = Script::new().rule(When::question().containing("def price("), Reply::status(400, "no such thing"));
    let server = FakeOllama::start(script);
    let place = Place::with_files(&[("a.py", "def price():\n    return 1\n"), ("broken.py", "x = 1\ndef broken(:\n")]);
    place.persist(&server.url(), &["--retries", "0"]).succeeded();
    let entries = counted(&place);
    let errors = of_type(&entries, "ERROR");
    let recorded: Vec<(&str, &Value)> =
        errors.iter().map(|entry| (entry.subject.as_deref().unwrap(), &entry.details["what"])).collect();
    assert_eq!(
        recorded,
        [("broken.py:2", &json!("analyzer_error")), ("a.py:1", &json!("intent_failed"))],
        "{errors:#?}"
    );
    assert!(text(errors[1].error.as_ref().unwrap(), "reason").contains("no such thing"), "{errors:?}");

    let reasons = place.ask_json(&["runs", "show", "latest"]);
    assert_eq!(reasons["run"]["intent_errors"][0]["count"], 1);
    assert_eq!(reasons["run"]["analyzer_errors"][0]["example"], "broken.py:2");
}

#[test]
fn unwritable_entries_count_as_lost() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(3);
    place.persist("builtin:", &[]).succeeded();
    let trigger = "CREATE TRIGGER planned BEFORE INSERT ON telemetry WHEN NEW.log_type = 'LLM_CALL'
                   BEGIN SELECT RAISE(ABORT, 'planned'); END";
    place.database().execute(trigger);
    let outcome = place.persist(&server.url(), &[]).succeeded().stderr_has(&["of the telemetry are lost", "planned"]);
    assert_eq!(outcome.lines_of("warning:").len(), 1, "{outcome:#?}");
    counted(&place);
    let row = latest(&place.database());
    assert!(row["telemetry_dropped"].as_u64() >= Some(3), "{row}");
    let shown = place.shown("latest");
    assert!(shown.contains(&format!("dropped {}", row["telemetry_dropped"])), "{shown}");
}

#[test]
fn commands_without_snapshot_record_telemetry() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(2);
    let url = server.url();
    place.cds(&["enrich-intent", "--path", TREE, "--provider-url", &url, "--db-path", "cds.sqlite"]).succeeded();
    assert_eq!(of_type(&counted(&place), "LLM_CALL").len(), 2);
    place.build(&[]).succeeded();
    let entries = counted(&place);
    assert_eq!((of_type(&entries, "STAGE").len(), entries.len()), (4, 4));
}
