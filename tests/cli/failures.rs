//! Questions without a usable answer: the record gets the reason, and the run continues.

use cds_fake_ollama::{Answer, FakeOllama, Reply, Script, SeenRequest, When, sentence_for};
use serde_json::{Value, json};

use crate::{place::Place, requests::code_in};

/// Each reply, a part of its reason, and the number of calls for one question without retries.
fn bad_replies() -> Vec<(Reply, &'static str, usize)> {
    vec![
        (Reply::blank(), "blank", 1),
        (Reply::answer(""), "blank", 1),
        (Reply::answer("..."), "blank", 1),
        (Reply::loaded(), "loaded", 1),
        (Reply::null(), "message.content", 1),
        (Reply::number(), "message.content", 1),
        (Reply::error("model runner has stopped"), "model runner has stopped", 1),
        (Reply::done_false(), "incomplete answer", 1),
        (Reply::thinking_unclosed(), "still thinking", 1),
        (Reply::refusal(), "refusal", 1),
        (Reply::echo(), "repeats the code", 1),
        (Reply::length(), "cut off", 1),
        (Reply::answer_with(Answer::new("Adds two and").done_reason("length")), "cut off", 1),
        (Reply::status(400, "prompt too long"), "400: prompt too long", 1),
        (Reply::status(500, "out of memory"), "500: out of memory", 1),
        (Reply::status(503, "server busy"), "503: server busy", 1),
        (Reply::status(429, "slow down"), "429: slow down", 1),
        (Reply::html(), "page", 1),
        (Reply::truncated_json(), "incomplete answer", 1),
        (Reply::promised_too_much(), "broke", 1),
        // A connection that breaks before an answer may have been stale, so it is retried once.
        (Reply::close(), "broke", 2),
        (Reply::reset(), "broke", 2),
        (Reply::raw("SSH-2.0-OpenSSH\r\n"), "broke", 1),
        (Reply::large(3 << 20), "larger", 1),
        (Reply::large(10 << 20), "larger", 1),
        (Reply::answer(format!("Adds {} numbers.", "\u{4}".repeat(2 << 20))), "larger", 1),
        (Reply::gzip(), "encod", 1),
    ]
}

#[test]
fn bad_answer_fails_its_record_alone() {
    let replies = bad_replies();
    let pairs: Vec<String> = (0..replies.len())
        .map(|number| format!("def bad_{number}_():\n    return 0\ndef good_{number}_():\n    return 1\n"))
        .collect();
    let place = Place::with_files(&[("functions.py", &pairs.concat())]);
    let script = replies.iter().enumerate().fold(Script::new(), |script, (number, (reply, ..))| {
        script.rule(When::question().containing(&format!("bad_{number}_")), reply.clone())
    });
    let server = FakeOllama::start(script);
    place.persist(&server.url(), &["--retries", "0", "--concurrency", "1"]).succeeded();
    let database = place.database();
    let records = database
        .rows("SELECT signature, intent, intent_status, intent_error FROM records WHERE kind = 'function' ORDER BY id");
    assert_eq!(records.len(), 2 * replies.len());
    let questions = server.questions();
    for (number, (pair, (reply, reason, call_count))) in records.chunks(2).zip(&replies).enumerate() {
        let error = pair[0]["intent_error"].as_str().unwrap_or_else(|| panic!("{reply:?}: {}", pair[0]));
        assert!(error.contains(reason) && !error.trim().is_empty(), "{reply:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert_eq!((&pair[0]["intent"], &pair[0]["intent_status"]), (&Value::Null, &json!("failed")), "{reply:?}");
        assert!(pair[1]["intent"].is_string() && pair[1]["intent_error"].is_null(), "{}", pair[1]);
        assert_eq!(pair[1]["intent_status"], "success");
        let is_about = |question: &&SeenRequest| question.body.contains(&format!("bad_{number}_"));
        assert_eq!(questions.iter().filter(is_about).count(), *call_count, "{reply:?}");
    }
    let run = database.rows("SELECT status, intent_failed_count FROM runs");
    assert_eq!(run, [json!({"status": "completed_with_errors", "intent_failed_count": replies.len()})]);
    assert_eq!(database.kept_count(), replies.len(), "only good answers are kept");
}

/// A failure that every other question would meet ends the run: two records, one question, one reason.
#[test]
fn general_failure_is_asked_once() {
    for (reply, reason) in [
        (Reply::model_not_found("qwen3-coder:latest"), "model 'qwen3-coder:latest' not found"),
        (Reply::not_found_text(), "404 page not found"),
        (Reply::unauthorized(), "401"),
        (Reply::body(403, "text/plain", ""), "403"),
        (Reply::status(405, "no"), "405"),
        (Reply::status(429, "You exceeded your current quota"), "quota"),
        (Reply::retry_after(429, "86400"), "429"),
        (Reply::redirect("http://elsewhere.example/login"), "http://elsewhere.example/login"),
    ] {
        let place = Place::with_functions(20);
        let server = FakeOllama::start(Script::new().rule(When::question(), reply.clone()));
        let outcome = place.persist(&server.url(), &[]).succeeded();
        assert!(outcome.stdout.contains(" record_count=21 intent_failed_count=20 "), "{outcome:?}");
        assert_eq!(server.generate_count(), 1, "{reply:?}");
        let reasons =
            place.database().texts("SELECT DISTINCT intent_error FROM records WHERE intent_status = 'failed'");
        assert!(reasons.len() == 1 && reasons[0].contains(reason), "{reply:?}: {reasons:?}");
        assert_eq!(outcome.stderr.matches("20 × ").count(), 1, "reasons are counted, not repeated: {outcome:?}");
    }
}

#[test]
fn successes_and_failures_coexist() {
    let is_broken = |code: &str| code.contains("price");
    let server = FakeOllama::start(Script::new().rule(When::question().containing("price"), Reply::status(400, "no")));
    let place = Place::with_shop();
    let outcome = place.persist(&server.url(), &[]).succeeded();
    let database = place.database();
    let mut failed_count = 0;
    let derived =
        database.texts("SELECT intent FROM records JOIN record_questions ON record_id = id AND question = 'derived'");
    for record in database.records(1) {
        let code = record["normalized_code"].as_str().unwrap();
        let state = (record["intent_status"].as_str().unwrap(), &record["intent"], &record["intent_error"]);
        match state {
            ("skipped", Value::Null, Value::Null) => assert_eq!(record["kind"], "file"),
            ("failed", Value::Null, Value::String(reason)) => {
                assert!(is_broken(code) && reason.contains("400"), "{record}");
                failed_count += 1;
            }
            ("success", Value::String(intent), Value::Null) if derived.contains(intent) => {}
            ("success", Value::String(intent), Value::Null) => {
                assert!(!is_broken(code), "{record}");
                let questions = server.questions();
                let prompts = questions.iter().filter_map(|question| question.prompt.as_deref());
                assert!(prompts.filter(|prompt| code_in(prompt) == code).any(|prompt| sentence_for(prompt) == *intent));
            }
            _ => panic!("no such state: {record}"),
        }
    }
    assert!(failed_count > 2);
    assert!(outcome.stdout.contains(&format!(" intent_failed_count={failed_count} ")), "{outcome:?}");
    assert_eq!(database.number("SELECT intent_failed_count FROM runs"), failed_count);
}

#[test]
fn snapshot_is_written_without_server() {
    let server = FakeOllama::start(Script::new());
    server.stop();
    let place = Place::with_shop();
    let outcome = place.persist(&server.url(), &[]).succeeded();
    assert!(outcome.stdout.contains(" record_count=59 intent_failed_count=42 "), "{outcome:?}");
    let database = place.database();
    let states = "SELECT intent_status, count(*) AS count FROM records GROUP BY 1";
    let of = |status: &str, count: u32| json!({"intent_status": status, "count": count});
    // Four definitions have no body and need no question.
    let expected = [of("failed", 42), of("skipped", 13), of("success", 4)];
    assert_eq!(database.rows(states), expected);
    for reason in database.texts("SELECT intent_error FROM records WHERE intent_status = 'failed'") {
        assert!(reason.contains(&server.url()) && reason.contains("refused"), "{reason}");
    }
}
