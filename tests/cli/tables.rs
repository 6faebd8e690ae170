//! The tables that only `cds` writes, as `docs/schema.md` describes them.

use std::collections::BTreeSet;

use cds_fake_ollama::{DEFAULT_DIGEST, FakeOllama, Reply, Script, When};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::place::Place;

#[test]
fn tables_have_answers_and_questions() {
    let script = Script::new().rule(When::question().containing("def f2("), Reply::refusal());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(4);
    place.write("tree/copy.py", "def f1():\n    return 1\n");
    place.persist(&server.url(), &["--retries", "0"]).succeeded();
    let database = place.database();

    let answers = database.rows("SELECT * FROM intent_cache");
    assert_eq!(answers.len(), 3, "a failure is no answer");
    for answer in &answers {
        let question = answer["question"].as_str().unwrap();
        assert!(question.len() == 64 && question.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        assert_eq!((&answer["model"], &answer["model_digest"]), (&json!("qwen3-coder:latest"), &json!(DEFAULT_DIGEST)));
        assert_eq!(answer["prompt_version"], json!(2));
        assert!(answer["prompt_tokens"].as_u64() > Some(0) && answer["answer_tokens"].as_u64() > Some(0), "{answer}");
        let created_at = answer["created_at"].as_str().unwrap();
        assert!(created_at.len() == 24 && created_at.ends_with('Z'), "{created_at}");
        assert!(created_at.parse::<Timestamp>().unwrap() <= Timestamp::now());
    }

    let asked = "SELECT file_path, signature, question, is_cut, records.intent AS intent, intent_cache.intent AS kept
                 FROM record_questions
                 JOIN records ON records.id = record_id
                 LEFT JOIN intent_cache USING (question)
                 ORDER BY records.id";
    let asked = database.rows(asked);
    assert_eq!(asked.len(), 5, "one row for each record that was asked about, and none for files");
    for row in &asked {
        assert_eq!((&row["intent"], &row["is_cut"]), (&row["kept"], &json!(0)), "{row}");
        assert_eq!(row["intent"].is_null(), row["signature"] == "def f2():", "{row}");
    }
    assert_eq!((&asked[0]["file_path"], &asked[0]["question"]), (&json!("copy.py"), &asked[1]["question"]));
    assert_eq!(asked.iter().map(|row| row["question"].as_str()).collect::<BTreeSet<_>>().len(), 4);

    let account = &database.rows("SELECT * FROM enrichments")[0];
    let counts = ["run_id", "selected_count", "asked_count", "reused_count", "shared_count", "failed_count"]
        .map(|name| account[name].as_u64().unwrap());
    assert_eq!(counts, [1, 5, 4, 0, 1, 1]);
    let counts = ["retried_count", "call_count", "cut_count"].map(|name| account[name].as_u64().unwrap());
    assert_eq!(counts, [0, 4, 0]);
    let sum = |column: &str| database.number(&format!("SELECT sum({column}) FROM intent_cache"));
    assert_eq!(account["prompt_tokens"].as_i64(), Some(sum("prompt_tokens")), "those of the answers that are believed");
    assert_eq!(account["answer_tokens"].as_i64(), Some(sum("answer_tokens")));
    let seconds =
        ["elapsed_seconds", "mean_latency_seconds", "p95_latency_seconds"].map(|name| account[name].as_f64().unwrap());
    assert!(seconds.iter().all(|seconds| *seconds > 0.0) && seconds[1] <= seconds[2], "{account}");
}

#[test]
fn builtin_provider_leaves_no_rows() {
    let place = Place::with_shop();
    place.persist("builtin:", &[]).succeeded();
    let database = place.database();
    for table in ["intent_cache", "record_questions", "enrichments"] {
        assert_eq!(database.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

#[test]
fn truncated_code_is_marked() {
    let lines: Vec<String> = (0..2000).map(|number| format!("    call_number_{number}()\n")).collect();
    let lines = lines.concat();
    let long = format!("def long(argument):\n{lines}    return argument\n");
    let place = Place::with_files(&[("long.py", &long), ("short.py", "def short():\n    return 1\n")]);
    let server = FakeOllama::start(Script::new());
    let outcome = place.persist(&server.url(), &["--context-tokens", "1024", "--format", "json"]).succeeded();
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((&summary["intents"]["cut"], &summary["intents"]["failed"]), (&json!(1), &json!(0)));
    let prompts: Vec<String> = server.questions().into_iter().filter_map(|question| question.prompt).collect();
    let (cut, whole): (Vec<_>, Vec<_>) = prompts.iter().partition(|prompt| prompt.contains("lines left out here"));
    assert_eq!((cut.len(), whole.len()), (1, 1));
    for part in ["def long(argument):\n", "call_number_0()", "call_number_1999()\n    return argument\n"] {
        assert!(cut[0].contains(part), "{part:?} is in {}", cut[0]);
    }
    assert!(!cut[0].contains("call_number_1000()") && cut[0].len() < 3 * 1024, "{} bytes", cut[0].len());
    assert!(server.questions().iter().all(|question| question.json().unwrap()["options"]["num_ctx"] == 1024));
    let database = place.database();
    let rows =
        "SELECT signature, is_cut FROM record_questions JOIN records ON records.id = record_id ORDER BY records.id";
    let row = |signature: &str, is_cut: u8| json!({"signature": signature, "is_cut": is_cut});
    assert_eq!(database.rows(rows), [row("def long(argument):", 1), row("def short():", 0)]);
    assert_eq!(database.number("SELECT cut_count FROM enrichments"), 1);
    assert_eq!(database.number("SELECT count(*) FROM records WHERE raw_code LIKE '%call_number_1000()%'"), 2);

    // The larger context fits the code, so only the first run has a cut question.
    place.persist(&server.url(), &["--context-tokens", "65536"]).succeeded();
    assert_eq!(database.texts("SELECT sum(is_cut) || '' FROM record_questions"), ["1"], "it fits a larger context");
}
