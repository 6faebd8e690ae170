//! Connections: kept, stale, broken, silent, and redirected.

use std::time::Duration;

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use cds_llm_client::{AskError, FailureClass};

use crate::support::{LIMIT, OUTAGE, Ollama, OpenAi, ask, client, question, server};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn connections_are_kept() {
    for kind in [Ollama, OpenAi] {
        let server = FakeOllama::start(Script::new());
        let client = client(kind, &server.url());
        for _ in 0..3 {
            client.ask(&question(), LIMIT).await.unwrap();
        }
        assert!(server.requests().iter().all(|request| request.connection == 1));
    }
}

#[tokio::test]
async fn stale_connection_is_recognized() {
    for kind in [Ollama, OpenAi] {
        let server = FakeOllama::start(Script::new().rule(When::question().nth(1), Reply::stale()));
        let client = client(kind, &server.url());
        client.ask(&question(), LIMIT).await.unwrap();
        let error = client.ask(&question(), LIMIT).await.unwrap_err();
        assert!(error.is_unanswered() && error.class() == OUTAGE, "{error:?}");
        client.ask(&question(), LIMIT).await.unwrap();
        assert_eq!(server.generate_count(), 2);
    }
}

#[tokio::test]
async fn broken_connection_reports_answer_start() {
    for (reply, is_unanswered, expected) in [
        (Reply::close(), true, "connection to the provider broke: connection closed before message completed"),
        (Reply::reset(), true, "connection to the provider broke: Connection reset by peer (os error 104)"),
        (
            Reply::promised_too_much(),
            false,
            "connection to the provider broke: end of file before message length reached",
        ),
        (Reply::raw("hello?\r\n\r\n"), false, "connection to the provider broke: invalid HTTP version parsed"),
    ] {
        for kind in [Ollama, OpenAi] {
            let error = ask(kind, reply.clone()).await.unwrap_err();
            assert_eq!((error.is_unanswered(), error.class()), (is_unanswered, OUTAGE), "{kind} {error:?}");
            if cfg!(target_os = "linux") {
                assert_eq!(error.reason(), expected);
            }
        }
    }
}

#[tokio::test]
async fn unreachable_server_is_recognized() {
    for kind in [Ollama, OpenAi] {
        let server = FakeOllama::start(Script::new());
        let client = client(kind, &server.url());
        server.stop();
        let error = client.ask(&question(), LIMIT).await.unwrap_err();
        assert!(matches!(error, AskError::Connect { .. }) && !error.is_unanswered());
        assert_eq!(error.class(), OUTAGE);
        if cfg!(target_os = "linux") {
            let url = client.provider_url();
            assert_eq!(error.reason(), format!("could not connect to {url}: Connection refused (os error 111)"));
        }
    }
}

#[tokio::test]
async fn silence_ends_at_timeout() {
    for reply in [
        Reply::hang_before_headers(),
        Reply::hang_in_headers(),
        Reply::hang_in_body(),
        Reply::drip(Duration::from_millis(20)),
    ] {
        for kind in [Ollama, OpenAi] {
            // Over an existing connection the question reaches the server even with very little time.
            let server = FakeOllama::start(Script::new().rule(When::question().within(2..), reply.clone()));
            let client = client(kind, &server.url());
            client.ask(&question(), LIMIT).await.unwrap();
            let error = client.ask(&question(), SHORT).await.unwrap_err();
            assert_eq!((error.reason().as_str(), error.class()), ("timed out after 0.2 s", OUTAGE));
            server.wait_for_questions(2, LIMIT);
            assert_eq!(server.requests().len(), 2);
        }
    }
}

#[tokio::test]
async fn redirect_is_named_not_followed() {
    for kind in [Ollama, OpenAi] {
        for (status, path) in [(301, "/api/chat"), (302, "/"), (307, "/api/chat"), (308, "/login")] {
            let target = FakeOllama::start(Script::new());
            let location = target.url().replace("http://", "http://user:s3ntinel@") + path + "?k=s3ntinel#x";
            let server = server(Reply::body(status, "text/plain", "").header("Location", &location));
            let error = client(kind, &server.url()).ask(&question(), LIMIT).await.unwrap_err();
            let shown = format!("{}{path}", target.url());
            let expected = format!("provider redirects to {shown} (status {status}); give that address if it is right");
            assert_eq!((error.reason(), error.class()), (expected, FailureClass::Fatal));
            assert_eq!((target.requests().len(), server.requests().len()), (0, 1));
        }
    }
}
