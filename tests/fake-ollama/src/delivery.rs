//! Turns a message into the pieces that are written to the connection.

use crate::gzip::gzip;
use crate::message::Message;
use crate::reply::{Framing, Pace, Reply, Stall};

/// The bytes of a response, cut where the reply pauses.
pub(crate) struct Delivery {
    /// Written in order, with the reply's pause between two pieces.
    pub(crate) pieces: Vec<Vec<u8>>,
    /// Whether these pieces are the complete response.
    pub(crate) is_whole: bool,
}

/// Encodes `message` as `reply` specifies. `closes` adds `Connection: close`.
pub(crate) fn deliver(mut message: Message, reply: &Reply, closes: bool) -> Delivery {
    for (name, value) in &reply.headers {
        set_header(&mut message, name, value);
    }
    if reply.gzip {
        message.body = gzip(&message.body);
        set_header(&mut message, "Content-Encoding", "gzip");
    }
    let (framing, body) = frame(&message, reply.framing);
    let connection = if closes { "Connection: close\r\n" } else { "" };
    let head = message.head(&format!("{framing}{connection}"));
    Delivery { pieces: cut(head, body, &reply.pace), is_whole: reply.framing != Framing::CutShort }
}

/// Raw bytes in place of a response.
pub(crate) fn deliver_raw(bytes: &[u8], reply: &Reply) -> Delivery {
    Delivery { pieces: cut(Vec::new(), bytes.to_vec(), &reply.pace), is_whole: true }
}

fn set_header(message: &mut Message, name: &str, value: &str) {
    message.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    message.headers.push((name.to_owned(), value.to_owned()));
}

/// The framing header and the encoded body.
fn frame(message: &Message, framing: Framing) -> (String, Vec<u8>) {
    let body = message.body.as_slice();
    let half = &body[..body.len() / 2];
    let length = |count: usize| format!("Content-Length: {count}\r\n");
    match framing {
        Framing::Length if !message.streamed => (length(body.len()), body.to_vec()),
        Framing::Length | Framing::Chunked => ("Transfer-Encoding: chunked\r\n".to_owned(), chunk(body)),
        Framing::CutHonestly => (length(half.len()), half.to_vec()),
        Framing::CutShort => (length(body.len()), half.to_vec()),
    }
}

/// A few chunks of unequal size, which a client must join.
fn chunk(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 64);
    for piece in body.chunks(body.len() / 3 + 1) {
        out.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        out.extend(piece);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

fn cut(mut head: Vec<u8>, body: Vec<u8>, pace: &Pace) -> Vec<Vec<u8>> {
    match pace {
        Pace::AtOnce => {
            head.extend(body);
            vec![head]
        }
        Pace::Drip { piece, .. } => {
            let mut pieces = vec![head];
            pieces.extend(body.chunks(*piece).map(<[u8]>::to_vec));
            pieces
        }
        Pace::Stall { at, .. } => {
            let position = match at {
                Stall::BeforeHeaders => 0,
                Stall::InHeaders => head.len() / 2,
                Stall::InBody => head.len() + body.len() / 2,
            };
            head.extend(body);
            let rest = head.split_off(position);
            vec![head, rest]
        }
    }
}
