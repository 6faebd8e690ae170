//! One period of listening: from a bind until the port refuses again.

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::connection::{Ending, serve};
use crate::locking::{lock, wait};
use crate::server::Shared;

/// How long a stop waits for connections to end. They react within milliseconds, unless the machine is very busy.
const FAREWELL: Duration = Duration::from_secs(60);

/// The open connections and the thread that accepts them.
pub(crate) struct Listening {
    address: SocketAddr,
    /// Set first: no further connection is accepted.
    refusing: AtomicBool,
    /// Set once the port refuses: exchanges end.
    stopping: AtomicBool,
    /// Weak, so that only the thread that serves a socket closes it.
    connections: Mutex<HashMap<usize, Weak<TcpStream>>>,
    changed: Condvar,
    acceptor: Mutex<Option<JoinHandle<()>>>,
}

impl Listening {
    /// Accepts connections on `listener` until [`Listening::stop`].
    pub(crate) fn start(listener: TcpListener, address: SocketAddr, shared: &Arc<Shared>) -> Arc<Self> {
        let listening = Arc::new(Self {
            address,
            refusing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
            changed: Condvar::new(),
            acceptor: Mutex::default(),
        });
        let (thread_listening, thread_shared) = (Arc::clone(&listening), Arc::clone(shared));
        let acceptor = thread::spawn(move || accept(&listener, &thread_listening, &thread_shared));
        *lock(&listening.acceptor) = Some(acceptor);
        listening
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Waits at most `length`, or until the server stops.
    pub(crate) fn wait_for_stop(&self, length: Duration) {
        let connections = lock(&self.connections);
        if !self.is_stopping() {
            drop(wait(&self.changed, connections, length));
        }
    }

    /// Closes the port first and then every connection, so a client whose connection ends finds a port that refuses.
    pub(crate) fn stop(&self) {
        self.refusing.store(true, Ordering::SeqCst);
        if let Some(acceptor) = lock(&self.acceptor).take() {
            // This connection wakes the acceptor, which then sees the stop.
            let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
            acceptor.join().expect("the acceptor does not panic");
        }
        let connections = lock(&self.connections);
        self.stopping.store(true, Ordering::SeqCst);
        for stream in connections.values().filter_map(Weak::upgrade) {
            // It fails only if the connection is already closed.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(connections);
        self.changed.notify_all();
    }

    /// Waits until the threads of all connections have ended, so that counts are final.
    pub(crate) fn wait_for_connections(&self) {
        let deadline = Instant::now() + FAREWELL;
        let mut connections = lock(&self.connections);
        while !connections.is_empty() && Instant::now() < deadline {
            connections = wait(&self.changed, connections, FAREWELL);
        }
    }

    fn register(&self, number: usize, stream: &Arc<TcpStream>) {
        lock(&self.connections).insert(number, Arc::downgrade(stream));
    }

    fn forget(&self, number: usize) {
        lock(&self.connections).remove(&number);
        self.changed.notify_all();
    }
}

fn accept(listener: &TcpListener, listening: &Arc<Listening>, shared: &Arc<Shared>) {
    loop {
        let accepted = listener.accept();
        if listening.refusing.load(Ordering::SeqCst) {
            return;
        }
        // A client left the backlog, or no descriptor was free for a moment; the next accept may succeed.
        let Ok((stream, _)) = accepted else {
            thread::yield_now();
            continue;
        };
        let stream = Arc::new(stream);
        let number = shared.journal.connected();
        listening.register(number, &stream);
        let (listening, shared) = (Arc::clone(listening), Arc::clone(shared));
        thread::spawn(move || run_connection(stream, number, &listening, &shared));
    }
}

fn run_connection(stream: Arc<TcpStream>, number: usize, listening: &Arc<Listening>, shared: &Arc<Shared>) {
    // Otherwise each answer on a kept connection could wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let ending = serve(&stream, number, listening, shared);
    if ending == Ending::Reset {
        SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).expect("linger can be set on an open socket");
    }
    drop(stream);
    listening.forget(number);
}
