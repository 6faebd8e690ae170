//! Where questions may go, with which credentials, and through the second interface.

use std::fs;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use serde_json::json;

use crate::place::{DATABASE, Outcome, Place, TREE, persist_arguments};

const TOKEN: &str = "t0ken-s3ntinel";

/// Asserts that neither the output nor any file contains the token.
#[track_caller]
fn check_is_silent(place: &Place, outcome: &Outcome) {
    assert!(!outcome.stdout.contains(TOKEN) && !outcome.stderr.contains(TOKEN), "{outcome:#?}");
    for name in place.names() {
        let content = fs::read(place.path(&name)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&content).contains(TOKEN), "the token is in {name}");
    }
}

fn with_token(place: &Place, url: &str, more: &[&str]) -> Outcome {
    Outcome::of(place.command(&persist_arguments(url, more)).env("CDS_PROVIDER_TOKEN", TOKEN))
}

#[test]
fn foreign_redirect_is_not_followed() {
    let elsewhere = FakeOllama::start(Script::new());
    for status in [301, 302, 303, 307, 308] {
        let target = format!("{}/api/chat?key=secret", elsewhere.url());
        let reply = Reply::body(status, "text/plain", "").header("Location", &target);
        let server = FakeOllama::start(Script::new().rule(When::question(), reply));
        let place = Place::with_functions(3);
        with_token(&place, &server.url(), &[]).succeeded();
        let reasons =
            place.database().texts("SELECT DISTINCT intent_error FROM records WHERE intent_status = 'failed'");
        let names_target = |reason: &String| reason.contains(&format!("{}/api/chat", elsewhere.url()));
        assert!(reasons.len() == 1 && names_target(&reasons[0]) && !reasons[0].contains("secret"), "{reasons:?}");
    }
    // The same for the probe before the analysis.
    let reply = Reply::redirect(&format!("{}/api/version", elsewhere.url()));
    let server = FakeOllama::start(Script::new().rule(When::under("/api"), reply));
    let place = Place::with_functions(3);
    let outcome = with_token(&place, &server.url(), &[]).succeeded().stderr_has(&[&elsewhere.url()]);
    assert!(outcome.stdout.contains(" intent_failed_count=3 "), "{outcome:?}");
    assert_eq!((elsewhere.counts().connections, elsewhere.requests().len()), (0, 0));
}

#[test]
fn token_is_sent_but_not_stored() {
    for (path, more) in [("", &[][..]), ("/v1", &["--model", "qwen3-coder:latest"])] {
        let server = FakeOllama::start(Script::new().require_authorization(&format!("Bearer {TOKEN}")));
        let place = Place::with_functions(3);
        let outcome = with_token(&place, &format!("{}{path}", server.url()), more).succeeded();
        assert!(outcome.stdout.contains(" intent_failed_count=0 "), "{outcome:?}");
        check_is_silent(&place, &outcome);
        assert_eq!(server.generate_count(), 3);
    }
    let echo = format!("wrong token {TOKEN}, header Bearer {TOKEN}");
    for reply in [
        Reply::status(401, &echo),
        Reply::status(400, &echo),
        Reply::error(&echo),
        Reply::answer(format!("Checks whether the token is {TOKEN} or another one.")),
        Reply::redirect(&format!("http://127.0.0.1:1/?token={TOKEN}")),
        Reply::redirect(&format!("http://127.0.0.1:1/{TOKEN}/x")),
    ] {
        let server = FakeOllama::start(Script::new().rule(When::question(), reply.clone()));
        let place = Place::with_functions(1);
        check_is_silent(&place, &with_token(&place, &server.url(), &["--retries", "0"]).succeeded());
        let server = FakeOllama::start(Script::new().rule(When::under("/"), reply));
        check_is_silent(&place, &with_token(&place, &server.url(), &["--refresh-intents"]).succeeded());
    }
}

#[test]
fn token_and_password_conflict() {
    let place = Place::with_functions(1);
    let outcome =
        with_token(&place, "http://user:word@127.0.0.1:1", &[]).exited_with(2).stderr_has(&["token", "hint: "]);
    check_is_silent(&place, &outcome);
    assert_eq!(place.names(), [TREE]);
    let mut command = place.command(&persist_arguments("http://127.0.0.1:1", &[]));
    Outcome::of(command.env("CDS_PROVIDER_TOKEN", "two\nlines")).exited_with(2).stderr_has(&["CDS_PROVIDER_TOKEN"]);
    let help = Outcome::of(place.command(&["persist", "--help"]).env("CDS_PROVIDER_TOKEN", TOKEN)).succeeded();
    check_is_silent(&place, &help);
}

#[test]
fn openai_interface_works_end_to_end() {
    let server = FakeOllama::start(Script::new().rule(When::question().containing("def f2("), Reply::thinking()));
    let (plain, with_path) = (server.url(), format!("{}/v1", server.url()));
    for (url, more) in
        [(&with_path, &[][..]), (&with_path, &["--provider", "openai"]), (&plain, &["--provider", "openai"])]
    {
        let place = Place::with_functions(4);
        let before = server.count("/v1/chat/completions");
        let more = [&["--model", "qwen3-coder", "--format", "json"], more].concat();
        let outcome = place.persist(url, &more).succeeded();
        assert_eq!(outcome.costs(), [4, 4, 0, 0, 0, 4], "{outcome:#?}");
        assert_eq!(server.count("/v1/chat/completions") - before, 4);
        let database = place.database();
        assert_eq!(
            database.texts("SELECT intent FROM records WHERE signature = 'def f2():'"),
            ["Adds two numbers and returns the sum."]
        );
        assert_eq!(database.rows("SELECT model, provider_url FROM runs")[0]["model"], json!("qwen3-coder"));
        assert_eq!(place.persist(url, &more).succeeded().costs(), [4, 0, 4, 0, 0, 0]);
    }
    assert_eq!(server.count("/api/chat"), 0);

    let place = Place::with_functions(1);
    place.persist(&with_path, &[]).succeeded().stderr_has(&["no model was named: qwen3-coder:latest is asked"]);

    let place = Place::with_functions(1);
    let arguments = ["persist", "--path", TREE, "--db-path", DATABASE, "--provider", "openai", "--model", "m"];
    place.cds(&arguments).exited_with(2).stderr_has(&["--provider-url"]);
    place.persist("builtin:", &["--provider", "ollama"]).exited_with(2).stderr_has(&["--provider"]);
    assert_eq!(place.names(), [TREE]);
    place.persist(&with_path, &["--model", "absent", "--require-provider"]).exited_with(1).stderr_has(&["absent"]);
}

#[test]
fn openai_failures_have_same_classes() {
    let script = Script::new()
        .rule(When::question().containing("def f1("), Reply::refusal())
        .rule(When::question().containing("def f3("), Reply::length())
        .rule(When::question().containing("def f5("), Reply::status(404, "The model `m` does not exist."));
    let server = FakeOllama::start(script);
    let place = Place::with_functions(9);
    let more = ["--model", "qwen3-coder:latest", "--concurrency", "1"];
    place.persist(&format!("{}/v1", server.url()), &more).succeeded();
    let rows = place.database().texts("SELECT intent_error FROM records WHERE intent_status = 'failed' ORDER BY id");
    assert_eq!(rows.len(), 2 + 5, "{rows:?}");
    assert!(rows[0].contains("refusal") && rows[1].contains("cut off"), "{rows:?}");
    assert!(rows[2..].iter().all(|reason| reason.contains("does not exist")), "{rows:?}");

    let server = FakeOllama::start(Script::new().rule(When::question().nth(2), Reply::status(500, "boom")));
    let place = Place::with_functions(4);
    let more = ["--model", "qwen3-coder:latest", "--format", "json"];
    let outcome = place.persist(&format!("{}/v1", server.url()), &more).succeeded();
    assert_eq!((outcome.costs(), server.generate_count()), ([4, 4, 0, 0, 0, 5], 5));
}

#[test]
fn single_model_needs_no_name() {
    let list = |names: &[&str]| json!({"data": names.iter().map(|name| json!({"id": name})).collect::<Vec<_>>()});
    let server = |names: &[&str]| {
        let rule = When::path("/v1/models");
        FakeOllama::start(Script::new().model("one").rule(rule, Reply::json(&list(names))))
    };
    let place = Place::with_functions(1);
    let only = server(&["one"]);
    let url = format!("{}/v1", only.url());
    place.persist(&url, &[]).succeeded().stderr_has(&["no model was named: one is asked"]);
    assert_eq!(place.database().texts("SELECT model FROM runs"), ["one"]);
    for names in [&[][..], &["one", "two"]] {
        let place = Place::with_functions(1);
        let other = server(names);
        let url = format!("{}/v1", other.url());
        place.persist(&url, &[]).exited_with(2).stderr_has(&["no default model", "--model"]);
    }
}
