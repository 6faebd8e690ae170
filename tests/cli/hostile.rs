//! Names, code and answers that try to control a terminal.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

use crate::{
    fields::{field, fields_of},
    place::{DATABASE, Outcome, Place, TREE},
};

/// Characters that control a terminal or reorder the text beside them.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Asserts that the output has no dangerous character except line ends.
#[track_caller]
fn check_is_harmless(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        let found = text.chars().find(|&character| character != '\n' && is_dangerous(character));
        assert_eq!(found, None, "{text}");
    }
}

#[test]
fn control_characters_leave_answers() {
    let script = Script::new()
        .rule(When::question().containing("f1"), Reply::control_characters())
        .rule(When::question().containing("f2"), Reply::status(500, "worse\x1b[2J\r\n\x07\u{202e}than"))
        .rule(When::question().containing("f3"), Reply::error("bad\x1b]0;title\x07\nnews"));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    check_is_harmless(&place.persist(&server.url(), &["--retries", "0"]).succeeded());
    let arguments = ["enrich-intent", "--path", TREE, "--retries", "0", "--provider-url", &server.url()];
    check_is_harmless(&place.cds(&arguments).succeeded());
    let kept = place
        .database()
        .texts("SELECT coalesce(intent, intent_error) FROM records WHERE kind = 'function' ORDER BY id");
    assert_eq!(kept.len(), 3);
    for (text, expected) in kept.iter().zip(["returns", "worse", "bad"]) {
        assert!(text.contains(expected) && !text.contains(is_dangerous), "{text:?}");
    }
    assert_eq!(place.database().number("SELECT count(*) FROM records WHERE intent_status = 'success'"), 1);
}

#[test]
fn control_characters_in_code_are_kept() {
    let code = "def f(x=\"\x1b[2J\u{202e}\"):\n    return \"\x07\"\n";
    let place = Place::with_files(&[("code.py", code)]);
    for arguments in [
        &["model-build", "--path", TREE][..],
        &["enrich-intent", "--path", TREE, "--provider-url", "builtin:", "--scope", "all"],
        &["model-build", "--path", TREE, "--format", "json"],
    ] {
        let outcome = place.cds(arguments).succeeded();
        if !arguments.contains(&"json") {
            check_is_harmless(&outcome);
        }
        assert!(outcome.stdout.contains("def f("), "{outcome:?}");
    }
    check_is_harmless(&place.persist("builtin:", &["--scope", "all"]).succeeded());
    let database = place.database();
    assert_eq!(database.texts("SELECT raw_code FROM records WHERE kind = 'function' ORDER BY id"), [code.trim_end()]);
    for intent in database.texts("SELECT intent FROM records WHERE intent IS NOT NULL") {
        assert!(!intent.contains(is_dangerous), "{intent:?}");
    }
}

#[cfg(unix)]
#[test]
fn control_characters_in_names_are_escaped() {
    let name = "evil\x1b[31m\n\"quo ted\"\u{202e}=.py";
    let place = Place::with_files(&[(name, "def whole():\n    pass\ndef broken(:\n    pass\n")]);
    let outcome = place.persist("builtin:", &[]).succeeded();
    check_is_harmless(&outcome);
    let lines = outcome.lines_of("analyzer_error");
    assert_eq!(lines.len(), 1, "{outcome:?}");
    let fields = fields_of("analyzer_error", lines[0]);
    assert_eq!(field(&fields, "file"), name);
    assert_eq!(fields.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["file", "line", "reason"]);
    assert_eq!(place.database().texts("SELECT DISTINCT file_path FROM records"), [name]);

    place.write(&format!("{TREE}/{name}"), "def other():\n    pass\n");
    for format in ["table", "json"] {
        let drift = ["drift", "--path", TREE, "--db-path", DATABASE, "--fail-on-drift", "--format", format];
        check_is_harmless(&place.cds(&drift).exited_with(1));
        check_is_harmless(&place.cds(&["attest", "--run", "1", "--db-path", DATABASE, "--format", format]).succeeded());
    }
    check_is_harmless(
        &place.cds(&["drift", "--path", TREE, "--db-path", DATABASE, "--run", "1\x1b[31m"]).exited_with(1),
    );

    check_is_harmless(&place.cds(&["model-build", "--path", TREE]).succeeded());
    let path = format!("{TREE}/nothing\x1b[31m\nhere");
    check_is_harmless(&place.cds(&["model-build", "--path", &path]).exited_with(2));
    check_is_harmless(&place.cds(&["model-build", "--path", TREE, "--output", &path]).succeeded());
    let path = format!("{path}/x");
    check_is_harmless(&place.cds(&["model-build", "--path", TREE, "--output", &path]).exited_with(2));
    let arguments = ["persist", "--path", TREE, "--db-path", &path, "--provider-url", "builtin:"];
    check_is_harmless(&place.cds(&arguments).exited_with(2));
}

#[cfg(unix)]
#[test]
fn unreadable_files_are_reported() {
    use std::os::unix::{fs::symlink, net::UnixListener};

    let place = Place::with_functions(2);
    let _listener = UnixListener::bind(place.path("tree/socket.py")).unwrap();
    symlink("functions.py", place.path("tree/link.py")).unwrap();
    symlink("/", place.path("tree/everything")).unwrap();
    place.write("tree/binary.py", b"\x7fELF\x02\0\0");
    place.write("tree/large.py", "x = 1\n".repeat(100));
    let outcome = place.persist("builtin:", &["--max-file-size", "500"]).succeeded();
    let reported: Vec<String> = outcome
        .lines_of("analyzer_error")
        .into_iter()
        .map(|line| field(&fields_of("analyzer_error", line), "file"))
        .collect();
    assert_eq!(reported, ["binary.py", "large.py", "socket.py"]);
    assert!(outcome.stdout.contains(" record_count=3 "), "{outcome:?}");
    assert!(outcome.stdout.contains(" analyzer_error_count=3 status=completed_with_errors"), "{outcome:?}");
    assert_eq!(place.database().texts("SELECT DISTINCT file_path FROM records"), ["functions.py"]);
}
