//! Makes one trustworthy sentence of what a model wrote, or says why there is none. Pure: text in, text out.
//!
//! First what is wrapped around the sentence is taken off (thinking, fences, quotes, JSON, labels), then the first
//! sentence is kept, and then it is judged. What cannot be trusted is a failure, never half an intent.

mod judge;
mod pipeline;
mod sentence;
mod thinking;
mod wrapping;

pub use judge::Distrust;
pub(crate) use pipeline::clean;
