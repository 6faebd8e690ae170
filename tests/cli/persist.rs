//! A snapshot of the fixture, field by field.

use std::path::Path;

use cds_analyzer::{AnalysisOptions, NothingKnown, SourceTree, analyze};
use cds_fake_ollama::{FakeOllama, Script, sentence_for};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    fields::{field, fields_of},
    place::{DATABASE, LOCK, Place, TREE},
    requests::code_in,
};

/// The records that the analyzer and the builder make of the tree, without intents.
pub(crate) fn records_of_tree(path: &Path) -> Vec<Value> {
    let tree = SourceTree::open(path).expect("the tree is there");
    let records =
        cds_model_builder::build(analyze(&tree, &AnalysisOptions::default(), &NothingKnown, &|| false).files).records;
    let row = |record: &cds_model::Record| {
        json!({
            "kind": record.kind.as_str(),
            "file_path": *record.file_path,
            "signature": record.signature.as_deref(),
            "start_line": record.start_line,
            "end_line": record.end_line,
            "raw_code": *record.raw_code,
            "normalized_code": *record.normalized_code,
            "md5sum": record.md5sum.to_string(),
        })
    };
    records.iter().map(row).collect()
}

/// The record without its three intent columns.
pub(crate) fn without_intent(mut record: Value) -> Value {
    let fields = record.as_object_mut().expect("a record is an object");
    for column in ["intent", "intent_status", "intent_error"] {
        assert!(fields.remove(column).is_some(), "{column}");
    }
    record
}

fn take_time(run: &mut Value, column: &str) -> Timestamp {
    let text = run[column].take();
    let text = text.as_str().expect("a time is text");
    assert_eq!((text.len(), &text[10..11], &text[19..20], &text[23..]), (24, "T", ".", "Z"), "{text}");
    text.parse().expect("RFC 3339")
}

#[test]
fn run_has_every_field() {
    let server = FakeOllama::start(Script::new().model("tiny:1b"));
    let place = Place::with_shop();
    let before = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    let more = ["--model", "tiny:1b", "--scope", "method, class", "--progress-batch-size", "7"];
    place.persist(&format!("{}/", server.url()), &more).succeeded();
    let mut runs = place.database().rows("SELECT * FROM runs");
    assert_eq!(runs.len(), 1);
    let (started_at, finished_at) = (take_time(&mut runs[0], "started_at"), take_time(&mut runs[0], "finished_at"));
    assert!(before <= started_at && started_at <= finished_at && finished_at <= Timestamp::now());
    let expected = json!({
        "id": 1,
        "started_at": null,
        "finished_at": null,
        "root_path": place.path(TREE),
        "provider_url": server.url(),
        "model": "tiny:1b",
        "scope": "class,method",
        "progress_batch_size": 7,
        "status": "completed_with_errors",
        "analyzer_error_count": 3,
        "intent_failed_count": 0,
        "record_count": 59,
    });
    assert_eq!(runs[0], expected);
}

#[test]
fn records_have_every_field() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    place.persist(&server.url(), &[]).succeeded();
    let records = place.database().records(1);
    let bare: Vec<Value> = records.iter().cloned().map(without_intent).collect();
    assert_eq!(bare, records_of_tree(&place.path(TREE)));
    for record in &records {
        let code = record["normalized_code"].as_str().unwrap();
        assert_eq!(record["md5sum"], format!("{:x}", md5::compute(code)), "{record}");
    }

    let prompts: Vec<String> = server.questions().into_iter().filter_map(|question| question.prompt).collect();
    let label = "def label(self) -> str:\n    return f\"{self.name}: {self.price / 100:.2f}\"";
    let prompt = prompts.iter().find(|prompt| code_in(prompt) == label).unwrap();
    let expected = json!({
        "kind": "method",
        "file_path": "catalog.py",
        "signature": "def label(self) -> str:",
        "start_line": 20,
        "end_line": 22,
        "raw_code": "    def label(self) -> str:\n        \"\"\"What is printed on the shelf.\"\"\"\n        \
                     return f\"{self.name}: {self.price / 100:.2f}\"",
        "normalized_code": label,
        "md5sum": format!("{:x}", md5::compute(label)),
        "intent": sentence_for(prompt),
        "intent_status": "success",
        "intent_error": null,
    });
    assert!(records.contains(&expected), "{expected:#}");
}

#[test]
fn each_intent_answers_its_code() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    place.persist(&server.url(), &["--scope", "all", "--concurrency", "8"]).succeeded();
    let prompts: Vec<String> = server.questions().into_iter().filter_map(|question| question.prompt).collect();
    let database = place.database();
    let asked = "FROM records JOIN record_questions ON record_id = records.id
                 WHERE intent_status = 'success' AND question <> 'derived'";
    let records = database.rows(&format!("SELECT normalized_code, intent {asked}"));
    assert_eq!((records.len(), prompts.len()), (53, 53));
    let derived =
        database.texts("SELECT intent FROM records JOIN record_questions ON record_id = id AND question = 'derived'");
    assert!(derived.len() == 4 && derived.iter().all(|intent| intent.contains('`')), "{derived:?}");
    for record in &records {
        let about_it = prompts.iter().filter(|prompt| code_in(prompt) == record["normalized_code"].as_str().unwrap());
        assert!(about_it.map(|prompt| sentence_for(prompt)).any(|sentence| record["intent"] == sentence), "{record}");
    }
    let mut answers: Vec<String> = prompts.iter().map(|prompt| sentence_for(prompt)).collect();
    answers.sort();
    assert_eq!(database.texts(&format!("SELECT intent {asked} ORDER BY intent")), answers);
}

#[test]
fn analyzer_errors_are_reported_and_stored() {
    let place = Place::with_shop();
    let outcome = place.persist("builtin:", &[]).succeeded();
    let reported: Vec<Value> = outcome
        .lines_of("analyzer_error")
        .into_iter()
        .map(|line| {
            let fields = fields_of("analyzer_error", line);
            let line: i64 = field(&fields, "line").parse().unwrap();
            json!({"run_id": 1, "file_path": field(&fields, "file"), "line": line, "reason": field(&fields, "reason")})
        })
        .collect();
    let kept = place.database().rows("SELECT run_id, file_path, line, reason FROM analyzer_errors ORDER BY id");
    assert_eq!(reported, kept);
    let places: Vec<(&Value, &Value)> = kept.iter().map(|error| (&error["file_path"], &error["line"])).collect();
    let expected = [(json!("broken.py"), json!(9)), (json!("nul.py"), json!(2)), (json!("undeclared.py"), json!(2))];
    assert_eq!(places, expected.iter().map(|(path, line)| (path, line)).collect::<Vec<_>>());
}

#[test]
fn tree_omits_ignored_files() {
    let place = Place::with_shop();
    place.write("tree/.git/HEAD", "ref: refs/heads/main\n");
    place.write("tree/.gitignore", "generated_*.py\n");
    place.write("tree/generated_code.py", "x = 1\n");
    let usual = [
        "__init__.py",
        "broken.py",
        "catalog.py",
        "cr.py",
        "crlf.py",
        "empty.py",
        "form_feed.py",
        "koi8.py",
        "latin1.py",
        "orders/__init__.py",
        "orders/generic.py",
        "orders/nesting.py",
        "texts.py",
    ];
    let files = "SELECT file_path FROM records WHERE kind = 'file' AND run_id = (SELECT max(id) FROM runs) ORDER BY id";
    place.persist("builtin:", &[]).succeeded();
    assert_eq!(place.database().texts(files), usual);
    place.persist("builtin:", &["--no-ignore"]).succeeded();
    let mut everything = [&usual[..], &[".hidden.py", "generated_code.py", "vendored/copy.py"]].concat();
    everything.sort_unstable();
    assert_eq!(place.database().texts(files), everything);

    let place = Place::with_shop();
    let arguments = ["persist", "--path", "tree/crlf.py", "--db-path", DATABASE, "--provider-url", "builtin:"];
    place.cds(&arguments).succeeded();
    let database = place.database();
    assert_eq!(database.texts("SELECT root_path FROM runs"), [place.path("tree/crlf.py").to_str().unwrap()]);
    assert_eq!(
        database.texts("SELECT kind || ' ' || file_path FROM records ORDER BY id"),
        ["file crlf.py", "function crlf.py"]
    );
}

#[cfg(unix)]
#[test]
fn new_database_is_private_single_file() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::with_shop();
    for _ in 0..2 {
        place.persist("builtin:", &[]).succeeded();
        place.check_is_tidy();
        for name in [DATABASE, LOCK] {
            let mode = place.path(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
    let bytes = place.read(DATABASE);
    place.write("copy.sqlite", bytes);
    let copy = crate::database::Database::open(&place.path("copy.sqlite"));
    assert_eq!(copy.number("SELECT count(*) FROM runs"), 2);
}
