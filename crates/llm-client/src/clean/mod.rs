//! Makes one trustworthy sentence of what a model wrote, or says why there is none. Pure: text in, text out.
//!
//! First the marks are taken off (escape sequences, thinking, special tokens), then what is wrapped around the sentence
//! (fences, quotes, JSON, labels). The first sentence that says something is kept and judged. What cannot be trusted is a
//! failure, never half an intent.

mod judge;
mod marks;
mod pipeline;
mod sentence;
mod thinking;
mod wrapping;

pub use judge::Distrust;
pub(crate) use pipeline::clean;
