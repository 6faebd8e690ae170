//! The server seen from outside, by a client that reads bytes from a plain socket.

mod client;
mod defaults;
mod faults;
mod lifecycle;
mod load;
mod program;
mod requests;
mod rules;
mod speech;
