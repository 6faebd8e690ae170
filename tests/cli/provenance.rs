//! Where a run came from: commit, project, notes, trace and id, and what must stay unknown.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::{Value, json};

use crate::{
    ledger::{invocations, latest, latest_stage, latest_stages, ledger_id, text},
    place::{DATABASE, Outcome, Place, TREE},
};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the ledger and the stages record about the commit after a build with these variables and arguments.
#[track_caller]
fn code_ref(place: &Place, variables: &[(&str, &str)], more: &[&str]) -> (Value, String) {
    let mut command = place.command(&["model-build", "--path", TREE, "--db-path", DATABASE]);
    Outcome::of(command.args(more).envs(variables.iter().copied())).succeeded();
    let database = place.database();
    let row = latest(&database);
    for stage in latest_stages(&database) {
        assert_eq!((&stage["code_ref"], &stage["code_ref_note"]), (&row["code_ref"], &row["code_ref_note"]));
    }
    (row["code_ref"].clone(), text(&row, "code_ref_note").to_owned())
}

#[test]
fn first_source_provides_commit() {
    let place = Place::with_functions(1);
    let unknown = code_ref(&place, &[], &[]);
    assert_eq!(unknown, (Value::Null, "the tree lies in no git repository".to_owned()));
    assert!(place.shown("latest").contains("commit unknown: the tree lies in no git repository"));

    let (commit, note) = code_ref(&place, &[("GITHUB_SHA", SHA)], &[]);
    assert!(commit == SHA && note.contains("GITHUB_SHA"), "{commit} {note}");
    let (commit, note) = code_ref(&place, &[("GITHUB_SHA", SHA)], &["--code-ref", "release-7"]);
    assert!(commit == "release-7" && note.contains("--code-ref"), "{commit} {note}");
    let (commit, _) = code_ref(&place, &[("GITHUB_SHA", SHA), ("CDS_CODE_REF", "release-8")], &[]);
    assert_eq!(commit, "release-8");

    let head = place.commit_tree();
    assert_eq!(code_ref(&place, &[], &[]), (json!(head), "read from the repository".to_owned()));
    let (commit, note) = code_ref(&place, &[("GITHUB_SHA", SHA)], &[]);
    assert_eq!(
        (commit, note),
        (json!(head), format!("read from the repository; GITHUB_SHA names {SHA}, which is not used"))
    );
    let own = [("GITHUB_SHA", &*head), ("GIT_COMMIT", &head[..9])];
    assert_eq!(code_ref(&place, &own, &[]).1, "read from the repository", "they name the same");
    let clean = latest_stage(&place.database(), "analyze")["input_fingerprint"].clone();

    place.write("tree/functions.py", "def f1():\n    return 2\n");
    let (commit, note) = code_ref(&place, &[], &[]);
    assert!(commit == format!("{head}-dirty") && note.contains("functions.py is changed"), "{commit} {note}");
    assert_ne!(latest_stage(&place.database(), "analyze")["input_fingerprint"], clean);
    assert!(place.shown("latest").contains(&format!("commit {head}-dirty")));
    place.git(&["checkout", "--quiet", "--", "functions.py"]);
    place.write("tree/new.py", "x = 1\n");
    let (commit, note) = code_ref(&place, &[], &[]);
    assert!(commit == format!("{head}-dirty") && note.contains("new.py is not tracked"), "{commit} {note}");
    place.git(&["add", "new.py"]);
    assert_eq!(code_ref(&place, &[], &[]).0, format!("{head}-dirty"));
    place.git(&["commit", "--quiet", "--message", "more"]);
    assert_eq!(code_ref(&place, &[], &[]).0, place.git(&["rev-parse", "HEAD"]));
}

#[test]
fn repository_overrides_image_variables() {
    let place = Place::with_functions(1);
    let warned = |place: &Place, more: &[&str]| {
        let mut command = place.command(&["persist", "--path", TREE, "--db-path", DATABASE]);
        command.args(["--provider-url", "builtin:"]).args(more);
        let outcome = Outcome::of(command.env("GIT_COMMIT", SHA)).succeeded();
        outcome.stderr.lines().filter(|line| line.contains("GIT_COMMIT")).count()
    };
    assert_eq!(warned(&place, &[]), 0, "nothing else names a commit");
    assert_eq!(latest(&place.database())["code_ref"], SHA);
    let first = place.commit_tree();
    place.write("tree/functions.py", "def f1():\n    return 2\n");
    place.git(&["commit", "--quiet", "--all", "--message", "two", "--author", "Ada <ada@example.org>"]);
    let second = place.git(&["rev-parse", "HEAD"]);
    // One job reads old commits: each change gets its own commit and author.
    for (commit, author) in [(&first, "Test <test@example.org>"), (&second, "Ada <ada@example.org>")] {
        place.git(&["checkout", "--quiet", commit]);
        place.write("cds.sqlite", "");
        std::fs::remove_file(place.path(DATABASE)).unwrap();
        assert_eq!(warned(&place, &[]), 1);
        let database = place.database();
        assert_eq!(latest(&database)["code_ref"], **commit);
        let actors = database.number(&format!("SELECT count(*) FROM unit_history WHERE actor = '{author}'"));
        assert_eq!(actors, database.number("SELECT count(*) FROM unit_history"));
        assert!(place.shown("latest").contains(&format!("GIT_COMMIT names {SHA}, which is not used")));
    }
    assert_eq!(warned(&place, &["--code-ref", "release-7"]), 0, "that was asked for");
    assert_eq!(latest(&place.database())["code_ref"], "release-7");
}

#[test]
fn variable_never_replaces_unreadable_commit() {
    let place = Place::with_functions(1);
    place.git(&["init", "--quiet"]);
    let (commit, note) = code_ref(&place, &[("CI_COMMIT_SHA", SHA)], &[]);
    assert!(commit.is_null() && note.ends_with(&format!("; CI_COMMIT_SHA names {SHA}, which is not used")), "{note}");
    place.commit_tree();
    place.write("tree/.git/HEAD", "nonsense");
    assert!(code_ref(&place, &[("CI_COMMIT_SHA", SHA)], &[]).0.is_null());
}

#[test]
fn nothing_in_repository_is_executed() {
    let place = Place::with_functions(1);
    place.commit_tree();
    let mark = place.path("executed");
    let script = format!("#!/bin/sh\ntouch '{}'\n", mark.display());
    place.write("tree/run.sh", &script);
    for name in ["core.fsmonitor", "core.sshCommand", "diff.external", "filter.x.clean", "filter.x.process"] {
        place.git(&["config", name, &place.path("tree/run.sh").to_string_lossy()]);
    }
    place.write("tree/.gitattributes", "*.py filter=x\n");
    for hook in ["post-index-change", "pre-commit", "post-checkout"] {
        place.write(&format!("{TREE}/.git/hooks/{hook}"), &script);
    }
    #[cfg(unix)]
    {
        use std::{fs, os::unix::fs::PermissionsExt as _};
        for name in ["tree/run.sh", "tree/.git/hooks/post-index-change"] {
            fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    place.write("tree/functions.py", "def f1():\n    return 2\n");
    place.persist("builtin:", &[]).succeeded();
    assert!(!mark.exists());
}

#[test]
fn unreadable_repository_is_no_error() {
    let place = Place::with_functions(1);
    place.commit_tree();
    place.write("tree/.git/HEAD", "nonsense");
    let (commit, note) = code_ref(&place, &[], &[]);
    assert!(commit.is_null() && !note.is_empty(), "{commit} {note}");
    assert!(place.shown("latest").contains(&format!("commit unknown: {note}")));
}

#[test]
fn project_defaults_to_repository_or_folder() {
    let place = Place::with_functions(1);
    let project = |place: &Place, variables: &[(&str, &str)], more: &[&str]| {
        code_ref(place, variables, more);
        text(&latest(&place.database()), "subject").to_owned()
    };
    assert_eq!(project(&place, &[], &[]), "tree");
    assert_eq!(project(&place, &[("CDS_PROJECT", "from-env")], &[]), "from-env");
    assert_eq!(project(&place, &[("CDS_PROJECT", "from-env")], &["--project", "from-flag"]), "from-flag");
    place.commit_tree();
    place.git(&["remote", "add", "origin", "https://user:s3ntinel@example.org/group/the-shop.git"]);
    assert_eq!(project(&place, &[], &[]), "the-shop");
    assert!(!String::from_utf8_lossy(&place.read(DATABASE)).contains("s3ntinel"));
    assert_eq!(project(&place, &[("CDS_PROJECT", "")], &[]), "the-shop", "a CI sets variables that say nothing");
    for wrong in [" ", "a\nb", "a\u{1b}[31m"] {
        place.build(&["--project", wrong]).exited_with(2).stderr_has(&["--project"]);
    }
}

#[test]
fn only_valid_trace_is_continued() {
    let place = Place::with_functions(1);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let header = format!("00-{trace}-00f067aa0ba902b7-01");
    let mut seen = Vec::new();
    for (given, is_continued) in [(header.as_str(), true), ("00-zz-00f067aa0ba902b7-01", false), ("", false)] {
        code_ref(&place, &[("TRACEPARENT", given)], &[]);
        let row = latest(&place.database());
        let found = text(&row, "trace_id").to_owned();
        assert!(found.len() == 32 && found.bytes().all(|byte| byte.is_ascii_hexdigit()), "{found}");
        assert_eq!(found == trace, is_continued, "{given}");
        assert!(!seen.contains(&found), "a new one each time");
        seen.push(found);
    }
}

#[test]
fn notes_survive_the_run() {
    let place = Place::with_functions(1);
    place.persist("builtin:", &["--notes", "before the release"]).succeeded();
    assert_eq!(latest(&place.database())["notes"], "before the release");
    place.build(&["--notes", "two\nlines"]).succeeded();
    assert!(text(&latest(&place.database()), "notes").contains("lines"));
    place.persist("builtin:", &[]).succeeded();
    let notes = &latest(&place.database())["notes"];
    assert!(notes.is_null() || notes == "", "{notes}");
}

#[test]
fn each_run_needs_new_id() {
    let place = Place::with_functions(1);
    let id = ledger_id(1);
    place.persist("builtin:", &["--ledger-id", &id, "--project", "shop", "--notes", "first"]).succeeded();
    let database = place.database();
    assert_eq!((&latest(&database)["run_id"], &latest(&database)["snapshot_id"]), (&json!(id), &json!(1)));
    let before = database.dump();
    drop(database);

    let refused = |more: &[&str], expected: &[&str]| {
        let arguments = [&["--ledger-id", &id], more].concat();
        let outcome = place.persist("builtin:", &arguments).exited_with(2).stderr_has(expected);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.lines().count()), ("", 2), "{outcome:#?}");
    };
    refused(&["--project", "shop"], &[&id, "of project shop (completed)", "hint: "]);
    refused(&["--project", "other"], &[&id, "of project shop (completed)", "hint: "]);
    assert_eq!(place.database().dump(), before, "nothing was done");

    place.persist("builtin:", &["--ledger-id", "not-a-uuid"]).exited_with(2).stderr_has(&["--ledger-id", "UUID"]);

    // The same holds if the first run's fate is unknown.
    place.database().execute("UPDATE runs_ledger SET status = 'running', finished_at = NULL, snapshot_id = NULL");
    refused(&["--project", "shop"], &["of project shop (running)"]);
    assert_eq!(invocations(&place.database()).len(), 1, "no second row");
}

#[test]
fn closed_stdout_fails_no_run() {
    let place = Place::with_functions(3000);
    let mut command = place.command(&["model-build", "--path", TREE, "--db-path", DATABASE]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    let row = latest(&place.database());
    assert_eq!((&row["status"], &row["error"]), (&json!("completed"), &serde_json::Value::Null));
}

#[test]
fn wrong_id_is_usage_error() {
    let place = Place::with_functions(1);
    let id = ledger_id(1);
    place.build(&["--ledger-id", &id]).succeeded();
    for more in [&["--ledger-id", &id][..], &["--ledger-id", &id, "--project", "other"]] {
        let outcome = place.build(more).exited_with(2).stderr_has(&[&id, "hint: "]);
        assert_eq!(outcome.stdout, "");
    }
    assert_eq!(invocations(&place.database()).len(), 1);
}

/// Asserts that neither storage nor output contains the sentinel.
#[track_caller]
fn check_is_silent(place: &Place, outcome: &Outcome, hidden: &[&str]) {
    let mut texts = vec![outcome.stdout.clone(), outcome.stderr.clone()];
    let views: [&[&str]; 3] = [&["runs", "list"], &["runs", "show", "latest"], &["lock", "status"]];
    for view in views {
        let shown = place.ask(view).succeeded();
        texts.extend([shown.stdout, shown.stderr]);
    }
    for name in place.names().iter().filter(|name| place.path(name).is_file()) {
        texts.push(String::from_utf8_lossy(&place.read(name)).into_owned());
    }
    for word in hidden {
        let found = texts.iter().find(|text| text.contains(word));
        let start = found.map(|text| text.chars().take(2000).collect::<String>());
        assert!(found.is_none(), "{word} is in {start:?}");
    }
}

#[test]
fn ledger_has_no_credentials() {
    for reply in [
        Reply::usual(),
        Reply::status(500, "the token was s3ntinel"),
        Reply::redirect("http://user:s3ntinel@elsewhere.example/?token=s3ntinel"),
    ] {
        let server = FakeOllama::start(Script::new().rule(When::question(), reply));
        let variables = [("CDS_PROVIDER_URL", server.url()), ("CDS_PROVIDER_TOKEN", "s3ntinel".to_owned())];
        check_credentials_are_hidden(&variables, &["s3ntinel"]);
    }
    // `user:s3ntinel`
    let encoded = "dXNlcjpzM250aW5lbA";
    for reply in [Reply::usual(), Reply::error(&format!("the header was {encoded}==")), Reply::error("not s3ntinel")] {
        let server = FakeOllama::start(Script::new().rule(When::question(), reply));
        let url = format!("http://user:s3ntinel@127.0.0.1:{}", server.port());
        check_credentials_are_hidden(&[("CDS_PROVIDER_URL", url)], &["s3ntinel", encoded]);
    }
}

/// Runs with these variables; no secret may appear.
#[track_caller]
fn check_credentials_are_hidden(variables: &[(&str, String)], hidden: &[&str]) {
    let place = Place::with_functions(2);
    let patience = ["--retries", "1", "--provider-patience", "100ms"];
    let mut command = place.command(&["persist", "--path", TREE, "--db-path", DATABASE]);
    let outcome = Outcome::of(command.args(patience).envs(variables.iter().cloned())).succeeded();
    check_is_silent(&place, &outcome, hidden);
    let mut doctor = place.command(&["doctor", "--db-path", DATABASE]);
    let doctor = Outcome::of(doctor.envs(variables.iter().cloned()));
    check_is_silent(&place, &doctor, hidden);
}

#[test]
fn tracked_database_is_warned_about() {
    let place = Place::with_functions(2);
    let arguments = ["persist", "--path", TREE, "--db-path", "tree/cds.sqlite", "--provider-url", "builtin:"];
    let warning = "warning: git tracks the database";
    let persist = || place.cds(&arguments).succeeded().stderr.contains(warning);
    assert!(!persist(), "the tree is in no repository");
    place.git(&["init", "-q"]);
    assert!(!persist(), "nothing shares it yet");
    place.git(&["add", "-f", "cds.sqlite"]);
    assert!(persist());
    place.git(&["rm", "-qf", "--cached", "cds.sqlite"]);
    assert!(!persist());
}
