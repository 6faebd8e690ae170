//! The reply to a request: its content, how its bytes are sent, and what happens to the connection.

use std::time::Duration;

use serde_json::Value;

use crate::answer::Answer;
use crate::gate::Gate;

/// One scripted reply. The constructors choose the content, the methods how it is sent.
///
/// Successful replies to questions first take a slot and the script's latency. Refusals (status 300 and above, close,
/// reset) do not, because a real server refuses before it generates.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(crate) content: Content,
    pub(crate) delay: Duration,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) gzip: bool,
    pub(crate) framing: Framing,
    pub(crate) pace: Pace,
    pub(crate) afterwards: Afterwards,
}

/// The content of a reply.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// The answer that the server gives without a rule.
    Usual,
    Answer(Answer),
    /// The prompt as the answer.
    Echo,
    /// An error in the shape of the request's interface.
    Failure {
        status: u16,
        message: String,
    },
    Body {
        status: u16,
        content_type: String,
        body: Vec<u8>,
    },
    /// Raw bytes in place of a response.
    Raw(Vec<u8>),
    Close,
    Reset,
    Die {
        back_after: Option<Duration>,
    },
}

/// How the length of the body is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    /// Half of the body with the length of that half.
    CutHonestly,
    /// Half of the body with the length of the whole, then the end of the connection.
    CutShort,
}

/// How the bytes are sent.
#[derive(Clone, Debug)]
pub(crate) enum Pace {
    AtOnce,
    Drip { piece: usize, every: Duration },
    Stall { at: Stall, gate: Gate },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stall {
    BeforeHeaders,
    InHeaders,
    InBody,
}

/// What happens to the connection after a complete response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Keep,
    /// Closed immediately, without notice.
    Close,
    /// Kept open, and closed when the next request begins to arrive.
    CloseOnReuse,
}

impl Reply {
    /// The answer that the server gives without a rule; a base for the methods below.
    pub fn usual() -> Self {
        Self::of(Content::Usual)
    }

    /// A healthy answer with this text.
    pub fn answer(text: impl Into<String>) -> Self {
        Self::answer_with(Answer::new(text))
    }

    /// An answer with the given fields.
    pub fn answer_with(answer: Answer) -> Self {
        Self::of(Content::Answer(answer))
    }

    /// Status 200 with exactly this JSON value as body.
    pub fn json(value: &Value) -> Self {
        Self::body(200, "application/json; charset=utf-8", value.to_string())
    }

    /// An error status with a JSON error in the shape of the request's interface.
    pub fn status(status: u16, message: &str) -> Self {
        Self::of(Content::Failure { status, message: message.to_owned() })
    }

    /// Any status with any body.
    pub fn body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::of(Content::Body { status, content_type: content_type.to_owned(), body: body.into() })
    }

    /// These bytes instead of a response, then the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Content::Raw(bytes.into()))
    }

    /// Waits before everything else, also for replies without latency. Takes no slot meanwhile.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header, or replaces one of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the body with `Content-Encoding: gzip`, requested or not.
    #[must_use]
    pub fn gzipped(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Sends the body with `Transfer-Encoding: chunked`.
    #[must_use]
    pub fn in_chunks(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Sends half of the body, with the `Content-Length` of that half.
    #[must_use]
    pub fn cut_honestly(mut self) -> Self {
        self.framing = Framing::CutHonestly;
        self
    }

    /// Sends half of the body with the `Content-Length` of the whole, then closes.
    #[must_use]
    pub fn cut_short(mut self) -> Self {
        self.framing = Framing::CutShort;
        self
    }

    /// Sends the body in pieces of `piece` bytes, with a pause before each.
    ///
    /// # Panics
    /// When `piece` is 0.
    #[must_use]
    pub fn dripping(mut self, piece: usize, every: Duration) -> Self {
        assert!(piece > 0, "a piece has at least one byte");
        self.pace = Pace::Drip { piece, every };
        self
    }

    /// Waits for `gate`: at the point where a `hang_…` stops, otherwise before the first byte.
    #[must_use]
    pub fn until(mut self, gate: &Gate) -> Self {
        let at = if let Pace::Stall { at, .. } = self.pace { at } else { Stall::BeforeHeaders };
        self.pace = Pace::Stall { at, gate: gate.clone() };
        self
    }

    /// Closes the connection after the response, without notice. The client may not notice until it uses the connection
    /// again; see [`Reply::then_close_on_reuse`].
    #[must_use]
    pub fn then_close(mut self) -> Self {
        self.afterwards = Afterwards::Close;
        self
    }

    /// Closes the connection when its next request begins to arrive, before any byte of an answer. This always gives a
    /// stale pooled socket. That request is neither read nor counted.
    #[must_use]
    pub fn then_close_on_reuse(mut self) -> Self {
        self.afterwards = Afterwards::CloseOnReuse;
        self
    }

    pub(crate) fn of(content: Content) -> Self {
        Self {
            content,
            delay: Duration::ZERO,
            headers: Vec::new(),
            gzip: false,
            framing: Framing::Length,
            pace: Pace::AtOnce,
            afterwards: Afterwards::Keep,
        }
    }

    pub(crate) fn stalled(mut self, at: Stall) -> Self {
        self.pace = Pace::Stall { at, gate: Gate::new() };
        self
    }

    /// Whether this reply is a generation, which takes a slot and the script's latency.
    pub(crate) fn generates(&self) -> bool {
        match &self.content {
            Content::Usual | Content::Answer(_) | Content::Echo | Content::Raw(_) => true,
            Content::Failure { status, .. } | Content::Body { status, .. } => *status < 300,
            Content::Close | Content::Reset | Content::Die { .. } => false,
        }
    }
}
