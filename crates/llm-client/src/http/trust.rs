//! Server certificates that the user trusts directly, in addition to those that an authority signed.
//!
//! A team's server often shows a self-signed certificate. `webpki` refuses most of them: a certificate that may sign
//! others cannot be a server's own, and version 1 cannot be read. A certificate that equals a trusted one byte for byte
//! needs no authority. Its validity period and names are still checked, if it has them:
//!
//! 1. Outside its validity period it is refused, whatever else holds.
//! 2. A certificate with names must have the server's. One without names stands for any server that shows it.
//! 3. In version 1 neither is checked: it has no field for names, and `webpki` does not read its period.
//!
//! The server always proves that it has the certificate's key; with version 1 only in TLS 1.3.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

use crate::obstacle::{Obstacle, of_tls};

/// The DER tag of a sequence.
const SEQUENCE: u8 = 0x30;

/// Certificates that a server may show without a signature of an authority.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedCertificates(Vec<CertificateDer<'static>>);

impl TrustedCertificates {
    /// Reads the certificates of a PEM text; skips other sections and damaged ones.
    pub fn from_pem(text: &[u8]) -> Self {
        Self(CertificateDer::pem_slice_iter(text).filter_map(Result::ok).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A TLS configuration that trusts these certificates and the system's authorities.
    pub(super) fn client_config(&self, provider: Arc<CryptoProvider>) -> Result<ClientConfig, Error> {
        let usual = Arc::new(Verifier::new(Arc::clone(&provider))?);
        let verifier = TrustingVerifier { usual, trusted: self.clone(), provider: Arc::clone(&provider) };
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
    }
}

/// The system's verifier, with an exception for the trusted certificates.
#[derive(Debug)]
struct TrustingVerifier {
    usual: Arc<dyn ServerCertVerifier>,
    trusted: TrustedCertificates,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for TrustingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(refusal) = usual else { return usual };
        // `webpki` checks the period before the signer.
        if !self.trusts(end_entity) || of_tls(&refusal) == Some(Obstacle::OutsideOfPeriod) {
            return Err(refusal);
        }
        match names_fit(end_entity, server_name) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(refusal) => Err(refusal),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let is_unreadable = ParsedCertificate::try_from(certificate).is_err();
        match key_of(certificate).filter(|_| is_unreadable && self.trusts(certificate)) {
            Some(key) => {
                let algorithms = &self.provider.signature_verification_algorithms;
                verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
            }
            None => self.usual.verify_tls13_signature(message, certificate, signature),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

impl TrustingVerifier {
    fn trusts(&self, certificate: &CertificateDer<'_>) -> bool {
        self.trusted.0.iter().any(|trusted| trusted.as_ref() == certificate.as_ref())
    }
}

/// Fails if the certificate has names and `server_name` is not among them.
fn names_fit(certificate: &CertificateDer<'_>, server_name: &ServerName<'_>) -> Result<(), Error> {
    let Ok(parsed) = ParsedCertificate::try_from(certificate) else { return Ok(()) };
    match verify_server_name(&parsed, server_name) {
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }))
            if presented.is_empty() =>
        {
            Ok(())
        }
        outcome => outcome,
    }
}

/// The public key of a certificate. For version 1 only a store of authorities can read it.
fn key_of(certificate: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let mut store = RootCertStore::empty();
    store.add(certificate.clone().into_owned()).ok()?;
    // The store keeps the sequence's content without its header.
    let content = &store.roots.first()?.subject_public_key_info;
    Some(sequence(content).into())
}

fn sequence(content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut der = vec![SEQUENCE];
    match (&length[..], u8::try_from(length.len())) {
        ([], _) => der.push(0),
        ([short], _) if *short < 0x80 => der.push(*short),
        (long, count) => {
            der.push(0x80 | count.unwrap_or_default());
            der.extend(long);
        }
    }
    der.extend(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_has_the_shortest_length() {
        for (length, head) in
            [(0, vec![0x30, 0]), (127, vec![0x30, 127]), (128, vec![0x30, 0x81, 128]), (256, vec![0x30, 0x82, 1, 0])]
        {
            let der = sequence(&vec![7; length]);
            assert_eq!((&der[..head.len()], der.len()), (&head[..], head.len() + length));
        }
    }

    #[test]
    fn text_without_certificates_trusts_none() {
        for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            assert!(TrustedCertificates::from_pem(text.as_bytes()).is_empty(), "{text}");
        }
    }
}
