//! The handle that a test holds: start, inspect, wait, stop, restart.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::journal::{Counts, Journal};
use crate::line::Line;
use crate::listener::Listening;
use crate::locking::{lock, wait};
use crate::script::Script;
use crate::seen::SeenRequest;

/// A running server. It stops when it is dropped.
pub struct FakeOllama {
    shared: Arc<Shared>,
}

/// The state that all connections and the handle share.
pub(crate) struct Shared {
    pub(crate) script: Script,
    pub(crate) journal: Journal,
    pub(crate) line: Line,
    address: SocketAddr,
    phase: Mutex<Phase>,
    changed: Condvar,
    /// A bound socket that does not listen: it reserves the port while the server is down.
    _reservation: Option<Socket>,
}

enum Phase {
    Up(Arc<Listening>),
    Down,
    /// Never up again.
    Dropped,
}

impl FakeOllama {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When the port cannot be bound; so do the other ways to start.
    pub fn start(script: Script) -> Self {
        Self::start_on(0, script)
    }

    /// Starts on this port; 0 means any free one. The counts begin at 0; [`FakeOllama::restart`] keeps them.
    ///
    /// # Panics
    /// When the port cannot be bound.
    pub fn start_on(port: u16, script: Script) -> Self {
        Self::try_start_on(port, script)
            .unwrap_or_else(|error| panic!("failed to listen on port {port} of 127.0.0.1: {error}"))
    }

    /// Like [`FakeOllama::start_on`], but returns the error if the port cannot be bound.
    pub fn try_start_on(port: u16, script: Script) -> io::Result<Self> {
        let reservation = reserve(port)?;
        let port = reservation.as_ref().map_or(Ok(port), port_of)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            journal: Journal::new(&script),
            line: Line::new(script.slots, script.load_time),
            script,
            address,
            phase: Mutex::new(Phase::Down),
            changed: Condvar::new(),
            _reservation: reservation,
        });
        shared.listen(listener);
        Ok(Self { shared })
    }

    /// `http://127.0.0.1:PORT`, without a path or trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.shared.address.port()
    }

    /// Stops the server: ends every connection, then the port refuses. Counts and requests stay and are final.
    pub fn stop(&self) {
        if let Some(listening) = self.shared.take_down(Phase::Down) {
            listening.wait_for_connections();
        }
    }

    /// Restarts on the same port after [`FakeOllama::stop`] or [`Reply::die`](crate::Reply::die), with the same script.
    /// Counts and ordinals continue, and the model must be loaded again. Does nothing while the server is up.
    ///
    /// # Panics
    /// When the port cannot be bound again.
    pub fn restart(&self) {
        self.shared.listen_again().expect("the port is reserved while the server is down");
    }

    /// Whether the port accepts connections.
    pub fn is_up(&self) -> bool {
        matches!(*lock(&self.shared.phase), Phase::Up(_))
    }

    /// Waits until the server is down, after a [`Reply::die`](crate::Reply::die).
    ///
    /// # Panics
    /// When that takes longer than `within`.
    #[track_caller]
    pub fn wait_until_down(&self, within: Duration) {
        let deadline = Instant::now() + within;
        let mut phase = lock(&self.shared.phase);
        while matches!(*phase, Phase::Up(_)) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the server is still up after {within:?}");
            phase = wait(&self.shared.changed, phase, left);
        }
    }

    /// All requests so far, in order of arrival. Empty with
    /// [`Script::without_request_log`](crate::Script::without_request_log).
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.journal.requests()
    }

    /// The questions so far, in order of arrival.
    pub fn questions(&self) -> Vec<SeenRequest> {
        self.requests().into_iter().filter(|request| request.question.is_some()).collect()
    }

    /// All totals at one moment.
    pub fn counts(&self) -> Counts {
        self.shared.journal.counts()
    }

    /// Questions received: requests with a prompt to `/api/generate`, `/api/chat` or `/v1/chat/completions`.
    pub fn generate_count(&self) -> usize {
        self.counts().questions
    }

    /// Questions whose complete response was sent.
    pub fn answered_count(&self) -> usize {
        self.counts().answered
    }

    /// Requests of any method to exactly this path.
    pub fn count(&self, path: &str) -> usize {
        self.shared.journal.count_of(path)
    }

    /// The most questions in progress at once, including those in the queue.
    pub fn max_in_flight(&self) -> usize {
        self.counts().max_in_flight
    }

    /// Waits until this number of questions has been received.
    ///
    /// # Panics
    /// When that takes longer than `within`.
    #[track_caller]
    pub fn wait_for_questions(&self, count: usize, within: Duration) {
        self.wait_until(within, |counts| counts.questions >= count);
    }

    /// Waits until the counts satisfy the condition, and returns them.
    ///
    /// # Panics
    /// When that takes longer than `within`.
    #[track_caller]
    pub fn wait_until(&self, within: Duration, reached: impl Fn(&Counts) -> bool) -> Counts {
        let (counts, is_reached) = self.shared.journal.wait_until(within, reached);
        assert!(is_reached, "waited {within:?} in vain, with {counts:?}");
        counts
    }
}

impl Drop for FakeOllama {
    fn drop(&mut self) {
        if let Some(listening) = self.shared.take_down(Phase::Dropped) {
            listening.wait_for_connections();
        }
    }
}

impl Shared {
    /// Stops the server from one of its own connections, and restarts it if requested.
    pub(crate) fn die(self: &Arc<Self>, back_after: Option<Duration>) {
        self.take_down(Phase::Down);
        if let Some(length) = back_after {
            let shared = Arc::clone(self);
            thread::spawn(move || {
                shared.wait_while_down(length);
                // If the port is taken by then, the server stays down.
                let _ = shared.listen_again();
            });
        }
    }

    fn listen(self: &Arc<Self>, listener: TcpListener) {
        let mut phase = lock(&self.phase);
        *phase = Phase::Up(Listening::start(listener, self.address, self));
        drop(phase);
        self.changed.notify_all();
    }

    fn listen_again(self: &Arc<Self>) -> io::Result<()> {
        if matches!(*lock(&self.phase), Phase::Down) {
            self.listen(TcpListener::bind(self.address)?);
        }
        Ok(())
    }

    /// Ends the current listening, and notifies waiters once the port refuses.
    fn take_down(&self, next: Phase) -> Option<Arc<Listening>> {
        let mut phase = lock(&self.phase);
        let before = std::mem::replace(&mut *phase, next);
        let listening = if let Phase::Up(listening) = before { Some(listening) } else { None };
        if let Some(listening) = &listening {
            listening.stop();
            self.line.cool();
        }
        drop(phase);
        self.changed.notify_all();
        listening
    }

    fn wait_while_down(&self, length: Duration) {
        let deadline = Instant::now() + length;
        let mut phase = lock(&self.phase);
        while matches!(*phase, Phase::Down) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            phase = wait(&self.changed, phase, left);
        }
    }
}

/// Binds a port without listening. Only Linux lets a second socket listen on it, so this is done only there.
fn reserve(port: u16) -> io::Result<Option<Socket>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    Ok(Some(socket))
}

fn port_of(socket: &Socket) -> io::Result<u16> {
    socket.local_addr()?.as_socket().map(|address| address.port()).ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}
