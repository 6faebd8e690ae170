//! Servers behind TLS: the certificate in `SSL_CERT_FILE`, and the hints when a connection fails.

use std::path::Path;

use cds_fake_ollama::{FakeOllama, Script, TlsFront};

use crate::place::{Outcome, Place, persist_arguments};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tls").join(name);
    std::fs::read_to_string(path).expect("the fixture is there")
}

fn front(server: &FakeOllama, shown: &str) -> TlsFront {
    TlsFront::start(server, &fixture(shown), &fixture("key.pem"))
}

/// `persist` at `url` with `trusted` in `SSL_CERT_FILE`.
fn persist(place: &Place, url: &str, trusted: &str) -> Outcome {
    place.write("trusted.pem", fixture(trusted));
    Outcome::of(place.command(&persist_arguments(url, &[])).env("SSL_CERT_FILE", place.path("trusted.pem")))
}

#[test]
fn certificate_file_makes_server_trusted() {
    let server = FakeOllama::start(Script::new());
    let front = front(&server, "authority.pem");
    let place = Place::with_functions(3);
    let outcome = persist(&place, &front.url(), "authority.pem").succeeded();
    assert!(outcome.stdout.contains(" intent_failed_count=0 "), "{outcome:?}");
    assert_eq!(server.answered_count(), 3);
}

#[test]
fn hint_follows_cause() {
    let server = FakeOllama::start(Script::new());
    let user = |url: String| url.replace("://", "://user:s3cret@");
    for (shown, trusted, expected) in [
        ("authority.pem", "nameless.pem", "set SSL_CERT_FILE to its file"),
        ("other_name.pem", "other_name.pem", "is for another host"),
        ("expired.pem", "expired.pem", "renew the certificate of "),
    ] {
        let front = front(&server, shown);
        let outcome = persist(&Place::with_functions(1), &user(front.url()), trusted).succeeded();
        let hint = outcome.lines_of("hint:").concat();
        assert!(hint.contains(expected) && hint.contains(&front.url()), "{outcome:#?}");
        assert!(!outcome.stderr.contains("s3cret"), "{outcome:#?}");
    }
    let front = front(&server, "authority.pem");
    let outcome = persist(&Place::with_functions(1), &user(front.plain_url()), "authority.pem").succeeded();
    outcome.stderr_has(&[&format!("for a server with TLS use: --provider-url {}", front.url())]);
    assert_eq!(server.generate_count(), 0);
}

#[test]
fn unresolved_host_is_named() {
    let outcome = Place::with_functions(1).persist("http://user:s3cret@models.invalid:7", &[]).succeeded();
    let outcome = outcome.stderr_has(&["hint: check the host name in http://models.invalid:7"]);
    assert!(!outcome.stderr.contains("s3cret"), "{outcome:#?}");
}
