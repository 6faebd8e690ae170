//! TLS: certificates trusted by file, refusals by cause, and servers with the other scheme.

use std::{fs, path::Path};

use cds_fake_ollama::{FakeOllama, Reply, Script, TlsFront, When};
use cds_llm_client::{LlmClient, ModelSettings, Obstacle, ProbeError, ProviderChoice, TrustedCertificates};

use crate::support::{LIMIT, Ollama, OpenAi, choice, client, question};

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tls").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A server behind TLS that shows the certificate `shown`.
fn front(server: &FakeOllama, shown: &str) -> TlsFront {
    TlsFront::start(server, &fixture(shown), &fixture("key.pem"))
}

/// A client that trusts the certificate `trusted`.
fn trusting(kind: cds_llm_client::ProviderKind, url: &str, trusted: &str) -> Box<dyn LlmClient> {
    let choice = choice(kind, url);
    let certificates = TrustedCertificates::from_pem(fixture(trusted).as_bytes());
    let settings = ModelSettings { certificates, ..choice.settings };
    ProviderChoice { settings, ..choice }.into_client().expect("a client needs no server")
}

#[tokio::test]
async fn named_certificate_is_trusted() {
    for shown in ["authority.pem", "nameless.pem", "version_1.pem"] {
        for kind in [Ollama, OpenAi] {
            let server = FakeOllama::start(Script::new());
            let front = front(&server, shown);
            let client = trusting(kind, &front.url(), shown);
            client.probe().await.unwrap_or_else(|error| panic!("{shown} {kind}: {error:?}"));
            client.ask(&question(), LIMIT).await.unwrap_or_else(|error| panic!("{shown} {kind}: {error:?}"));
            assert_eq!(server.answered_count(), 1);
        }
    }
}

#[tokio::test]
async fn refused_certificate_names_cause() {
    for (shown, trusted, expected) in [
        ("authority.pem", "nameless.pem", Obstacle::UntrustedCertificate),
        ("version_1.pem", "authority.pem", Obstacle::UntrustedCertificate),
        ("other_name.pem", "other_name.pem", Obstacle::OtherName),
        ("expired.pem", "expired.pem", Obstacle::OutsideOfPeriod),
        ("not_yet_valid.pem", "not_yet_valid.pem", Obstacle::OutsideOfPeriod),
    ] {
        for kind in [Ollama, OpenAi] {
            let server = FakeOllama::start(Script::new());
            let front = front(&server, shown);
            let error = trusting(kind, &front.url(), trusted).probe().await.unwrap_err();
            assert_eq!(error.obstacle(), Some(expected), "{shown} {kind}: {error:?}");
            assert!(matches!(error, ProbeError::Unusable { .. }) && server.requests().is_empty());
        }
    }
}

#[tokio::test]
async fn other_scheme_is_recognized() {
    let server = FakeOllama::start(Script::new());
    let front = front(&server, "authority.pem");
    let refusing = "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>";
    let refusal = Reply::body(400, "text/html", refusing);
    let nginx = FakeOllama::start(Script::new().rule(When::under("/"), refusal));
    let sentence = Reply::body(400, "text/plain", "Client sent an HTTP request to an HTTPS server.\n");
    let go = FakeOllama::start(Script::new().rule(When::under("/"), sentence));
    for kind in [Ollama, OpenAi] {
        for (url, expected) in [
            (front.plain_url(), Obstacle::OtherProtocol),
            (nginx.url(), Obstacle::EncryptedServer),
            (go.url(), Obstacle::EncryptedServer),
        ] {
            let error = client(kind, &url).probe().await.unwrap_err();
            assert_eq!(error.obstacle(), Some(expected), "{kind} {url}: {error:?}");
        }
    }
}

#[tokio::test]
async fn plain_server_is_recognized() {
    // One that always answers, one that closes the connection, and one that waits for more.
    for (answer, expected) in [
        (Some("HTTP/1.1 400 Bad Request\r\n\r\n"), Obstacle::PlainServer),
        (Some(""), Obstacle::SilentServer),
        (None, Obstacle::SilentServer),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || serve(&listener, answer));
        for kind in [Ollama, OpenAi] {
            let choice = choice(kind, &url);
            let limit = std::time::Duration::from_millis(400);
            let settings = ModelSettings { connect_timeout: limit, probe_timeout: limit, ..choice.settings };
            let client = ProviderChoice { settings, ..choice }.into_client().unwrap();
            let error = client.probe().await.unwrap_err();
            assert_eq!(error.obstacle(), Some(expected), "{kind} {answer:?}: {error:?}");
        }
    }
}

/// Answers every connection with `answer`, or with silence.
fn serve(listener: &std::net::TcpListener, answer: Option<&str>) {
    use std::io::{Read as _, Write as _};
    let mut silent = Vec::new();
    for mut stream in listener.incoming().map_while(Result::ok) {
        match answer {
            Some(answer) => {
                _ = stream.read(&mut [0; 4096]);
                _ = stream.write_all(answer.as_bytes());
            }
            None => silent.push(stream),
        }
    }
}

#[tokio::test]
async fn unresolved_host_is_recognized() {
    for scheme in ["http", "https"] {
        for kind in [Ollama, OpenAi] {
            let error = client(kind, &format!("{scheme}://models.invalid:1")).probe().await.unwrap_err();
            assert_eq!(error.obstacle(), Some(Obstacle::UnknownHost), "{kind} {scheme}: {error:?}");
        }
    }
}
