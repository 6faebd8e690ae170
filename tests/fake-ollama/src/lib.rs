//! A deterministic, scriptable, fault-injecting model server on loopback, for tests and benchmarks only.
//!
//! It implements Ollama's API and the OpenAI-compatible one in plain HTTP/1.1 on threads. Without a rule it answers
//! like a healthy server; a [`Script`] assigns a [`Reply`] to requests. Each request is recorded before it is answered,
//! so a test can count calls exactly. It runs no model, knows no HTTP/2, and sleeps only if the script asks for
//! latency. [`TlsFront`] adds TLS.
//!
//! ```
//! use cds_fake_ollama::{FakeOllama, Reply, Script, When};
//!
//! let server = FakeOllama::start(
//!     Script::new()
//!         .rule(When::question().nth(3), Reply::status(503, "server busy"))
//!         .rule(When::question().containing("def broken").attempt(1), Reply::reset()),
//! );
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(server.generate_count(), 0);
//! ```

mod answer;
mod connection;
mod delivery;
mod exchange;
mod faults;
mod gate;
mod gzip;
mod http;
mod inquiry;
mod journal;
mod line;
mod listener;
mod locking;
mod message;
mod ollama;
mod openai;
mod reply;
mod script;
mod seen;
mod server;
mod tls;
mod watch;
mod when;

pub use answer::{Answer, sentence_for};
pub use gate::Gate;
pub use journal::Counts;
pub use reply::Reply;
pub use script::{DEFAULT_DIGEST, DEFAULT_MODEL, DEFAULT_VERSION, Script};
pub use seen::SeenRequest;
pub use server::FakeOllama;
pub use tls::TlsFront;
pub use when::When;
