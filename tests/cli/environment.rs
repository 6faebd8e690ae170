//! Environment variables that replace flags.

use std::collections::BTreeSet;

use cds_fake_ollama::{FakeOllama, Script};

use crate::place::{DATABASE, Outcome, Place, TREE, is_compact};

/// Variables that are read without an option, each with its meaning.
const WITHOUT_OPTION: &[&str] = &[
    "CDS_PROVIDER_TOKEN",
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "GIT_COMMIT",
    "BUILD_SOURCEVERSION",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_REQUESTEDFOR",
    "USER",
    "LOGNAME",
    "USERNAME",
    "TRACEPARENT",
    "COLUMNS",
    "NO_COLOR",
    "TERM",
    "TMPDIR",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "NO_PROXY",
];

/// Every command without subcommands, and the variables that its help names.
fn commands(place: &Place, words: &[String]) -> Vec<(Vec<String>, BTreeSet<String>)> {
    let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
    let help = place.cds(&arguments).succeeded().stdout;
    let section = help.split_once("Commands:\n").map(|(_, rest)| rest.split("\n\n").next().unwrap_or_default());
    let names = section.unwrap_or_default().lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> =
        names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    if names.is_empty() {
        let variables = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
        return vec![(words.to_vec(), variables.map(str::to_owned).collect())];
    }
    names.iter().flat_map(|name| commands(place, &[words, &[(*name).to_owned()]].concat())).collect()
}

#[test]
fn empty_variables_count_as_unset() {
    let place = Place::with_functions(2);
    place.persist("builtin:", &[]).succeeded();
    let commands = commands(&place, &[]);
    let every: BTreeSet<&str> =
        commands.iter().flat_map(|(_, variables)| variables.iter().map(String::as_str)).collect();
    assert!(commands.len() > 20 && every.len() > 40 && every.contains("CDS_DB_PATH"), "{commands:?}");
    let run = |arguments: &[&str], variables: &BTreeSet<&str>| {
        Outcome::of(place.command(arguments).envs(variables.iter().map(|name| (name, ""))))
    };
    for (words, variables) in &commands {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let variables: BTreeSet<&str> = variables.iter().map(String::as_str).collect();
        for more in [&[][..], &["--db-path", DATABASE, "--no-such-option"]] {
            let arguments = [&words[..], more].concat();
            let (outcome, expected) = (run(&arguments, &variables), run(&arguments, &BTreeSet::new()));
            let said = |outcome: &Outcome| (outcome.code, outcome.stdout.clone(), outcome.stderr.clone());
            assert_eq!(said(&outcome), said(&expected), "{arguments:?} with empty {variables:?}");
        }
    }
    // The tests on compact databases set this one themselves.
    let is_free = |name: &&str| !is_compact() || *name != "CDS_LAYOUT";
    let every = every.into_iter().chain(WITHOUT_OPTION.iter().copied()).filter(is_free).collect();
    for arguments in [
        &["runs", "list", "--db-path", DATABASE, "--format", "json"][..],
        &["dup-check", "--db-path", DATABASE, "--format", "json"],
        &["history", "--db-path", DATABASE],
        &["model-build", "--path", TREE],
        &["doctor", "--db-path", DATABASE, "--provider-url", "builtin:"],
    ] {
        let (outcome, expected) = (run(arguments, &every), run(arguments, &BTreeSet::new()));
        // Free disk space changes while this runs.
        let lines = |outcome: &Outcome| -> Vec<String> {
            outcome.stdout.lines().filter(|line| !line.contains("free space")).map(str::to_owned).collect()
        };
        assert_eq!((outcome.code, lines(&outcome)), (expected.code, lines(&expected)), "{arguments:?}: {outcome:#?}");
    }
    run(&["persist", "--path", TREE, "--db-path", DATABASE, "--provider-url", "builtin:"], &every).succeeded();
    let asked = "SELECT DISTINCT json_extract(request, '$.arguments') FROM ledger_details";
    assert_eq!(place.database().texts(asked).len(), 1, "both runs were asked the same");
    place.check_is_tidy();
}

#[test]
fn variables_replace_flags() {
    let server = FakeOllama::start(Script::new().model("tiny:1b"));
    let place = Place::with_shop();
    let mut command = place.command(&["persist", "--path", TREE]);
    command.env("CDS_DB_PATH", "cds.sqlite").env("CDS_PROVIDER_URL", server.url()).env("CDS_SCOPE", "class");
    command.env("CDS_MODEL", "tiny:1b").env("CDS_PROGRESS_BATCH_SIZE", "4");
    let outcome = Outcome::of(&mut command).succeeded();
    assert!(outcome.stdout.contains(" db_path=cds.sqlite "), "{outcome:?}");
    let run = &place.database().rows("SELECT provider_url, scope, model, progress_batch_size FROM runs")[0];
    let expected = serde_json::json!({
        "provider_url": server.url(),
        "scope": "class",
        "model": "tiny:1b",
        "progress_batch_size": 4,
    });
    assert_eq!(run, &expected);
    // One of the six classes has no body.
    assert_eq!(server.generate_count(), 5);

    let place = Place::with_functions(1);
    let mut command = place.command(&["persist", "--path", TREE, "--db-path", "cds.sqlite"]);
    Outcome::of(command.env("CDS_SCOPE", "").env("CDS_PROVIDER_URL", "builtin:")).succeeded();
    assert_eq!(place.database().texts("SELECT scope FROM runs"), ["class,function,method"]);
}

#[test]
fn flags_override_variables() {
    let (wanted, other) = (FakeOllama::start(Script::new()), FakeOllama::start(Script::new()));
    let place = Place::with_shop();
    let url = wanted.url();
    let mut command = place.command(&crate::place::persist_arguments(&url, &["--scope", "function"]));
    command.env("CDS_DB_PATH", "other.sqlite").env("CDS_PROVIDER_URL", other.url()).env("CDS_SCOPE", "class");
    Outcome::of(&mut command).succeeded();
    place.check_is_tidy();
    assert!(other.requests().is_empty());
    let kinds = "SELECT DISTINCT kind FROM records WHERE intent_status = 'success'";
    assert_eq!(place.database().texts(kinds), ["function"]);
}

#[test]
fn wrong_variable_is_usage_error() {
    for (name, value, expected) in [
        ("CDS_SCOPE", "klass", "klass"),
        ("CDS_PROVIDER_URL", "ftp://h", "ftp"),
        ("CDS_DB_PATH", "no/x.sqlite", "no/x.sqlite"),
        ("CDS_PROGRESS_BATCH_SIZE", "0", "whole number"),
    ] {
        let place = Place::with_shop();
        let mut arguments = vec!["persist", "--path", TREE];
        if name != "CDS_DB_PATH" {
            arguments.extend(["--db-path", "cds.sqlite"]);
        }
        let outcome = Outcome::of(place.command(&arguments).env(name, value));
        outcome.exited_with(2).stderr_has(&[expected]);
        assert_eq!(place.names(), [TREE], "{name}");
    }
}

#[test]
fn loopback_server_bypasses_proxy() {
    let (server, proxy) = (FakeOllama::start(Script::new()), FakeOllama::start(Script::new()));
    let place = Place::with_functions(3);
    let url = server.url();
    let mut command = place.command(&crate::place::persist_arguments(&url, &[]));
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, proxy.url());
    }
    Outcome::of(&mut command).succeeded();
    assert_eq!((server.generate_count(), proxy.counts().connections), (3, 0));
}

#[test]
fn wrong_value_names_its_variable() {
    let place = Place::with_functions(1);
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let words = [&["dup", "check", "--db-path", DATABASE][..], arguments].concat();
        Outcome::of(place.command(&words).envs(variables.iter().copied()))
    };
    run(&[("CDS_MIN_LINES", "many")], &[]).exited_with(2).stderr_has(&["--min-lines", "CDS_MIN_LINES"]);
    run(&[("CDS_CHANNELS", "exact,x")], &[]).exited_with(2).stderr_has(&["--channels", "CDS_CHANNELS"]);
    let given = run(&[("CDS_MIN_LINES", "7")], &["--min-lines=many"]).exited_with(2);
    assert!(!given.stderr.contains("CDS_MIN_LINES"), "{given:#?}");
}
