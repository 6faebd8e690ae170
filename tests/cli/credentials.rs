//! A password in the provider's URL reaches the server and nothing else.

use std::fs;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

use crate::{
    database::Database,
    place::{DATABASE, Outcome, Place, persist_arguments},
};

const SENTINEL: &str = "s3ntinel";
/// `user:s3ntinel`
const ENCODED: &str = "dXNlcjpzM250aW5lbA";
/// The same as a header.
const BASIC: &str = "Basic dXNlcjpzM250aW5lbA==";

fn url_of(server: &FakeOllama) -> String {
    format!("http://user:{SENTINEL}@127.0.0.1:{}", server.port())
}

/// Asserts that neither the output nor any file contains the password.
#[track_caller]
fn check_is_silent(place: &Place, outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(!text.contains(SENTINEL) && !text.contains(ENCODED), "{outcome:#?}");
    }
    for name in place.names() {
        let Ok(content) = fs::read(place.path(&name)) else { continue };
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains(SENTINEL) && !text.contains(ENCODED), "the password is in {name}");
    }
}

#[test]
fn credentials_are_sent_but_not_stored() {
    let server = FakeOllama::start(Script::new().require_authorization(BASIC));
    let place = Place::with_shop();
    let outcome = place.persist(&url_of(&server), &[]).succeeded();
    check_is_silent(&place, &outcome);
    assert_eq!(place.database().texts("SELECT provider_url FROM runs"), [server.url()]);
    assert_eq!(place.database().number("SELECT count(*) FROM records WHERE intent_status = 'success'"), 46);
    for question in server.questions() {
        assert_eq!(question.header("Authorization"), Some(BASIC));
        assert!(!question.path.contains(SENTINEL) && !question.body.contains(SENTINEL));
    }
    let arguments = ["enrich-intent", "--path", "tree", "--format", "json", "--provider-url", &url_of(&server)];
    check_is_silent(&place, &place.cds(&arguments).succeeded());

    // `user:p@ss:s3ntinel`
    let server = FakeOllama::start(Script::new().require_authorization("Basic dXNlcjpwQHNzOnMzbnRpbmVs"));
    let place = Place::with_functions(2);
    let url = format!("http://user:p%40ss%3A{SENTINEL}@127.0.0.1:{}", server.port());
    let outcome = place.persist(&url, &[]).succeeded();
    assert!(outcome.stdout.contains(" intent_failed_count=0 "), "{outcome:?}");
    check_is_silent(&place, &outcome);

    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(2);
    let outcome = place.persist(&format!("{}/?key={SENTINEL}", server.url()), &[]).succeeded();
    assert!(outcome.stdout.contains(" intent_failed_count=0 "), "{outcome:?}");
    check_is_silent(&place, &outcome);
    assert_eq!(place.database().texts("SELECT provider_url FROM runs"), [server.url()]);
}

#[test]
fn failing_server_reveals_no_credentials() {
    let echo = format!("wrong password {SENTINEL} for user");
    let target = format!("http://user:{SENTINEL}@elsewhere.example/?token={SENTINEL}");
    for reply in [
        Reply::unauthorized(),
        Reply::status(401, &echo),
        Reply::status(500, &echo),
        Reply::redirect(&target),
        Reply::body(403, "text/plain", echo.as_str()),
        Reply::close(),
    ] {
        let server = FakeOllama::start(Script::new().rule(When::under("/"), reply));
        let place = Place::with_functions(3);
        let outcome = place.persist(&url_of(&server), &[]).succeeded();
        assert!(outcome.stdout.contains(" intent_failed_count=3 "), "{outcome:?}");
        check_is_silent(&place, &outcome);
    }
    let server = FakeOllama::start(Script::new());
    server.stop();
    let place = Place::with_functions(3);
    check_is_silent(&place, &place.persist(&url_of(&server), &[]).succeeded());
}

#[test]
fn echoed_credentials_are_not_stored() {
    for reply in [
        Reply::error(&format!("wrong password {SENTINEL} for user")),
        Reply::status(401, &format!("wrong header {BASIC}")),
        Reply::answer(format!("Checks whether the password is {SENTINEL} or another one.")),
    ] {
        let server = FakeOllama::start(Script::new().rule(When::question(), reply));
        let place = Place::with_functions(1);
        let outcome = place.persist(&url_of(&server), &["--retries", "0"]).succeeded();
        check_is_silent(&place, &outcome);
    }
}

#[test]
fn invalid_url_is_not_echoed() {
    for url in [
        "user:s3ntinel@h:11434",
        "ftp://user:s3ntinel@h",
        "http://user:s3ntinel@",
        "http://user:s3ntinel@h:port",
        "http://user:s3ntinel@h:99999",
        "http://user:s3ntinel@h/api/generate",
        "http://user:12#s3ntinel@h",
        "http://user:1/s3ntinel@h",
        "http://user:%ff_s3ntinel@h",
        "http//user:s3ntinel@h",
        "builtin:user:s3ntinel@h",
    ] {
        let place = Place::with_functions(1);
        check_is_silent(&place, &place.persist(url, &[]).exited_with(2));
        let mut command = place.command(&["persist", "--path", "tree", "--db-path", DATABASE]);
        check_is_silent(&place, &Outcome::of(command.env("CDS_PROVIDER_URL", url)).exited_with(2));
    }
}

#[test]
fn help_and_errors_hide_credentials() {
    let place = Place::with_functions(1);
    let url = "http://user:s3ntinel@h";
    for (arguments, code) in [
        (&["persist", "--help"][..], 0),
        (&["persist", "-h"], 0),
        (&["enrich-intent", "--help"], 0),
        (&["persist"], 2),
        (&["persist", "--path", "tree", "--db-path", DATABASE, "--scope", "x"], 2),
        (&["persist", "--path", "tree", "--db-path", "no/x"], 2),
    ] {
        let outcome = Outcome::of(place.command(arguments).env("CDS_PROVIDER_URL", url)).exited_with(code);
        check_is_silent(&place, &outcome);
    }
    for more in [&["--provider-url", url][..], &["--scope", "x"], &["--bogus"], &["--progress-batch-size", "0"]] {
        check_is_silent(&place, &place.persist(url, more).exited_with(2));
    }
    Database::create(&place.path(DATABASE), "create table songs (title text)");
    check_is_silent(&place, &place.persist(url, &[]).exited_with(1));
}

#[test]
fn misplaced_url_is_not_echoed() {
    let place = Place::with_functions(1);
    let mut arguments = persist_arguments("builtin:", &[]);
    arguments.push("http://user:s3ntinel@h");
    check_is_silent(&place, &place.cds(&arguments).exited_with(2));
    check_is_silent(&place, &place.persist("builtin:", &["--provider", "http://user:s3ntinel@h"]).exited_with(2));
}
