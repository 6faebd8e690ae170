//! How requests are read and recorded.

use cds_fake_ollama::{FakeOllama, Script};

use crate::client::{Client, PATIENCE, fetch, question, request_text};

#[test]
fn request_is_logged_whole() {
    let server = FakeOllama::start(Script::new());
    let mut client = Client::connect(&server);
    client.request("GET", "/api/version?x=1", "").expect("a response");
    client.ask("def f").expect("an answer");
    let seen = server.requests();
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str(), seen[0].question), ("GET", "/api/version", None));
    assert_eq!((seen[1].ordinal, seen[1].connection, seen[1].question), (2, 1, Some(1)));
    assert_eq!(seen[1].body, question("def f"));
    assert_eq!(seen[1].prompt.as_deref(), Some("def f"));
    assert_eq!(seen[1].json().expect("JSON")["stream"], false);
    assert_eq!(seen[1].header("HOST"), Some("test"));
    assert!(seen.iter().all(|request| request.answered));
    assert_eq!((server.generate_count(), server.answered_count(), server.counts().connections), (1, 1, 1));
}

#[test]
fn chunked_bodies_are_joined() {
    let server = FakeOllama::start(Script::new());
    let mut client = Client::connect(&server);
    let body = question("def f");
    let (first, second) = body.split_at(10);
    let head = "POST /api/generate HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(&format!("{head}a;name=value\r\n{first}\r\n{:X}\r\n", second.len()));
    client.send(&format!("{second}\r\n0\r\nTrailer: dropped\r\n\r\n"));
    assert_eq!(client.receive().expect("an answer").status, 200);
    assert_eq!(server.requests()[0].body, body);
    assert_eq!(client.ask("again").expect("the connection is kept").status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = FakeOllama::start(Script::new());
    let mut client = Client::connect(&server);
    let text = format!("{}{}", request_text("GET", "/api/version", ""), request_text("GET", "/api/ps", ""));
    client.send(&text);
    assert!(client.receive().expect("the first").text().contains("version"));
    assert!(client.receive().expect("the second").text().contains("models"));
}

#[test]
fn connection_close_is_obeyed() {
    let server = FakeOllama::start(Script::new());
    for request in ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
        let mut client = Client::connect(&server);
        client.send(request);
        let response = client.receive().expect("a response");
        assert_eq!(response.header("connection"), Some("close"), "{request}");
        assert_eq!(client.ending().expect("an orderly end"), 0, "{request}");
    }
}

#[test]
fn broken_requests_are_not_counted() {
    let server = FakeOllama::start(Script::new());
    for request in ["nonsense\r\n\r\n", "GET / SPDY/3\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n"] {
        let mut client = Client::connect(&server);
        client.send(request);
        assert_eq!(client.receive().expect("a response").status, 400, "{request}");
    }
    assert_eq!(server.counts().requests, 0);
}

#[test]
fn partial_request_is_not_counted() {
    let server = FakeOllama::start(Script::new());
    let mut client = Client::connect(&server);
    client.send("POST /api/generate HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
    drop(client);
    server.wait_until(PATIENCE, |counts| counts.connections == 1);
    fetch(&server, "GET", "/", "");
    assert_eq!((server.counts().requests, server.generate_count()), (1, 0));
}

#[test]
fn request_log_is_optional() {
    let server = FakeOllama::start(Script::new().without_request_log());
    fetch(&server, "POST", "/api/generate", &question("p"));
    assert!(server.requests().is_empty());
    assert_eq!((server.generate_count(), server.answered_count()), (1, 1));
}
