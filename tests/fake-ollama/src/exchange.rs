//! Handles one request: waits, chooses the answer, sends it, and records it.

use std::io::{self, Write};
use std::sync::Arc;

use crate::answer::{Answer, sentence_for};
use crate::delivery::{Delivery, deliver, deliver_raw};
use crate::http::HttpRequest;
use crate::inquiry::{Face, Inquiry};
use crate::journal::{Admission, Arrival};
use crate::line::{Slot, Ticket};
use crate::message::Message;
use crate::reply::{Afterwards, Content, Pace, Reply};
use crate::script::Script;
use crate::server::Shared;
use crate::watch::Watch;
use crate::{ollama, openai};

/// What the connection does after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Keep,
    Close,
    Reset,
    CloseOnReuse,
}

/// The parts of one exchange. The slot and the in-flight count are released just before the last byte. So a client that
/// has its answer and asks again is never counted twice.
pub(crate) struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    watch: Watch<'a>,
    request: &'a HttpRequest,
    path: &'a str,
    inquiry: Option<&'a Inquiry>,
    admission: Admission,
    ticket: Option<Ticket<'a>>,
    slot: Option<Slot<'a>>,
    is_open: bool,
}

impl<'a> Exchange<'a> {
    /// Records the request and, under the same lock, gives a generation its place in the queue.
    pub(crate) fn begin(shared: &'a Arc<Shared>, watch: Watch<'a>, arrival: &Arrival<'a>, path: &'a str) -> Self {
        let Arrival { request, inquiry, .. } = *arrival;
        let (admission, ticket) = shared.journal.admit(arrival, &shared.script.rules, |reply| {
            let queues = reply.delay.is_zero() && generates(reply, inquiry, &shared.script);
            queues.then(|| shared.line.queue())
        });
        Self { shared, watch, request, path, inquiry, admission, ticket, slot: None, is_open: true }
    }

    /// Handles the request to its end. A client that left or a stopping server ends the connection.
    pub(crate) fn run(mut self) -> Next {
        let next = self.converse();
        self.finish(false);
        next.unwrap_or(Next::Close)
    }

    fn converse(&mut self) -> io::Result<Next> {
        if !self.is_authorized() {
            let refusal = self.failure(401, "unauthorized");
            return self.send(&deliver(refusal, &Reply::usual(), self.request.wants_close));
        }
        self.watch.sleep(self.admission.reply.delay)?;
        self.wait_for_the_model()?;
        self.react()
    }

    fn wait_for_the_model(&mut self) -> io::Result<()> {
        let Some(inquiry) = self.inquiry else { return Ok(()) };
        let script = &self.shared.script;
        if self.ticket.is_none() && generates(&self.admission.reply, self.inquiry, script) {
            self.ticket = Some(self.shared.line.queue());
        }
        let Some(ticket) = self.ticket.take() else { return Ok(()) };
        self.slot = Some(ticket.enter(&self.watch)?);
        if inquiry.is_load() { Ok(()) } else { self.watch.sleep(script.latency) }
    }

    fn is_authorized(&self) -> bool {
        let required = self.shared.script.authorization.as_deref();
        required.is_none_or(|value| self.request.header("authorization") == Some(value))
    }

    fn react(&mut self) -> io::Result<Next> {
        let reply = &self.admission.reply;
        let message = match &reply.content {
            Content::Close | Content::Reset | Content::Die { .. } => return self.hang_up(),
            Content::Raw(bytes) => {
                let delivery = deliver_raw(bytes, reply);
                return self.send(&delivery).map(|_| Next::Close);
            }
            Content::Usual => self.usual(),
            Content::Answer(answer) => self.shape(answer),
            Content::Echo => self.shape(&Answer::new(self.inquiry.map_or("", |inquiry| &inquiry.prompt))),
            Content::Failure { status, message } => self.failure(*status, message),
            Content::Body { status, content_type, body } => Message::new(*status, content_type, body.as_slice()),
        };
        let delivery = deliver(message, reply, self.request.wants_close);
        self.send(&delivery)
    }

    /// Closes the connection, or stops the whole server, without a byte. A held reply first waits for its gate.
    fn hang_up(&mut self) -> io::Result<Next> {
        if let Pace::Stall { gate, .. } = &self.admission.reply.pace {
            self.watch.wait_at(gate)?;
        }
        self.finish(false);
        match self.admission.reply.content {
            Content::Die { back_after } => self.shared.die(back_after),
            Content::Reset => return Ok(Next::Reset),
            _ => {}
        }
        Ok(Next::Close)
    }

    fn face(&self) -> Face {
        Face::of_path(self.path)
    }

    /// The answer of a healthy server.
    fn usual(&self) -> Message {
        let script = &self.shared.script;
        match (self.inquiry, self.face()) {
            (None, Face::Ollama) => ollama::respond(script, self.request, self.path, self.shared.line.is_warm()),
            (None, Face::OpenAi) => openai::respond(script, self.request, self.path),
            (Some(inquiry), Face::Ollama) if misses_model(self.inquiry, script) => {
                ollama::model_missing(&inquiry.model)
            }
            (Some(inquiry), Face::OpenAi) if misses_model(self.inquiry, script) => {
                openai::model_missing(&inquiry.model)
            }
            (Some(inquiry), _) if inquiry.is_load() => self.shape(&ollama::load_answer()),
            (Some(inquiry), _) => self.shape(&Answer::new(sentence_for(&inquiry.prompt))),
        }
    }

    /// Shapes an answer for the interface of the request; other endpoints get Ollama's shape.
    fn shape(&self, answer: &Answer) -> Message {
        match self.inquiry {
            Some(inquiry) if inquiry.face == Face::OpenAi => openai::completed(inquiry, answer),
            Some(inquiry) => ollama::generated(inquiry, answer),
            None => {
                let nothing = Inquiry {
                    face: Face::Ollama,
                    is_chat: false,
                    model: String::new(),
                    prompt: String::new(),
                    stream: false,
                };
                ollama::generated(&nothing, answer)
            }
        }
    }

    fn failure(&self, status: u16, message: &str) -> Message {
        match self.face() {
            Face::Ollama => ollama::failure(status, message),
            Face::OpenAi => openai::failure(status, message),
        }
    }

    fn send(&mut self, delivery: &Delivery) -> io::Result<Next> {
        let last = delivery.pieces.len() - 1;
        for (position, piece) in delivery.pieces.iter().enumerate() {
            if position > 0 {
                self.pause()?;
            }
            if position == last {
                self.finish(delivery.is_whole);
            }
            let written = self.watch.stream.write_all(piece);
            if written.is_err() && position == last && delivery.is_whole {
                self.shared.journal.take_back(&self.admission);
            }
            written?;
        }
        Ok(match self.admission.reply.afterwards {
            _ if self.request.wants_close || !delivery.is_whole => Next::Close,
            Afterwards::Keep => Next::Keep,
            Afterwards::Close => Next::Close,
            Afterwards::CloseOnReuse => Next::CloseOnReuse,
        })
    }

    fn pause(&self) -> io::Result<()> {
        match &self.admission.reply.pace {
            Pace::AtOnce => Ok(()),
            Pace::Drip { every, .. } => self.watch.sleep(*every),
            Pace::Stall { gate, .. } => self.watch.wait_at(gate),
        }
    }

    /// Releases the slot and records the outcome, once.
    fn finish(&mut self, answered: bool) {
        if self.is_open {
            self.is_open = false;
            self.ticket = None;
            self.slot = None;
            self.shared.journal.finish(&self.admission, answered);
        }
    }
}

/// Whether a reply to this request takes a slot. A missing model is noticed before the queue.
fn generates(reply: &Reply, inquiry: Option<&Inquiry>, script: &Script) -> bool {
    let is_usual = matches!(reply.content, Content::Usual);
    inquiry.is_some() && reply.generates() && !(is_usual && misses_model(inquiry, script))
}

fn misses_model(inquiry: Option<&Inquiry>, script: &Script) -> bool {
    inquiry.is_some_and(|inquiry| script.find_model(&inquiry.model).is_none())
}
