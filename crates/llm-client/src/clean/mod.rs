//! Makes one trustworthy sentence of a model's answer, or says why there is none. Pure: text in, text out.
//!
//! First the marks are removed (escape sequences, thinking, special tokens), then the wrapping around the sentence
//! (fences, quotes, JSON, labels). The first sentence with content is kept and judged. An untrustworthy answer is a
//! failure, never half an intent.

mod judge;
mod marks;
mod pipeline;
mod sentence;
mod thinking;
mod wrapping;

pub use judge::Distrust;
pub(crate) use pipeline::clean;
