//! The embedded provider: a sentence from the code's own syntax, without a server.
//!
//! It reads normalized Python with a small lexer of its own, collects the few facts that fit a sentence, and writes
//! them down. It guesses at nothing: each clause names what stands in the code. Linear in the length of the code,
//! without recursion, and the same for the same code.

mod bytes;
mod clauses;
mod client;
mod container;
mod facts;
mod function;
mod lexer;
mod names;
mod outline;
mod parameters;
mod strings;
mod stub;
mod value;
mod words;

pub use client::EmbeddedClient;
