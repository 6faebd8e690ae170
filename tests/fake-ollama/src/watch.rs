//! Waiting that ends early if the client leaves or the server stops.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::gate::Gate;
use crate::listener::Listening;

/// How often a waiting exchange checks for its client.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// One connection's view of its client and server. Every wait fails once either is closed.
#[derive(Clone, Copy)]
pub(crate) struct Watch<'a> {
    pub(crate) listening: &'a Listening,
    pub(crate) stream: &'a TcpStream,
}

impl Watch<'_> {
    /// Fails if the server stops or the client has closed or reset the connection.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.listening.is_stopping() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.stream.set_nonblocking(true)?;
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false)?;
        match peeked {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits for `length`.
    pub(crate) fn sleep(&self, length: Duration) -> io::Result<()> {
        if length.is_zero() {
            return Ok(());
        }
        let end = Instant::now() + length;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return self.check();
            }
            self.listening.wait_for_stop(left.min(GLANCE));
            self.check()?;
        }
    }

    /// Waits until the gate opens.
    pub(crate) fn wait_at(&self, gate: &Gate) -> io::Result<()> {
        while !gate.wait(GLANCE) {
            self.check()?;
        }
        self.check()
    }
}
