//! No question is paid for twice, in one run or in the next.

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When};
use serde_json::json;

use crate::{
    PATIENCE,
    place::{DATABASE, LOCK, Place, TREE, functions, persist_arguments},
    running::Running,
};

const OTHER_DIGEST: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const JSON: &[&str] = &["--format", "json"];

/// A server, and a place with one kept run of 12 functions.
fn kept() -> (FakeOllama, Place) {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(12);
    let costs = place.persist(&server.url(), JSON).succeeded().costs();
    assert_eq!((costs, server.generate_count()), ([12, 12, 0, 0, 0, 12], 12));
    (server, place)
}

#[test]
fn unchanged_tree_makes_no_call() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    place.persist(&server.url(), &[]).succeeded();
    let (questions, posts) = (server.generate_count(), server.count("/api/chat"));
    assert_eq!((questions, posts), (42, 42));
    let outcome = place.persist(&server.url(), JSON).succeeded();
    assert_eq!(outcome.costs(), [42, 0, 42, 0, 0, 0]);
    assert_eq!(server.count("/api/chat"), posts, "not even a warm-up");
    let database = place.database();
    assert_eq!(database.records(1), database.records(2));
    assert_eq!(database.number("SELECT count(*) FROM records WHERE run_id = 2 AND intent_status = 'success'"), 46);
    let last = *outcome.lines_of("intent_enrichment_progress").last().unwrap();
    assert!(last.contains("completed=42 total=42 failed=0 ") && last.contains(" asked=0 reused=42 shared=0"), "{last}");
    let summary = outcome.lines_of("intent_enrichment_summary");
    assert!(
        summary.len() == 1 && summary[0].contains("selected=42 asked=0 reused=42 shared=0 failed=0"),
        "{summary:?}"
    );
}

#[test]
fn only_changed_code_is_asked() {
    let (server, place) = kept();
    let text = functions(12).replace("return 3\n", "return 33\n").replace("return 7\n", "return 77\n");
    // File names, positions, comments and layout are not part of a question.
    place.write("tree/moved/here.py", format!("# moved\n\n\n{text}def f13():\n    return 13  # new\n"));
    std::fs::remove_file(place.path("tree/functions.py")).unwrap();
    let outcome = place.persist(&server.url(), JSON).succeeded();
    assert_eq!(outcome.costs(), [13, 3, 10, 0, 0, 3]);
    assert_eq!(server.generate_count(), 15);
    let questions = server.questions();
    let mut asked: Vec<bool> = ["return 33", "return 77", "return 13"]
        .iter()
        .map(|code| questions[12..].iter().any(|question| question.body.contains(code)))
        .collect();
    asked.dedup();
    assert_eq!(asked, [true]);
    // Reverting a change costs nothing either.
    place.write("tree/moved/here.py", functions(12));
    assert_eq!(place.persist(&server.url(), JSON).succeeded().costs(), [12, 0, 12, 0, 0, 0]);
}

#[test]
fn refresh_asks_everything_again() {
    let script = Script::new().rule(When::question().attempt(2), Reply::answer("Says it in other words."));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(12);
    place.persist(&server.url(), &[]).succeeded();
    let outcome = place.persist(&server.url(), &["--format", "json", "--refresh-intents"]).succeeded();
    assert_eq!((outcome.costs(), server.generate_count()), ([12, 12, 0, 0, 0, 12], 24));
    let database = place.database();
    assert_eq!(database.kept_count(), 12, "the new answers take the place of the old ones");
    assert_eq!(database.texts("SELECT DISTINCT intent FROM intent_cache"), ["Says it in other words."]);
    let of_run = |run: u8| format!("SELECT count(*) FROM records WHERE run_id = {run} AND intent LIKE 'Says it%'");
    assert_eq!((database.number(&of_run(1)), database.number(&of_run(2))), (0, 12), "stored runs do not change");
}

#[test]
fn model_and_options_identify_question() {
    let (server, place) = kept();
    let other = FakeOllama::start(Script::new().model_with_digest("qwen3-coder:latest", OTHER_DIGEST).model("tiny:1b"));
    let costs = |url: &str, more: &[&str]| place.persist(url, &[JSON, more].concat()).succeeded().costs();
    let (asked, reused) = ([12, 12, 0, 0, 0, 12], [12, 0, 12, 0, 0, 0]);
    assert_eq!(costs(&other.url(), &[]), asked, "another digest under the same name");
    assert_eq!(costs(&other.url(), &["--model", "tiny:1b"]), asked, "another name");
    assert_eq!(costs(&server.url(), &["--context-tokens", "4096"]), asked, "another context");
    // Address, pace and patience do not affect an answer; all earlier answers are still there.
    assert_eq!(costs(&format!("{}/", server.url()), &["--concurrency", "1", "--retries", "0"]), reused);
    assert_eq!(costs(&server.url(), &["--context-tokens", "4096"]), reused);
    assert_eq!(costs(&other.url(), &[]), reused);
    assert_eq!((server.generate_count(), other.generate_count()), (24, 24));
    assert_eq!(place.database().kept_count(), 48);
}

#[test]
fn failed_question_is_asked_again() {
    let script = Script::new()
        .rule(When::question().containing("def f2(").attempt(1), Reply::refusal())
        .rule(When::question().containing("def f5(").attempt(1), Reply::status(400, "no"));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(6);
    assert_eq!(place.persist(&server.url(), JSON).succeeded().costs(), [6, 6, 0, 0, 2, 6]);
    assert_eq!(place.persist(&server.url(), JSON).succeeded().costs(), [6, 2, 4, 0, 0, 2]);
    assert_eq!(server.generate_count(), 8);
    let statuses = place.database().texts("SELECT status FROM runs ORDER BY id");
    assert_eq!(statuses, ["completed_with_errors", "completed"]);
}

#[test]
fn databases_share_nothing() {
    let (server, place) = kept();
    let url = server.url();
    let arguments =
        ["persist", "--path", TREE, "--db-path", "other.sqlite", "--provider-url", &url, "--format", "json"];
    assert_eq!(place.cds(&arguments).succeeded().costs(), [12, 12, 0, 0, 0, 12]);
    assert_eq!(server.generate_count(), 24);
    assert_eq!(place.names(), [DATABASE, LOCK, "other.sqlite", "other.sqlite.lock", TREE]);
}

#[test]
fn same_code_shares_one_answer() {
    let place = Place::with_files(&[
        ("a.py", "def same(x):\n    return x\n\ndef same(x):\n    # a comment\n    return x\n"),
        ("b.py", "class C:\n    def same(x):\n        return x\ndef same(x):\n    return x\n"),
    ]);
    let server = FakeOllama::start(Script::new());
    let outcome = place.persist(&server.url(), JSON).succeeded();
    // Three functions share one question; the method is asked as a method, and the class has another text.
    assert_eq!((outcome.costs(), server.generate_count()), ([5, 3, 0, 2, 0, 3], 3));
    let database = place.database();
    let intents = "SELECT kind, count(*) AS records, count(DISTINCT intent) AS intents,
                          count(DISTINCT question) AS questions
                   FROM records JOIN record_questions ON record_id = records.id GROUP BY kind ORDER BY kind";
    let row = |kind: &str, records: u8| json!({"kind": kind, "records": records, "intents": 1, "questions": 1});
    assert_eq!(database.rows(intents), [row("class", 1), row("function", 3), row("method", 1)]);

    let outcome = place.persist(&server.url(), JSON).succeeded();
    assert_eq!(outcome.costs(), [5, 0, 5, 0, 0, 0], "all of them are answered from what is kept");
}

#[test]
fn in_flight_question_is_not_repeated() {
    let gate = Gate::new();
    let script = Script::new().rule(When::question().containing("def copy("), Reply::usual().until(&gate));
    let server = FakeOllama::start(script);
    let copies = "def copy(x):\n    return x\n".repeat(30);
    let place = Place::with_files(&[("copies.py", &format!("{}{copies}{}", functions(2), functions(6)))]);
    let url = server.url();
    let more = ["--concurrency", "8", "--format", "json"];
    let running = Running::start(&mut place.command(&persist_arguments(&url, &more)));
    // All others are answered while the question about the copies is held.
    server.wait_until(PATIENCE, |counts| counts.questions == 7 && counts.answered == 6);
    gate.open();
    assert_eq!(running.wait().succeeded().costs(), [38, 7, 0, 31, 0, 7]);
    assert_eq!(server.generate_count(), 7);
}
