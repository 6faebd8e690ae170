//! Reads HTTP/1.1 requests from a connection: keep-alive, `Content-Length` and chunked bodies.
//!
//! Limits: 64 KiB for a head or a line, 256 MiB for a body. No `Expect`, no upgrades, trailers are dropped.

use std::io::{self, Read};
use std::net::TcpStream;

const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 256 * 1024 * 1024;
const READ_SIZE: usize = 16 * 1024;

/// One request as received.
#[derive(Debug)]
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    /// The request target as sent, with its query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the client asked to close the connection after this exchange.
    pub(crate) wants_close: bool,
}

impl HttpRequest {
    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The value of the first header with this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// The value of the first header with this name, in any case.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Splits a connection's bytes into requests and keeps surplus bytes for the next.
pub(crate) struct RequestReader<'a> {
    stream: &'a TcpStream,
    buffer: Vec<u8>,
}

impl<'a> RequestReader<'a> {
    pub(crate) fn new(stream: &'a TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The next request, or `None` if the client closed the connection between requests.
    ///
    /// Malformed requests are [`io::ErrorKind::InvalidData`].
    pub(crate) fn next_request(&mut self) -> io::Result<Option<HttpRequest>> {
        if self.buffer.is_empty() && self.fill()? == 0 {
            return Ok(None);
        }
        let mut request = parse_head(&self.take_through(b"\r\n\r\n")?)?;
        request.body = self.body(&request)?;
        Ok(Some(request))
    }

    /// Waits for the first byte of another request without taking it; false if the connection ends.
    pub(crate) fn another_begins(&mut self) -> bool {
        !self.buffer.is_empty() || matches!(self.stream.peek(&mut [0]), Ok(1))
    }

    fn body(&mut self, request: &HttpRequest) -> io::Result<Vec<u8>> {
        if request.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return self.chunked_body();
        }
        let length = match request.header("content-length") {
            Some(text) => text.trim().parse().map_err(|_| broken("content-length is not a number"))?,
            None => 0,
        };
        self.take(length)
    }

    fn chunked_body(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.take_through(b"\r\n")?;
            let text = String::from_utf8_lossy(&line);
            let digits = text.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(|_| broken("chunk size is not hexadecimal"))?;
            if size == 0 {
                while self.take_through(b"\r\n")?.len() > 2 {}
                return Ok(body);
            }
            if size.saturating_add(body.len()) > BODY_LIMIT {
                return Err(broken("body is too long"));
            }
            body.extend(self.take(size)?);
            if self.take(2)? != b"\r\n" {
                return Err(broken("chunk has no end"));
            }
        }
    }

    /// Takes exactly `length` bytes.
    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > BODY_LIMIT {
            return Err(broken("body is too long"));
        }
        while self.buffer.len() < length {
            self.fill_more()?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// Takes everything up to and including `end`.
    fn take_through(&mut self, end: &[u8]) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let from = searched;
            if let Some(found) = self.buffer[from..].windows(end.len()).position(|window| window == end) {
                return self.take(from + found + end.len());
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(broken("head is too long"));
            }
            searched = self.buffer.len().saturating_sub(end.len() - 1);
            self.fill_more()?;
        }
    }

    fn fill_more(&mut self) -> io::Result<()> {
        if self.fill()? == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut piece = [0; READ_SIZE];
        let count = self.stream.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..count]);
        Ok(count)
    }
}

fn parse_head(head: &[u8]) -> io::Result<HttpRequest> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(broken("request line has not three words"));
    };
    if !version.starts_with("HTTP/1.") {
        return Err(broken("request line names no HTTP/1 version"));
    }
    let headers = lines.filter(|line| !line.is_empty()).map(parse_header).collect::<io::Result<Vec<_>>>()?;
    let connection = header(&headers, "connection").unwrap_or_default().to_ascii_lowercase();
    let wants_close = connection.contains("close") || (version == "HTTP/1.0" && !connection.contains("keep-alive"));
    Ok(HttpRequest { method: method.into(), target: target.into(), headers, body: Vec::new(), wants_close })
}

fn parse_header(line: &str) -> io::Result<(String, String)> {
    let (name, value) = line.split_once(':').ok_or_else(|| broken("header has no colon"))?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn broken(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
