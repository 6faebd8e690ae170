//! What all HTTP providers share: one pool of connections, bounded exchanges without redirects, our own error classes,
//! and texts without credentials.

mod blackout;
mod connection;
mod error_text;
mod exchange;
mod reply;
mod retry_after;
mod stream;
mod trust;

pub(crate) use blackout::Blackout;
pub(crate) use connection::Connection;
pub(crate) use error_text::{MAX_DETAIL_CHARS, error_text};
pub(crate) use exchange::Limits;
pub(crate) use reply::Reply;
pub use trust::TrustedCertificates;
