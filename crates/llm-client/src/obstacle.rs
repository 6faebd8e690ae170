//! Obstacles between this machine and a server, recognized from a failed attempt. Each has its own remedy.

use std::{error::Error, io};

use rustls::{CertificateError, Error as TlsError};

use crate::{AskError, ProbeError};

/// How TLS servers answer a plain request, in lower case: nginx, Apache, Go.
const ENCRYPTED_WORDS: [&str; 4] =
    ["to https port", "to an https server", "ssl-enabled server port", "http request was sent to https"];

/// The recognized obstacle to asking a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The certificate is not signed by an authority that this machine trusts.
    UntrustedCertificate,
    /// The certificate is for another name.
    OtherName,
    /// The certificate has expired, or is not valid yet.
    OutsideOfPeriod,
    /// The address says `https`, and the server does not speak TLS.
    PlainServer,
    /// The address says `https`, and the server stays silent, as one without TLS does.
    SilentServer,
    /// The address says `http`, and the server speaks TLS.
    EncryptedServer,
    /// The address says `http`, and the server does not speak HTTP.
    OtherProtocol,
    /// The host name does not resolve.
    UnknownHost,
}

impl AskError {
    /// The obstacle, if the failure reveals it.
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
    /// The obstacle, if the failure reveals it.
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

/// Whether the server's text says that it expects TLS.
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
        // The HTTP library has no public type for it.
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

/// The obstacle that a TLS error reveals.
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

/// The error and its causes; an I/O error first yields what it wraps.
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
