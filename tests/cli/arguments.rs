//! Wrong arguments: exit status 2, what was wrong, what is accepted, no question sent, and no file left.

use cds_fake_ollama::{FakeOllama, Script};

use crate::place::{DATABASE, Place, TREE};

/// Runs `arguments` in a fresh place; the output must name everything in `expected`.
#[track_caller]
fn check(arguments: &[&str], expected: &[&str]) {
    let place = Place::with_shop();
    let outcome = place.cds(arguments).exited_with(2).stderr_has(expected);
    assert_eq!(outcome.stdout, "", "{arguments:?}");
    assert!(outcome.stderr.starts_with("error: ") && !outcome.stderr.contains("panicked"), "{outcome:?}");
    assert_eq!(place.names(), [TREE], "{arguments:?}");
    assert_eq!(place.database_count_below_tree(), 0, "{arguments:?}");
}

/// The same for `persist` with a server, which must receive no question.
#[track_caller]
fn check_persist(more: &[&str], expected: &[&str]) {
    let server = FakeOllama::start(Script::new());
    let url = server.url();
    let mut arguments = vec!["persist"];
    let usual = [("--path", TREE), ("--db-path", DATABASE), ("--provider-url", url.as_str())];
    for (name, value) in usual.into_iter().filter(|(name, _)| !more.contains(name)) {
        arguments.extend([name, value]);
    }
    arguments.extend(more);
    check(&arguments, expected);
    assert!(server.requests().is_empty(), "{more:?}");
}

impl Place {
    fn database_count_below_tree(&self) -> usize {
        let entries = std::fs::read_dir(self.path(TREE)).expect("the tree is there");
        entries
            .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.path().extension() == Some("sqlite".as_ref())))
            .count()
    }
}

#[test]
fn tree_and_database_folder_must_exist() {
    check_persist(&["--path", "no/such"], &["--path", "\"no/such\"", "an existing folder"]);
    check_persist(&["--path", "tree/notes.txt"], &["--path", "notes.txt", "a language that cds reads"]);
    check(&["persist", "--db-path", DATABASE], &["--path"]);
    check(&["model-build", "--path", "no/such"], &["--path", "no/such"]);
    check(&["enrich-intent", "--path", "no/such", "--provider-url", "builtin:"], &["--path", "no/such"]);

    check(&["persist", "--path", TREE], &["--db-path"]);
    check_persist(&["--db-path", "no/x.sqlite"], &["\"no/x.sqlite\"", "\"no\"", "does not exist", "create the folder"]);
    check_persist(&["--db-path", "tree/notes.txt/x.sqlite"], &["tree/notes.txt", "does not exist"]);
    check_persist(&["--db-path", TREE], &["\"tree\"", "directory", "name a file"]);
    check_persist(&["--db-path", "tree/"], &["tree/", "directory"]);
    check_persist(&["--db-path", ""], &["--db-path"]);
    check_persist(&["--db-path", ":memory:"], &[":memory:", "name a file"]);
    check_persist(&["--db-path", "file:x.sqlite?mode=memory"], &["address"]);
}

#[test]
fn numbers_must_be_in_range() {
    for wrong in ["0", "-1", "x", "1.5", "", "4294967296"] {
        check_persist(&[&format!("--progress-batch-size={wrong}")], &["--progress-batch-size"]);
    }
    for wrong in ["0", "-1", "x"] {
        let expected = ["--progress-batch-size", wrong, "whole number from 1"];
        check_persist(&[&format!("--progress-batch-size={wrong}")], &expected);
        check_persist(&["--progress-batch-size", wrong], &expected);
    }
    for wrong in ["0", "65", "-1", "x"] {
        check_persist(&[&format!("--concurrency={wrong}")], &["--concurrency", wrong]);
    }
    check_persist(&["--concurrency", "0"], &["--concurrency", "1", "64"]);
    check_persist(&["--threads", "x"], &["--threads", "'x'"]);
    check_persist(&["--max-file-size", "0"], &["--max-file-size", "'0'", "1GiB"]);
    check_persist(&["--max-file-size", "5XB"], &["--max-file-size", "'5XB'", "MB"]);
    check_persist(&["--busy-timeout", "soon"], &["--busy-timeout", "'soon'", "500ms"]);
    check_persist(&["--busy-timeout=-1s"], &["--busy-timeout", "'-1s'", "accepted are seconds"]);
}

#[test]
fn provider_must_be_url_or_builtin() {
    for (wrong, expected) in [
        ("ftp://h", "\"ftp\""),
        ("localhost:11434", "http://localhost:11434"),
        ("", "http://"),
        ("http://", "host"),
        ("http://h:99999", "port"),
        ("http://h:1/api/generate", "/api/generate"),
        ("builtin", "builtin:"),
        ("builtin:gpt", "builtin:"),
        ("not a url", "scheme"),
        ("http://h/#x", "#"),
    ] {
        check_persist(&["--provider-url", wrong], &["--provider-url", expected]);
    }
    check_persist(&["--model", " "], &["--model", "empty"]);
}

#[test]
fn unknown_values_are_refused() {
    check_persist(&["--format", "xml"], &["--format", "'xml'", "table", "json"]);
    check(&["model-build", "--path", TREE, "--format", "xml"], &["--format", "'xml'", "table", "json"]);
    check(&["model-build", "--path", TREE, "--output", "no/x.json"], &["--output", "no/x.json", "existing folder"]);
    check(&["model-build", "--path", TREE, "--output", TREE], &["--output", "directory"]);
    check(&["snapshot"], &["'snapshot'"]);
    check_persist(&["--db"], &["'--db'"]);
    let server = FakeOllama::start(Script::new());
    let url = server.url();
    for output in ["no/x.json", TREE, "tree/notes.txt/x.json"] {
        check(&["enrich-intent", "--path", TREE, "--provider-url", &url, "--output", output], &["--output", output]);
    }
    assert!(server.requests().is_empty());

    let outcome = Place::empty().cds(&[]).exited_with(2);
    assert_eq!(outcome.stdout, "");
    let help = Place::empty().cds(&["--help"]).succeeded();
    for command in ["persist", "enrich-intent", "model-build"] {
        assert!(help.stdout.contains(command) && outcome.stderr.contains(command), "{command}");
    }
    assert_eq!(help.stderr, "");
}
