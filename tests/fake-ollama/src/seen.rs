//! What the server remembers of a request.

use serde_json::Value;

use crate::http::{self, HttpRequest};

/// A request as it arrived, and whether it was answered.
#[derive(Clone, Debug)]
pub struct SeenRequest {
    /// Its place among all requests of the server, from 1.
    pub ordinal: usize,
    /// The connection that it came on, from 1 in the order of acceptance.
    pub connection: usize,
    /// `GET`, `POST`, …
    pub method: String,
    /// The target without its query, as sent.
    pub path: String,
    /// All headers in their order, names as sent.
    pub headers: Vec<(String, String)>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The prompt, when it was a question or a load.
    pub prompt: Option<String>,
    /// Its place among the questions, from 1; `None` for everything else.
    pub question: Option<usize>,
    /// How often this prompt has been asked, this time included; `None` when it was no question.
    pub attempt: Option<usize>,
    /// The last byte of a whole response was handed to the system. Set just before that byte is written, so that a
    /// client which has the response finds `true`; taken back when the write fails.
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

    /// The value of the first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        http::header(&self.headers, name)
    }

    /// The body as JSON, or `None` when it is none.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }
}
