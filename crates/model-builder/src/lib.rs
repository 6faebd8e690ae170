//! Turns analyzed files into records: exact code, normalized code and its MD5.
//!
//! The builder uses only what the analyzer recorded; it does not parse the text again. It runs on the current rayon
//! pool and returns the records in the order of the files.

mod build;
mod normalize;

pub use build::{Built, analyzer_name, build, build_file};
