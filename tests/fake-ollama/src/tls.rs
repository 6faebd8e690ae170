//! TLS in front of a server: it terminates TLS and forwards the plain bytes both ways.
//!
//! Each connection has two threads, one for each direction. They share the TLS state and hold its lock only while they
//! process bytes, never while they wait for the network.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use crate::locking::lock;
use crate::server::FakeOllama;

const PIECE: usize = 16 * 1024;

/// A TLS server on a free port of 127.0.0.1 that forwards everything. It stops accepting on drop.
pub struct TlsFront {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// Listens in front of `server`, with a certificate and its key in PEM.
    ///
    /// # Panics
    /// When the port cannot be bound, or certificate and key do not fit.
    pub fn start(server: &FakeOllama, certificate: &str, key: &str) -> Self {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<_, _>>()
            .expect("the certificate is PEM");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("the key is PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(key).expect("the key is of a known kind");
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the versions are known")
            .with_no_client_auth()
            // The certificate is not checked against the key, because the library cannot read certificates of version
            // 1.
            .with_cert_resolver(Arc::new(Always(Arc::new(rustls::sign::CertifiedKey::new(certificates, key)))));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let stopping = Arc::new(AtomicBool::new(false));
        let (is_stopping, config, port) = (Arc::clone(&stopping), Arc::new(config), server.port());
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if is_stopping.load(Ordering::SeqCst) {
                    return;
                }
                let config = Arc::clone(&config);
                if let Ok(stream) = stream {
                    // A client that leaves, or does not trust the certificate, ends only its own connection.
                    thread::spawn(move || join(&stream, port, config));
                }
            }
        });
        Self { address, stopping, acceptor: Some(acceptor) }
    }

    /// `https://127.0.0.1:PORT`, without a path or trailing slash.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The same port as a plain HTTP URL, which it does not serve.
    pub fn plain_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // This connection wakes the acceptor.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().expect("the acceptor does not panic");
        }
    }
}

/// One certificate for every requested name.
#[derive(Debug)]
struct Always(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Always {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Connects a client to the server until either leaves.
fn join(client: &TcpStream, port: u16, config: Arc<ServerConfig>) -> io::Result<()> {
    let session = Arc::new(Mutex::new(ServerConnection::new(config).map_err(io::Error::other)?));
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (back_client, back_server) = (client.try_clone()?, server.try_clone()?);
    let back_session = Arc::clone(&session);
    let back = thread::spawn(move || encrypt(back_server, &back_client, &back_session));
    let outcome = decrypt(client, &server, &session);
    let _ = server.shutdown(Shutdown::Both);
    let _ = back.join();
    let _ = client.shutdown(Shutdown::Both);
    outcome
}

/// Forwards the client's data to the server.
fn decrypt(mut client: &TcpStream, mut server: &TcpStream, session: &Mutex<ServerConnection>) -> io::Result<()> {
    let mut piece = [0; PIECE];
    loop {
        let count = client.read(&mut piece)?;
        if count == 0 {
            return Ok(());
        }
        let mut received = &piece[..count];
        while !received.is_empty() {
            let mut session = lock(session);
            session.read_tls(&mut received)?;
            let state = session.process_new_packets();
            // Also send the alert that says why the handshake failed.
            while session.wants_write() {
                session.write_tls(&mut client)?;
            }
            let mut plain = vec![0; state.map_err(io::Error::other)?.plaintext_bytes_to_read()];
            session.reader().read_exact(&mut plain)?;
            drop(session);
            server.write_all(&plain)?;
        }
    }
}

/// Forwards the server's data to the client.
fn encrypt(mut server: TcpStream, mut client: &TcpStream, session: &Mutex<ServerConnection>) -> io::Result<()> {
    let mut piece = [0; PIECE];
    loop {
        let count = server.read(&mut piece)?;
        let mut session = lock(session);
        if count == 0 {
            session.send_close_notify();
        }
        session.writer().write_all(&piece[..count])?;
        while session.wants_write() {
            session.write_tls(&mut client)?;
        }
        if count == 0 {
            return client.shutdown(Shutdown::Write);
        }
    }
}
