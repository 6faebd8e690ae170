//! What stands between this machine and a server, read from a failed attempt. Each obstacle has a remedy of its own.

use std::{error::Error, io};

use rustls::{CertificateError, Error as TlsError};

use crate::{AskError, ProbeError};

/// How a server that speaks TLS answers to a plain question, in lower case: nginx, Apache, Go.
const ENCRYPTED_WORDS: [&str; 4] =
    ["to https port", "to an https server", "ssl-enabled server port", "http request was sent to https"];

/// What kept a server from being asked, where it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// No authority that this machine knows signed the server's certificate.
    UntrustedCertificate,
    /// The certificate is of another name.
    OtherName,
    /// The certificate is past its period, or before it.
    OutsideOfPeriod,
    /// The address says `https`, and what answered is not TLS.
    PlainServer,
    /// The address says `https`, and nothing answered in its terms; a server without TLS waits in that way.
    SilentServer,
    /// The address says `http`, and the server speaks TLS.
    EncryptedServer,
    /// The address says `http`, and what answered is not HTTP.
    OtherProtocol,
    /// The name of the host has no address.
    UnknownHost,
}

impl AskError {
    /// What stood in the way, where the failure shows it.
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::Connect { url, cause } => of_connection(&**cause, is_encrypted(url)),
            Self::Broken { cause, .. } => is_no_http(&**cause).then_some(Obstacle::OtherProtocol),
            Self::Status { status: 400, detail, .. } => wants_encryption(detail).then_some(Obstacle::EncryptedServer),
            _ => None,
        }
    }
}

impl ProbeError {
    /// What stood in the way, where the failure shows it.
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::Unusable { url, cause: AskError::TimedOut { .. } } if is_encrypted(url) => {
                Some(Obstacle::SilentServer)
            }
            Self::Unusable { cause, .. } => cause.obstacle(),
            Self::Foreign { .. } | Self::MissingModel { .. } => None,
        }
    }
}

/// Whether a server's words say that it expects TLS.
pub(crate) fn wants_encryption(text: &str) -> bool {
    let text = text.to_lowercase();
    ENCRYPTED_WORDS.iter().any(|words| text.contains(words))
}

fn is_encrypted(url: &str) -> bool {
    url.starts_with("https:")
}

fn of_connection(error: &(dyn Error + 'static), is_encrypted: bool) -> Option<Obstacle> {
    for cause in chain(error) {
        if let Some(refusal) = cause.downcast_ref::<TlsError>().and_then(of_tls) {
            return Some(refusal);
        }
        // The HTTP library has no type for it that others can name.
        if cause.to_string() == "dns error" {
            return Some(Obstacle::UnknownHost);
        }
    }
    (is_encrypted && chain(error).any(is_silence)).then_some(Obstacle::SilentServer)
}

fn is_silence(cause: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{ConnectionReset, TimedOut, UnexpectedEof};
    let is_end = cause
        .downcast_ref::<io::Error>()
        .is_some_and(|error| matches!(error.kind(), ConnectionReset | TimedOut | UnexpectedEof));
    is_end || cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout)
}

/// What a failure of TLS says of the server.
pub(crate) fn of_tls(error: &TlsError) -> Option<Obstacle> {
    use CertificateError as Refusal;
    match error {
        TlsError::InvalidCertificate(
            Refusal::Expired
            | Refusal::ExpiredContext { .. }
            | Refusal::NotValidYet
            | Refusal::NotValidYetContext { .. },
        ) => Some(Obstacle::OutsideOfPeriod),
        TlsError::InvalidCertificate(Refusal::NotValidForName | Refusal::NotValidForNameContext { .. }) => {
            Some(Obstacle::OtherName)
        }
        TlsError::InvalidCertificate(_) => Some(Obstacle::UntrustedCertificate),
        TlsError::InvalidMessage(_) => Some(Obstacle::PlainServer),
        _ => None,
    }
}

fn is_no_http(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

/// The error and its causes; an I/O error shows what it wraps first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => cause.source(),
        };
        Some(cause)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_text_reveals_tls_server() {
        for (detail, expected) in [
            ("The plain HTTP request was sent to HTTPS port", Some(Obstacle::EncryptedServer)),
            ("Client sent an HTTP request to an HTTPS server.", Some(Obstacle::EncryptedServer)),
            ("You're speaking plain HTTP to an SSL-enabled server port.", Some(Obstacle::EncryptedServer)),
            ("prompt too long", None),
        ] {
            let error = AskError::Status { status: 400, detail: detail.to_owned(), retry_after: None };
            assert_eq!(error.obstacle(), expected, "{detail}");
        }
    }
}
