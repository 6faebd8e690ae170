//! The embedded provider: a sentence from the code's own syntax, without a server.
//!
//! It reads normalized code by the lexicon of its language, collects the few facts that fit a sentence, and writes
//! them down. It guesses at nothing: each clause names what stands in the code. Linear in the length of the code,
//! without recursion, and the same for the same code.

mod clauses;
mod client;
mod container;
mod facts;
mod function;
mod names;
mod outline;
mod parameters;
mod stub;
mod tokens;
mod value;
mod words;

pub use client::EmbeddedClient;
