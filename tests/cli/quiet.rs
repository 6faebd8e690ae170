//! `--quiet` prints errors only.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

use crate::place::{Outcome, Place, TREE, persist_arguments};

#[test]
fn successful_run_is_silent() {
    let server = FakeOllama::start(Script::new());
    let place = Place::with_functions(25);
    let url = server.url();
    for more in [&["--quiet"][..], &["-q"], &["--quiet", "--dry-run"]] {
        let outcome = place.persist(&url, more).succeeded();
        assert_eq!((outcome.stderr.as_str(), outcome.stdout.lines().count()), ("", 1), "{outcome:?}");
    }
    let outcome = Outcome::of(place.command(&persist_arguments(&url, &[])).env("CDS_QUIET", "true")).succeeded();
    assert_eq!(outcome.stderr, "");
    let outcome = place.cds(&["-q", "enrich-intent", "--path", TREE, "--provider-url", &url]).succeeded();
    assert_eq!(outcome.stderr, "");
    assert!(!place.persist(&url, &[]).succeeded().stderr.is_empty(), "by default there is progress");
}

#[test]
fn errors_are_still_printed() {
    let place = Place::with_functions(3);
    let url = "http://127.0.0.1:1";
    place.persist(url, &["--quiet", "--require-provider"]).exited_with(1).stderr_has(&["error: ", "hint: "]);
    place.persist(url, &["--quiet", "--scope", "x"]).exited_with(2).stderr_has(&["--scope"]);
    place.persist(url, &["--quiet", "--db-path", "no/x"]).exited_with(2).stderr_has(&["error: "]);
    let shop = Place::with_shop();
    let outcome = shop.persist("builtin:", &["--quiet"]).succeeded();
    assert_eq!(outcome.lines_of("analyzer_error").len(), 3, "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 3, "{outcome:?}");
}

#[test]
fn result_is_unchanged() {
    let script = Script::new().rule(When::question().containing("def f2("), Reply::refusal());
    let server = FakeOllama::start(script);
    let place = Place::with_functions(3);
    let quiet = place.persist(&server.url(), &["--quiet"]).succeeded();
    let loud = place.persist(&server.url(), &[]).succeeded();
    // The second run adds less to the database.
    let facts = |text: &str| text.split_once(" database_bytes=").unwrap().0.to_owned();
    assert_eq!(facts(&quiet.stdout).replace("run_id=1", "run_id=2"), facts(&loud.stdout));
    loud.stderr_has(&["1 × untrustworthy answer: it is a refusal"]);
}
