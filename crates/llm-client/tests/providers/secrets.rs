//! Credentials are sent to the provider and shown nowhere, whatever it sends back.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};
use cds_llm_client::{LlmClient, ProviderError, ProviderKind};
use serde_json::json;

use crate::support::{LIMIT, Ollama, OpenAi, choice, client, question};

const SENTINEL: &str = "s3ntinel-s3ntinel";
/// `user:s3ntinel-s3ntinel` in Base64.
const BASIC: &str = "dXNlcjpzM250aW5lbC1zM250aW5lbA==";

fn with_token(kind: ProviderKind, url: &str) -> Box<dyn LlmClient> {
    let mut choice = choice(kind, url);
    choice.token = Some(SENTINEL.parse().expect("both can be sent"));
    choice.into_client().expect("both can be sent")
}

fn with_password(kind: ProviderKind, url: &str) -> Box<dyn LlmClient> {
    client(kind, &url.replace("http://", &format!("http://user:{SENTINEL}@")))
}

#[tokio::test]
async fn credentials_are_sent_with_every_request() {
    for kind in [Ollama, OpenAi] {
        for (value, open) in [
            (format!("Bearer {SENTINEL}"), with_token as fn(ProviderKind, &str) -> Box<dyn LlmClient>),
            (format!("Basic {BASIC}"), with_password),
        ] {
            let server = FakeOllama::start(Script::new().prefix("/gate").require_authorization(&value));
            let version = if kind == OpenAi { "v1" } else { "" };
            let client = open(kind, &format!("{}/gate/{version}?key={SENTINEL}", server.url()));
            assert!(!client.provider_url().contains(SENTINEL));
            client.probe().await.unwrap();
            client.ask(&question(), LIMIT).await.unwrap();
            assert!(server.requests().iter().all(|request| request.header("authorization") == Some(&value)));
            assert!(server.requests().iter().all(|request| !request.body.contains(SENTINEL)));

            server.stop();
            let error = client.ask(&question(), LIMIT).await.unwrap_err();
            assert!(!format!("{error} {error:?} {}", error.reason()).contains(SENTINEL));
            let error = client.probe().await.unwrap_err();
            assert!(!format!("{error} {error:?}").contains(SENTINEL));
        }
    }
}

#[tokio::test]
async fn echoed_credentials_are_redacted() {
    let echo = format!("no {SENTINEL} for Basic {BASIC}, {}", SENTINEL.to_uppercase());
    for reply in [
        Reply::status(400, &echo),
        Reply::status(401, &echo),
        Reply::body(500, "text/plain", echo.as_str()),
        Reply::json(&json!({"error": echo})),
        Reply::json(&json!({"error": {"message": format!("{}{echo}", "word ".repeat(25))}})),
        Reply::redirect(&format!("http://{SENTINEL}.example/{SENTINEL}/{BASIC}")),
        Reply::redirect(&format!("/login/{SENTINEL}")),
    ] {
        for kind in [Ollama, OpenAi] {
            for open in [with_token, with_password] {
                let server = FakeOllama::start(Script::new().rule(When::under("/"), reply.clone()));
                let client = open(kind, &server.url());
                let error = client.ask(&question(), LIMIT).await.unwrap_err();
                let text = format!("{error} {error:?} {}", error.reason()).to_lowercase();
                assert!(!text.contains("s3nt") && text.contains("***"), "{text}");

                let outcome = client.probe().await.map_err(|error| format!("{error} {error:?}"));
                assert!(!format!("{outcome:?}").to_lowercase().contains("s3nt"), "{outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn base64_password_is_redacted() {
    let server = FakeOllama::start(Script::new().rule(When::question(), Reply::status(400, &format!("got {BASIC}"))));
    let error = with_password(Ollama, &server.url()).ask(&question(), LIMIT).await.unwrap_err();
    assert_eq!(error.reason(), "provider answered with status 400: got ***");
}

#[test]
fn two_credentials_are_refused() {
    for kind in [Ollama, OpenAi] {
        let mut choice = choice(kind, &format!("http://user:{SENTINEL}@h"));
        choice.token = Some(SENTINEL.parse().unwrap());
        let Err(error) = choice.into_client() else { panic!("two credentials") };
        assert!(matches!(error, ProviderError::TwoCredentials));
        assert!(!format!("{error} {error:?}").contains(SENTINEL));
    }
}
