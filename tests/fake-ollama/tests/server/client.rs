//! A plain HTTP/1.1 client that hides nothing: status, headers and body bytes as received.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use cds_fake_ollama::FakeOllama;
use serde_json::{Value, json};

/// Long enough for a busy machine; reached only if a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A response as received.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ended before the promised length.
    pub(crate) is_short: bool,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// One connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
}

impl Client {
    pub(crate) fn connect(server: &FakeOllama) -> Self {
        Self::connect_to(server.port())
    }

    pub(crate) fn connect_to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server is up");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        stream.set_nodelay(true).expect("delays can be switched off");
        Self { stream }
    }

    pub(crate) fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).expect("the request can be sent");
    }

    pub(crate) fn receive(&mut self) -> io::Result<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.byte()?);
        }
        let head = String::from_utf8(head).expect("a head is text");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        let mut response = Response { status, head, body: Vec::new(), is_short: false };
        if response.header("transfer-encoding") == Some("chunked") {
            response.body = self.chunks()?;
        } else {
            let length = response.header("content-length").and_then(|text| text.parse().ok()).expect("a length");
            (response.body, response.is_short) = self.at_most(length)?;
        }
        Ok(response)
    }

    pub(crate) fn request(&mut self, method: &str, path: &str, body: &str) -> io::Result<Response> {
        self.send(&request_text(method, path, body));
        self.receive()
    }

    pub(crate) fn ask(&mut self, prompt: &str) -> io::Result<Response> {
        self.request("POST", "/api/generate", &question(prompt))
    }

    /// Reads past the last response: `Ok(0)` is an orderly end.
    pub(crate) fn ending(&mut self) -> io::Result<usize> {
        self.stream.read(&mut [0; 16])
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    fn at_most(&mut self, length: usize) -> io::Result<(Vec<u8>, bool)> {
        let mut body = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.stream.read(&mut body[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        body.truncate(filled);
        Ok((body, filled < length))
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.push(self.byte()?);
            }
            let digits = String::from_utf8_lossy(&line);
            let size = usize::from_str_radix(digits.trim(), 16).expect("a chunk size");
            let (piece, is_short) = self.at_most(size + 2)?;
            if is_short {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if size == 0 {
                return Ok(body);
            }
            body.extend(&piece[..size]);
        }
    }
}

pub(crate) fn question(prompt: &str) -> String {
    json!({ "model": "qwen3-coder:latest", "prompt": prompt, "stream": false }).to_string()
}

pub(crate) fn chat(prompt: &str) -> String {
    json!({ "model": "qwen3-coder:latest", "messages": [{ "role": "user", "content": prompt }] }).to_string()
}

pub(crate) fn request_text(method: &str, path: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Sends one request on its own connection.
pub(crate) fn fetch(server: &FakeOllama, method: &str, path: &str, body: &str) -> Response {
    Client::connect(server).request(method, path, body).expect("a response")
}

/// Sends one question on its own connection.
pub(crate) fn ask(server: &FakeOllama, prompt: &str) -> io::Result<Response> {
    Client::connect(server).ask(prompt)
}

pub(crate) fn ask_status(server: &FakeOllama, prompt: &str) -> u16 {
    ask(server, prompt).expect("a response").status
}
