//! Which records are asked about.

use cds_fake_ollama::{FakeOllama, Script};
use serde_json::json;

use crate::place::{Place, TREE};

/// The kinds that are asked about with these arguments, and the stored scope.
#[track_caller]
fn check(arguments: &[&str], kinds: &[&str], stored: &str) {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    place.persist(&server.url(), arguments).succeeded();
    let database = place.database();
    assert_eq!(database.texts("SELECT scope FROM runs"), [stored], "{arguments:?}");
    let mut asked_count = 0;
    for record in database.records(1) {
        let is_asked = kinds.iter().any(|kind| record["kind"] == *kind) && record["normalized_code"] != "";
        let expected = if is_asked { "success" } else { "skipped" };
        assert_eq!(record["intent_status"], expected, "{arguments:?}: {record}");
        assert_eq!(record["intent"].is_string(), is_asked, "{record}");
        assert!(record["intent_error"].is_null(), "{record}");
        asked_count += usize::from(is_asked);
    }
    let derived = "SELECT count(*) FROM record_questions WHERE question = 'derived'";
    let derived_count = usize::try_from(place.database().number(derived)).expect("a count");
    assert_eq!(server.generate_count(), asked_count - derived_count, "{arguments:?}");
    assert!(asked_count > 0, "{arguments:?}");
}

#[test]
fn only_kinds_in_scope_are_asked() {
    let default = ["class", "function", "method"];
    check(&[], &default, "class,function,method");
    check(&["--scope", ""], &default, "class,function,method");
    check(&["--scope="], &default, "class,function,method");
    check(&["--scope", " method , function,class,class"], &default, "class,function,method");

    check(&["--scope", "class"], &["class"], "class");
    check(&["--scope", "function"], &["function"], "function");
    check(&["--scope", "method"], &["method"], "method");
    check(&["--scope", "method,class"], &["method", "class"], "class,method");

    let everything = ["file", "class", "function", "method"];
    check(&["--scope", "all"], &everything, "all");
    check(&["--scope", "method,all"], &everything, "all");
    check(&["--scope", "all,class"], &everything, "all");
}

#[test]
fn only_blank_code_is_skipped() {
    let server = FakeOllama::start(Script::new());
    let place =
        Place::with_files(&[("empty.py", ""), ("words.py", "# only\n\"\"\"words\"\"\"\n"), ("code.py", "x = 1\n")]);
    place.persist(&server.url(), &["--scope", "all"]).succeeded();
    let rows = place.database().rows("SELECT file_path, intent_status FROM records ORDER BY id");
    let expected = [("code.py", "success"), ("empty.py", "skipped"), ("words.py", "skipped")]
        .map(|(path, status)| json!({"file_path": path, "intent_status": status}));
    assert_eq!(rows, expected);
    assert_eq!(server.generate_count(), 1);
}

#[test]
fn wrong_kind_is_named() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_shop();
    for (list, token) in [
        ("klass", "\"klass\""),
        ("class,klass,method", "\"klass\""),
        ("all,functions", "\"functions\""),
        ("Class", "\"Class\""),
        ("file", "\"file\""),
        ("class,", "\"\""),
    ] {
        let outcome = place.persist(&server.url(), &["--scope", list]).exited_with(2);
        let outcome = outcome.stderr_has(&["--scope", token, "class, function, method", "all"]);
        assert_eq!(outcome.stdout, "");
        assert_eq!(place.names(), [TREE]);
    }
    assert!(server.requests().is_empty());
}
