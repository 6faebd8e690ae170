//! Faults of transport and HTTP, as a client sees them.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use cds_fake_ollama::{FakeOllama, Gate, Reply, Script, When, sentence_for};

use crate::client::{Client, PATIENCE, Response, ask, chat, fetch, question, request_text};

fn server_that(reply: Reply) -> FakeOllama {
    FakeOllama::start(Script::new().rule(When::question().nth(1), reply))
}

fn first(reply: Reply) -> Response {
    ask(&server_that(reply), "p").expect("a response")
}

#[test]
fn close_ends_without_bytes() {
    let server = server_that(Reply::close());
    let mut client = Client::connect(&server);
    assert_eq!(client.ask("p").expect_err("no response").kind(), ErrorKind::UnexpectedEof);
    assert_eq!((server.generate_count(), server.answered_count()), (1, 0));
    assert_eq!(ask(&server, "p").expect("the next one is fine").status, 200);
}

#[test]
fn reset_is_a_tcp_reset() {
    let server = server_that(Reply::reset());
    assert_eq!(ask(&server, "p").expect_err("no response").kind(), ErrorKind::ConnectionReset);
    assert_eq!(server.answered_count(), 0);
}

#[test]
fn raw_bytes_are_sent_unchanged() {
    let server = server_that(Reply::raw("SSH-2.0-OpenSSH\r\n"));
    let mut client = Client::connect(&server);
    client.send(&request_text("POST", "/api/generate", &question("p")));
    let mut text = String::new();
    client.stream.read_to_string(&mut text).expect("bytes and an end");
    assert_eq!(text, "SSH-2.0-OpenSSH\r\n");
}

/// Asserts that before the gate opens the response has `arrived` and not `missing`, and that it is complete afterwards.
fn check_hang(reply: Reply, arrived: &str, missing: &str) {
    let gate = Gate::new();
    let server = server_that(reply.until(&gate));
    let mut client = Client::connect(&server);
    client.send(&request_text("POST", "/api/generate", &question("p")));
    server.wait_for_questions(1, PATIENCE);
    let mut text = String::new();
    read_while(&mut client, &mut text, |text| !text.contains(arrived));
    let silence = Duration::from_millis(30);
    client.stream.set_read_timeout(Some(silence)).expect("a time-out can be set");
    assert!(!read_while(&mut client, &mut text, |_| true), "the connection is open and silent");
    assert!(!text.contains(missing), "{text}");
    assert_eq!((server.counts().in_flight, server.answered_count()), (1, 0));
    gate.open();
    client.stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    read_while(&mut client, &mut text, |text| !text.ends_with('}'));
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains(&sentence_for("p")), "{text}");
    assert_eq!((server.counts().in_flight, server.answered_count()), (0, 1));
}

/// Reads byte by byte while `more` holds; false if nothing came within the time-out.
fn read_while(client: &mut Client, text: &mut String, more: impl Fn(&str) -> bool) -> bool {
    while more(text) {
        let mut byte = [0];
        match client.stream.read_exact(&mut byte) {
            Ok(()) => text.push(char::from(byte[0])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return false,
            Err(error) => panic!("{error} after {text:?}"),
        }
    }
    true
}

#[test]
fn hang_before_headers_sends_nothing() {
    check_hang(Reply::hang_before_headers(), "", "HTTP");
}

#[test]
fn hang_in_headers_sends_some() {
    check_hang(Reply::hang_in_headers(), "HTTP/1.1 200 OK\r\n", "\r\n\r\n");
}

#[test]
fn hang_in_body_sends_some() {
    check_hang(Reply::hang_in_body(), "\r\n\r\n{", "}");
}

#[test]
fn hang_notices_client_leaving() {
    let server = server_that(Reply::hang_before_headers());
    let mut client = Client::connect(&server);
    client.send(&request_text("POST", "/api/generate", &question("p")));
    server.wait_for_questions(1, PATIENCE);
    drop(client);
    server.wait_until(PATIENCE, |counts| counts.in_flight == 0);
    assert_eq!(server.answered_count(), 0);
}

#[test]
fn drip_is_slow_but_whole() {
    let start = Instant::now();
    let response = first(Reply::answer("Drips.").dripping(20, Duration::from_millis(2)));
    assert_eq!(response.json()["response"], "Drips.");
    let piece_count = u32::try_from(response.body.len() / 20).expect("a small body");
    assert!(start.elapsed() >= Duration::from_millis(2) * piece_count);
    assert!(!first(Reply::drip(Duration::ZERO)).is_short);
}

#[test]
fn delay_is_waited_for() {
    let start = Instant::now();
    assert_eq!(first(Reply::status(503, "busy").after(Duration::from_millis(30))).status, 503);
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[test]
fn truncated_json_length_is_configurable() {
    let honest = first(Reply::truncated_json());
    assert!(!honest.is_short && serde_json::from_slice::<serde_json::Value>(&honest.body).is_err());
    let server = server_that(Reply::promised_too_much());
    assert!(ask(&server, "p").expect("a part").is_short);
    assert_eq!(server.answered_count(), 0);
}

#[test]
fn chunked_and_gzip_carry_same_answer() {
    let chunked = first(Reply::chunked());
    assert_eq!(chunked.header("content-length"), None);
    assert_eq!(chunked.json()["response"], sentence_for("p"));
    let zipped = first(Reply::gzip());
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert_eq!(zipped.body[..2], [0x1f, 0x8b]);
    let stored = &zipped.body[15..zipped.body.len() - 8];
    assert!(String::from_utf8_lossy(stored).contains(&sentence_for("p")));
}

#[test]
fn large_answer_is_valid() {
    let response = first(Reply::large(10_000_000));
    assert!(response.json()["response"].as_str().expect("text").len() >= 10_000_000);
}

#[test]
fn connection_may_close_unannounced() {
    let server = server_that(Reply::usual().then_close());
    let mut client = Client::connect(&server);
    let response = client.ask("p").expect("an answer");
    assert_eq!((response.status, response.header("connection")), (200, None));
    assert_eq!(client.ending().expect("an orderly end"), 0);
}

#[test]
fn stale_connection_fails_on_reuse() {
    let server = server_that(Reply::stale());
    let mut client = Client::connect(&server);
    assert_eq!(client.ask("p").expect("an answer").status, 200);
    assert!(client.ask("again").is_err());
    assert_eq!(server.generate_count(), 1);
    assert_eq!(ask(&server, "again").expect("a new connection is fine").status, 200);
}

#[test]
fn status_has_headers_and_shape() {
    let busy = first(Reply::retry_after(429, "7"));
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("7")));
    let redirect = first(Reply::redirect("http://elsewhere.test/"));
    assert_eq!((redirect.status, redirect.header("location")), (302, Some("http://elsewhere.test/")));
    assert_eq!(first(Reply::unauthorized()).json()["error"], "unauthorized");
    let server = server_that(Reply::status(500, "crashed"));
    let response = fetch(&server, "POST", "/v1/chat/completions", &chat("p"));
    assert_eq!((response.status, response.json()["error"]["message"].as_str()), (500, Some("crashed")));
    let html = first(Reply::html());
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(first(Reply::not_found_text()).text(), "404 page not found");
    assert_eq!(first(Reply::model_not_found("x")).text(), r#"{"error":"model 'x' not found"}"#);
}
