//! Variables that stand in for flags.

use cds_fake_ollama::{FakeOllama, Script};

use crate::place::{Outcome, Place, TREE};

#[test]
fn variables_stand_in_for_flags() {
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
    assert_eq!(server.generate_count(), 6);

    let place = Place::with_functions(1);
    let mut command = place.command(&["persist", "--path", TREE, "--db-path", "cds.sqlite"]);
    Outcome::of(command.env("CDS_SCOPE", "").env("CDS_PROVIDER_URL", "builtin:")).succeeded();
    assert_eq!(place.database().texts("SELECT scope FROM runs"), ["class,function,method"]);
}

#[test]
fn flags_beat_variables() {
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
fn a_wrong_variable_is_a_wrong_argument() {
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
        outcome.exited_with(2).said(&[expected]);
        assert_eq!(place.names(), [TREE], "{name}");
    }
}

#[test]
fn a_server_on_this_machine_is_asked_without_a_proxy() {
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
