//! How a request is met: what is said, how its bytes go out, and what becomes of the connection.

use std::time::Duration;

use serde_json::Value;

use crate::answer::Answer;
use crate::gate::Gate;

/// One scripted reaction. Constructors say what; the methods that follow say how.
///
/// Successful replies to questions take a slot and the script's latency first; refusals (status 300 and above, close,
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

/// What is said.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// What the server says without a rule.
    Usual,
    Answer(Answer),
    /// The prompt itself.
    Echo,
    /// An error in the shape of the face that was asked.
    Failure {
        status: u16,
        message: String,
    },
    Body {
        status: u16,
        content_type: String,
        body: Vec<u8>,
    },
    /// Bytes on the wire instead of a response.
    Raw(Vec<u8>),
    Close,
    Reset,
    Die {
        back_after: Option<Duration>,
    },
}

/// How the length of the body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    /// Half of the body, and a length that is true of it.
    CutHonestly,
    /// Half of the body, the length of the whole, and then the end of the connection.
    CutShort,
}

/// How the bytes go out.
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

/// What becomes of the connection after a whole response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Keep,
    /// Closed at once without having said so.
    Close,
    /// Kept, and closed when the next request begins to arrive.
    CloseOnReuse,
}

impl Reply {
    /// What the server says without a rule; a base for the methods below.
    pub fn usual() -> Self {
        Self::of(Content::Usual)
    }

    /// A healthy answer with this text.
    pub fn answer(text: impl Into<String>) -> Self {
        Self::answer_with(Answer::new(text))
    }

    /// An answer with other fields than usual.
    pub fn answer_with(answer: Answer) -> Self {
        Self::of(Content::Answer(answer))
    }

    /// Status 200 with exactly this JSON value as body.
    pub fn json(value: &Value) -> Self {
        Self::body(200, "application/json; charset=utf-8", value.to_string())
    }

    /// An error status with a JSON error in the shape of the face that was asked.
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

    /// Waits before anything else, also for replies that take no latency. Holds no slot.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a header; one that the response has already is replaced.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends the body with `Content-Encoding: gzip`, asked for or not.
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

    /// Sends only half of the body, with a `Content-Length` that is true of that half.
    #[must_use]
    pub fn cut_honestly(mut self) -> Self {
        self.framing = Framing::CutHonestly;
        self
    }

    /// Sends only half of the body under the `Content-Length` of the whole, then closes.
    #[must_use]
    pub fn cut_short(mut self) -> Self {
        self.framing = Framing::CutShort;
        self
    }

    /// Sends the body in pieces of so many bytes, with a pause before each.
    ///
    /// # Panics
    /// When `piece` is 0.
    #[must_use]
    pub fn dripping(mut self, piece: usize, every: Duration) -> Self {
        assert!(piece > 0, "a piece has at least one byte");
        self.pace = Pace::Drip { piece, every };
        self
    }

    /// Goes on when `gate` opens: from where a `hang_…` stands, otherwise before the first byte.
    #[must_use]
    pub fn until(mut self, gate: &Gate) -> Self {
        let at = if let Pace::Stall { at, .. } = self.pace { at } else { Stall::BeforeHeaders };
        self.pace = Pace::Stall { at, gate: gate.clone() };
        self
    }

    /// Closes the connection after the response, without having said so. The client may or may not notice before it
    /// uses the connection again; see [`Reply::then_close_on_reuse`].
    #[must_use]
    pub fn then_close(mut self) -> Self {
        self.afterwards = Afterwards::Close;
        self
    }

    /// Closes the connection when its next request begins to arrive, before any byte of an answer: a stale pooled
    /// socket in every case. That request is not read and not counted.
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

    /// Whether this reply stands for a generation, which takes a slot and the script's latency.
    pub(crate) fn generates(&self) -> bool {
        match &self.content {
            Content::Usual | Content::Answer(_) | Content::Echo | Content::Raw(_) => true,
            Content::Failure { status, .. } | Content::Body { status, .. } => *status < 300,
            Content::Close | Content::Reset | Content::Die { .. } => false,
        }
    }
}
