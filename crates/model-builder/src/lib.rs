//! From analyzed files to records: exact code, normalized code and its MD5.
//!
//! Everything is computed from what the analyzer noted; the text is not parsed again. The work is spread over the
//! current rayon pool and its result is in the order of the files.

mod build;
mod normalize;

pub use build::build;
