//! The known failures and faults of model servers, one constructor each.
//!
//! Sources: the project's `OLLAMA.md`, and the public shape of the `OpenAI` API.

use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::reply::{Content, Reply, Stall};

/// The sentence in replies that wrap a good answer.
const SENTENCE: &str = "Adds two numbers and returns the sum.";

/// Faults of transport and HTTP.
impl Reply {
    /// Closes the connection before any byte, in an orderly way.
    pub fn close() -> Self {
        Self::of(Content::Close)
    }

    /// Resets the connection before any byte.
    pub fn reset() -> Self {
        Self::of(Content::Reset)
    }

    /// Stops the whole server: all connections end and the port refuses, until
    /// [`FakeOllama::restart`](crate::FakeOllama::restart).
    pub fn die() -> Self {
        Self::of(Content::Die { back_after: None })
    }

    /// Like [`Reply::die`], but the server restarts by itself after `length`.
    pub fn die_for(length: Duration) -> Self {
        Self::of(Content::Die { back_after: Some(length) })
    }

    /// Sends nothing until the server stops, the client leaves, or the gate of [`Reply::until`] opens.
    pub fn hang_before_headers() -> Self {
        Self::usual().stalled(Stall::BeforeHeaders)
    }

    /// Sends half of the headers and then waits in the same way.
    pub fn hang_in_headers() -> Self {
        Self::usual().stalled(Stall::InHeaders)
    }

    /// Sends the headers and half of the body and then waits in the same way.
    pub fn hang_in_body() -> Self {
        Self::usual().stalled(Stall::InBody)
    }

    /// A healthy answer, byte by byte.
    pub fn drip(every: Duration) -> Self {
        Self::usual().dripping(1, every)
    }

    /// JSON that stops midway, with the `Content-Length` of what is sent.
    pub fn truncated_json() -> Self {
        Self::usual().cut_honestly()
    }

    /// Sends half of the promised `Content-Length`, then closes the connection.
    pub fn promised_too_much() -> Self {
        Self::usual().cut_short()
    }

    /// A status with `Retry-After`: seconds or an HTTP date.
    pub fn retry_after(status: u16, value: &str) -> Self {
        Self::status(status, "server busy, please try again").header("Retry-After", value)
    }

    /// A redirect (302) to another address.
    pub fn redirect(location: &str) -> Self {
        Self::body(302, "text/plain", "").header("Location", location)
    }

    /// An HTML page with status 200, as captive portals and proxies send.
    pub fn html() -> Self {
        let page = "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>";
        Self::body(200, "text/html; charset=utf-8", page)
    }

    /// `404 page not found` as text: the URL is wrong.
    pub fn not_found_text() -> Self {
        Self::body(404, "text/plain", "404 page not found")
    }

    /// The model is missing: 404 with JSON.
    pub fn model_not_found(model: &str) -> Self {
        Self::status(404, &format!("model '{model}' not found"))
    }

    /// 401 with JSON.
    pub fn unauthorized() -> Self {
        Self::status(401, "unauthorized")
    }

    /// A valid JSON answer whose text has this many bytes.
    pub fn large(byte_count: usize) -> Self {
        Self::answer("word ".repeat(byte_count.div_ceil(5)))
    }

    /// A healthy answer with `Content-Encoding: gzip`.
    pub fn gzip() -> Self {
        Self::usual().gzipped()
    }

    /// A healthy answer with `Transfer-Encoding: chunked`.
    pub fn chunked() -> Self {
        Self::usual().in_chunks()
    }

    /// A healthy answer on a connection that closes when it is used again: a stale pooled socket.
    pub fn stale() -> Self {
        Self::usual().then_close_on_reuse()
    }

    /// JSON whose text has invalid UTF-8.
    pub fn invalid_utf8() -> Self {
        let body = b"{\"model\":\"m\",\"message\":{\"content\":\"Adds \xff\xfe numbers.\"},\"done\":true,\"choices\":[{\"index\":0,\
            \"message\":{\"role\":\"assistant\",\"content\":\"Adds \xff\xfe numbers.\"},\"finish_reason\":\"stop\"}]}";
        Self::body(200, "application/json", body.as_slice())
    }
}

/// Faults in a model's or server's answer with status 200.
impl Reply {
    /// An `error` with status 200.
    pub fn error(message: &str) -> Self {
        Self::status(200, message)
    }

    /// An aborted generation: part of the text and `done: false`.
    pub fn done_false() -> Self {
        Self::answer_with(Answer::new("Adds two numbers and").unfinished())
    }

    /// The token limit was reached in mid-sentence.
    pub fn length() -> Self {
        Self::answer_with(Answer::new("Adds two numbers and then").done_reason("length"))
    }

    /// The model was only loaded.
    pub fn loaded() -> Self {
        Self::answer_with(Answer::new("").done_reason("load"))
    }

    /// White space only.
    pub fn blank() -> Self {
        Self::answer(" \n\t ")
    }

    /// `null` as text.
    pub fn null() -> Self {
        Self::answer_with(Answer::of_value(Value::Null))
    }

    /// A number as text.
    pub fn number() -> Self {
        Self::answer_with(Answer::of_value(json!(42)))
    }

    /// An escape sequence, NUL, bell, delete and bidirectional overrides inside a sentence.
    pub fn control_characters() -> Self {
        Self::answer("Adds \u{1b}[31mtwo\u{1b}[0m num\u{0}bers\u{7} and\u{7f} \u{202e}returns\u{202c} the sum.")
    }

    /// Thinking in tags before the sentence.
    pub fn thinking() -> Self {
        Self::answer(format!("<think>\nThe user wants one sentence. Subtracts?\n</think>\n\n{SENTENCE}"))
    }

    /// Thinking whose opening tag is missing.
    pub fn thinking_unopened() -> Self {
        Self::answer(format!("The user wants one sentence. Subtracts?\n</think>\n\n{SENTENCE}"))
    }

    /// Thinking that never ends: no sentence.
    pub fn thinking_unclosed() -> Self {
        Self::answer_with(Answer::new("<think>\nThe user wants one sentence. Let me").done_reason("length"))
    }

    /// Thinking in a separate field.
    pub fn thinking_field() -> Self {
        Self::answer_with(Answer::new(SENTENCE).thinking("The user wants one sentence."))
    }

    /// A polite preamble and a label before the sentence.
    pub fn preamble() -> Self {
        Self::answer(format!("Sure! Here is the one-sentence summary:\n\n**Intent:** {SENTENCE}"))
    }

    /// The sentence in quotes.
    pub fn quoted() -> Self {
        Self::answer(format!("\"{SENTENCE}\""))
    }

    /// The sentence in a fenced block.
    pub fn fenced() -> Self {
        Self::answer(format!("```text\n{SENTENCE}\n```"))
    }

    /// The sentence in a JSON object in the text.
    pub fn json_wrapped() -> Self {
        Self::answer(json!({"intent": SENTENCE}).to_string())
    }

    /// The prompt as the answer.
    pub fn echo() -> Self {
        Self::of(Content::Echo)
    }

    /// The model refuses.
    pub fn refusal() -> Self {
        Self::answer("I'm sorry, but I can't help with that request.")
    }
}
