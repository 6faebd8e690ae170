//! Tests the server from outside, with a client on a plain socket.

mod client;
mod defaults;
mod faults;
mod lifecycle;
mod load;
mod program;
mod requests;
mod rules;
mod speech;
