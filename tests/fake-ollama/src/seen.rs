//! What the server records of a request.

use serde_json::Value;

use crate::http::{self, HttpRequest};

/// A request as it arrived, and whether it was answered.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Its index among all requests of the server, from 1.
    pub ordinal: usize,
    /// The connection that it used, from 1 in order of acceptance.
    pub connection: usize,
    /// `GET`, `POST`, …
    pub method: String,
    /// The target without its query, as sent.
    pub path: String,
    /// All headers in order, with names as sent.
    pub headers: Vec<(String, String)>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The prompt, if it was a question or a load.
    pub prompt: Option<String>,
    /// Its index among the questions, from 1; `None` for other requests.
    pub question: Option<usize>,
    /// How often this prompt has been asked, including this time; `None` if it was no question.
    pub attempt: Option<usize>,
    /// Whether the last byte of a complete response was handed to the system. It is set just before that byte is
    /// written, so that a client with the response finds `true`. A failed write resets it.
    pub answered: bool,
}

impl SeenRequest {
    pub(crate) fn new(request: &HttpRequest, connection: usize) -> Self {
        Self {
            ordinal: 0,
            connection,
            method: request.method.clone(),
            path: request.path().to_owned(),
            headers: request.headers.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            prompt: None,
            question: None,
            attempt: None,
            answered: false,
        }
    }

    /// The value of the first header with this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        http::header(&self.headers, name)
    }

    /// The body as JSON, or `None` if it is not JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}
