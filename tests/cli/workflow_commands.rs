//! Text that a CI runner would execute: names, code, answers and arguments stay plain text in its log.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::Value;

use crate::{
    dup_gates::total,
    place::{DATABASE, Outcome, Place, TREE},
};

/// Commands of GitHub, Gitea, Azure Pipelines and `TeamCity`.
const COMMANDS: [&str; 5] = [
    "::set-output name=a::b",
    "##[error]stop",
    "##vso[task.complete result=Failed;]x",
    "##teamcity[buildStop]",
    "::stop-commands::x ##[group]y",
];

fn is_command(line: &str) -> bool {
    line.trim_start().starts_with("::") || ["##[", "##vso[", "##teamcity["].iter().any(|mark| line.contains(mark))
}

/// Asserts that no line of stdout or stderr is a command.
#[track_caller]
fn check_is_no_command(outcome: &Outcome) {
    for line in outcome.stdout.split(['\n', '\r']).chain(outcome.stderr.split(['\n', '\r'])) {
        assert!(!is_command(line), "{line:?} in {outcome:#?}");
    }
}

/// Copied code with strings, comments and signatures that contain commands.
fn hostile_place() -> Place {
    let place = Place::empty();
    for (index, command) in COMMANDS.iter().enumerate() {
        let code = total("total")
            .replace("total = 0", &format!("total = [\n        0, '''\n{command}\n    {command}''']  # {command}"));
        let code = code.replace("limit)", &format!("limit='{command}')"));
        place.write(&format!("{TREE}/{command}.py"), &code);
        place.write(&format!("{TREE}/{index}/{command}/copy.py"), &code);
        place.write(&format!("{TREE}/{command} broken.py"), "def broken(:\n");
    }
    place
}

#[test]
fn output_has_no_workflow_commands() {
    let script = Script::new().rule(When::question().containing("total"), Reply::error("::error::no\n##[error]no"));
    let server = FakeOllama::start(script);
    let place = hostile_place();
    for command in COMMANDS {
        let persist = [
            "persist",
            "--path",
            TREE,
            "--db-path",
            DATABASE,
            "--project",
            command,
            "--retries",
            "0",
            "--provider-patience",
            "0s",
        ];
        let url = ["--provider-url", &server.url(), "--notes", command, "--actor", command, "--change-reason", command];
        check_is_no_command(&place.cds(&[&persist[..], &url].concat()).succeeded());
    }
    place.write("tree/::warning::new.py", total("other"));
    for width in ["40", "47", "160"] {
        for arguments in [
            &["dup-check"][..],
            &["dup-check", "--show", "diff"],
            &["dup-check", "--fail-on", "any", "--path-filter", "##[x]"],
            &["dup", "list"],
            &["runs", "list"],
            &["runs", "show", "latest"],
            &["runs", "diff", "1", "2"],
            &["runs", "show", "##[error]"],
            &["runs", "show", "::error::"],
            &["history", "0/::set-output name=a::b/copy.py"],
            &["history", "0/::set-output name=a::b/copy.py::total", "--diff"],
            &["history", "::"],
            &["history", "##[error]x.py"],
            &["drift", "--path", TREE, "--project", "##[x]"],
            &["model-build", "--path", TREE],
            &[
                "enrich-intent",
                "--path",
                TREE,
                "--provider-url",
                &server.url(),
                "--retries",
                "0",
                "--provider-patience",
                "0s",
            ],
            &["similar", "tree/##[error]stop.py:1"],
            &["verify"],
            &["archive", "--to", "::archive##[x]"],
            &["state", "show"],
            &["doctor", "--provider-url", "http://127.0.0.1:1", "--model", "::error::x"],
            &["attest", "--run", "1", "--format", "table"],
            &["runs", "list", "--status", "::error::x"],
            &["::error::x"],
            &["dup", "accept", "##[x]", "--reason", "x"],
        ] {
            let mut command = place.command(arguments);
            if arguments != ["::error::x"] {
                command.args(["--db-path", DATABASE]);
            }
            check_is_no_command(&Outcome::of(command.env("COLUMNS", width)));
        }
    }
    for format in ["json", "ndjson", "csv", "markdown", "sarif", "gitlab", "html"] {
        check_is_no_command(&place.ask(&["dup-check", "--format", format]).succeeded());
    }
}

#[test]
fn json_keeps_escaped_text() {
    let place = hostile_place();
    place.persist("builtin:", &[]).succeeded();
    let object = place.ask_json(&["dup-check"]);
    let mut paths: Vec<&str> = object["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .flat_map(|group| group["members"].as_array().expect("members"))
        .map(|member| member["file_path"].as_str().expect("a path"))
        .collect();
    paths.sort_unstable();
    for command in COMMANDS {
        assert!(paths.contains(&&*format!("{command}.py")), "{command}: {paths:?}");
    }
    let model = place.cds(&["model-build", "--path", TREE, "--format", "json"]).succeeded();
    check_is_no_command(&model);
    let object: Value = serde_json::from_str(&model.stdout).expect("valid JSON");
    let code: Vec<&str> = object["records"]
        .as_array()
        .expect("records")
        .iter()
        .filter_map(|record| record["raw_code"].as_str())
        .collect();
    for command in COMMANDS {
        assert!(code.iter().any(|code| code.contains(&format!("\n{command}\n"))), "{command}");
    }
    // `key=value` lines also read back correctly.
    let errors = place.persist("builtin:", &[]).succeeded();
    let files: Vec<String> = errors
        .lines_of("analyzer_error")
        .iter()
        .map(|line| crate::fields::field(&crate::fields::fields_of("analyzer_error", line), "file"))
        .collect();
    assert!(COMMANDS.iter().all(|command| files.contains(&format!("{command} broken.py"))), "{files:?}");
}

#[test]
fn annotations_hold_no_other_commands() {
    let place = hostile_place();
    place.persist("builtin:", &[]).succeeded();
    let outcome = place.ask(&["dup-check", "--format", "github", "--fail-on", "any"]).exited_with(1);
    assert!(outcome.stdout.lines().count() > 2, "{outcome:#?}");
    for line in outcome.stdout.lines() {
        let own = ["::error title=", "::warning file=", "::notice title="];
        assert!(own.iter().any(|own| line.starts_with(own)) && !is_command(&line[1..]), "{line:?}");
    }
}
