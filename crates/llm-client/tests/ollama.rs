//! The HTTP client against a real server on loopback.

use std::time::Duration;

use cds_fake_ollama::{Answer as FakeAnswer, FakeOllama, Reply, Script, When};
use cds_llm_client::{Answer, AskError, LlmClient, OllamaClient, OllamaSettings, ProviderUrl, Question};
use cds_model::SymbolKind;
use serde_json::json;

const CODE: &str = "def add(left, right):\n    return left + right";
const SENTINEL: &str = "s3ntinel";
const LIMIT: Duration = Duration::from_millis(600);

fn client(url: &str) -> OllamaClient {
    let settings = OllamaSettings::default();
    let Ok(ProviderUrl::Http(url)) = url.parse() else { panic!("{url} is a web address") };
    OllamaClient::new(url, OllamaClient::DEFAULT_MODEL, settings).expect("a client needs no server")
}

fn question() -> Question {
    Question { kind: SymbolKind::Function, code: CODE.into() }
}

async fn ask(reply: Reply) -> Result<Answer, AskError> {
    let server = FakeOllama::start(Script::new().rule(When::question(), reply));
    client(&server.url()).ask(&question(), LIMIT).await
}

async fn reason(reply: Reply) -> String {
    ask(reply).await.expect_err("the reply is no answer").reason()
}

#[tokio::test]
async fn a_question_is_one_deterministic_request() {
    let server = FakeOllama::start(Script::new());
    let answer = client(&server.url()).ask(&question(), LIMIT).await.unwrap();
    assert!(answer.intent.ends_with('.') && answer.prompt_tokens > Some(0) && answer.answer_tokens > Some(0));

    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/api/generate"));
    let mut body = requests[0].json().unwrap();
    let prompt = body.as_object_mut().unwrap().remove("prompt").unwrap();
    assert!(prompt.as_str().unwrap().ends_with(&format!("<code>\n{CODE}\n</code>\n")));
    let expected = json!({
        "model": "qwen3-coder:latest", "stream": false, "think": false, "truncate": false, "keep_alive": "15m",
        "options": {"num_ctx": 8192, "num_predict": 96, "temperature": 0.0, "seed": 1},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn connections_are_kept() {
    let server = FakeOllama::start(Script::new());
    let client = client(&server.url());
    for _ in 0..3 {
        client.ask(&question(), LIMIT).await.unwrap();
    }
    assert!(server.requests().iter().all(|request| request.connection == 1));
}

#[tokio::test]
async fn an_answer_is_cleaned_before_it_is_believed() {
    let wrapped = "<think>adding?</think>\n```json\n{\"intent\": \"Adds two numbers. Really.\"}\n```";
    assert_eq!(ask(Reply::answer(wrapped)).await.unwrap().intent, "Adds two numbers.");
    let cut = Reply::answer_with(FakeAnswer::new("Adds two").done_reason("length"));
    assert_eq!(reason(cut).await, "untrustworthy answer: it was cut off before the end of a sentence");
    assert_eq!(reason(Reply::answer(CODE)).await, "untrustworthy answer: it repeats the code");
    assert_eq!(reason(Reply::answer(" \n")).await, "untrustworthy answer: it is blank");
}

#[tokio::test]
async fn an_answer_in_chunks_is_put_together() {
    assert_eq!(ask(Reply::answer("Adds two numbers.").in_chunks()).await.unwrap().intent, "Adds two numbers.");
}

#[tokio::test]
async fn an_error_keeps_its_status_and_one_line() {
    for (reply, expected) in [
        (Reply::status(404, "model 'x' not found"), "provider answered with status 404: model 'x' not found"),
        (Reply::body(502, "text/html", "<html>bad</html>"), "provider answered with status 502: a page of markup"),
        (Reply::body(403, "text/plain", ""), "provider answered with status 403"),
        (
            Reply::body(404, "text/plain", "404 page not found\n"),
            "provider answered with status 404: 404 page not found",
        ),
        (Reply::body(200, "text/html", "<html>"), "malformed answer: a page of markup instead of JSON"),
        (Reply::json(&json!({"error": "no memory"})), "provider reported an error: no memory"),
        (Reply::gzip(), "malformed answer: the body is no complete JSON"),
        (Reply::answer("Adds.").cut_honestly(), "malformed answer: the body is no complete JSON"),
    ] {
        assert_eq!(reason(reply).await, expected);
    }
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let endless = Reply::body(200, "application/json", vec![b' '; 10 << 20]);
    assert!(matches!(ask(endless).await, Err(AskError::TooLarge { limit: 1_048_576 })));
}

#[tokio::test]
async fn a_connection_that_breaks_is_told_from_one_that_was_not_made() {
    assert!(matches!(ask(Reply::answer("Adds.").cut_short()).await, Err(AskError::Broken { .. })));
    assert!(matches!(ask(Reply::reset()).await, Err(AskError::Broken { .. })));

    let server = FakeOllama::start(Script::new());
    let client = client(&server.url());
    server.stop();
    let error = client.ask(&question(), LIMIT).await.unwrap_err();
    assert!(matches!(error, AskError::Connect { .. }));
    let expected = format!("could not connect to {}: Connection refused (os error 111)", server.url());
    if cfg!(target_os = "linux") {
        assert_eq!(error.reason(), expected);
    }
}

#[tokio::test]
async fn silence_ends_with_the_time_out() {
    for reply in [Reply::hang_before_headers(), Reply::hang_in_headers(), Reply::hang_in_body()] {
        assert_eq!(reason(reply).await, "timed out after 0.6 s");
    }
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let target = FakeOllama::start(Script::new());
    let location = target.url().replace("http://", &format!("http://user:{SENTINEL}@")) + "/api/generate?k=s3ntinel#x";
    let server = FakeOllama::start(
        Script::new().rule(When::question(), Reply::body(307, "text/plain", "").header("Location", &location)),
    );
    let reason = client(&server.url()).ask(&question(), LIMIT).await.unwrap_err().reason();
    let shown = format!("{}/api/generate", target.url());
    assert_eq!(reason, format!("provider redirects to {shown} (status 307); give that address if it is right"));
    assert_eq!(target.requests().len(), 0);
}

#[tokio::test]
async fn credentials_are_sent_and_shown_nowhere() {
    // user:s3ntinel@ in Base64.
    let server = FakeOllama::start(Script::new().prefix("/gate").require_authorization("Basic dXNlcjpzM250aW5lbEA="));
    let url = server.url().replace("http://", &format!("http://user:{SENTINEL}%40@")) + "/gate/?key=s3ntinel";
    let client = client(&url);
    assert!(!client.provider_url().contains(SENTINEL) && client.provider_url().ends_with("/gate"));
    client.ask(&question(), LIMIT).await.unwrap();
    assert!(!server.requests()[0].path.contains(SENTINEL));

    server.stop();
    let error = client.ask(&question(), LIMIT).await.unwrap_err();
    assert!(!format!("{error} {error:?} {}", error.reason()).contains(SENTINEL));
}

#[tokio::test]
async fn an_error_that_repeats_the_password_is_blackened() {
    let server =
        FakeOllama::start(Script::new().rule(When::question(), Reply::status(400, "no such user as user:s3ntinel")));
    let url = server.url().replace("http://", &format!("http://user:{SENTINEL}@"));
    let error = client(&url).ask(&question(), LIMIT).await.unwrap_err();
    assert_eq!(error.reason(), "provider answered with status 400: no such user as user:***");
}
