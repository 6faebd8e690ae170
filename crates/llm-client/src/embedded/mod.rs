//! The embedded provider: a sentence from the code's own syntax, without a server.
//!
//! It reads normalized code by the lexicon of its language, collects the few facts that fit a sentence, and writes them
//! down. It never guesses: each clause names something in the code. It is linear in the length of the code, without
//! recursion, and deterministic.

mod braces;
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
