//! Serves one connection from its first request to its end.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;

use crate::exchange::{Exchange, Next};
use crate::http::{HttpRequest, RequestReader};
use crate::inquiry::Inquiry;
use crate::journal::Arrival;
use crate::listener::Listening;
use crate::server::Shared;
use crate::watch::Watch;

/// How to close a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Close,
    Reset,
}

/// Serves requests until either side ends the connection.
pub(crate) fn serve(stream: &TcpStream, number: usize, listening: &Listening, shared: &Arc<Shared>) -> Ending {
    let mut reader = RequestReader::new(stream);
    loop {
        let request = match reader.next_request() {
            Ok(Some(request)) => request,
            Ok(None) => return Ending::Close,
            Err(error) => {
                refuse(stream, &error);
                return Ending::Close;
            }
        };
        match handle(&request, Watch { listening, stream }, number, shared) {
            Next::Keep => {}
            Next::Close => return Ending::Close,
            Next::Reset => return Ending::Reset,
            Next::CloseOnReuse => {
                reader.another_begins();
                return Ending::Reset;
            }
        }
    }
}

fn handle(request: &HttpRequest, watch: Watch<'_>, connection: usize, shared: &Arc<Shared>) -> Next {
    // A path outside the prefix gets a form that no endpoint has.
    let path = request.path().strip_prefix(shared.script.prefix.as_str()).unwrap_or("/outside-of-prefix");
    let inquiry = Inquiry::of(request, path);
    let arrival = Arrival { request, inquiry: inquiry.as_ref(), connection };
    Exchange::begin(shared, watch, &arrival, path).run()
}

/// Answers a malformed request with an error; does nothing if the client has left.
fn refuse(mut stream: &TcpStream, error: &io::Error) {
    if error.kind() == io::ErrorKind::InvalidData {
        let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n";
        let text = format!("400 bad request: {error}");
        let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }
}
