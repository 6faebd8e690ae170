//! Hints for a provider that cannot be asked.

use cds_llm_client::{Obstacle, ProbeError, ProviderKind};
use cds_pipeline::Unavailable;

/// The next step, and the alternative without a model.
pub(crate) fn of(unavailable: &Unavailable) -> String {
    let without = "or use no model: --provider-url builtin:";
    let Unavailable { error, kind, address } = unavailable;
    if let Some(obstacle) = error.obstacle() {
        return format!("{}; {without}", way_around(obstacle, address));
    }
    match (error, kind) {
        (ProbeError::Unusable { .. }, ProviderKind::Ollama) => {
            format!("start the server at {address} with: ollama serve; {without}")
        }
        (ProbeError::Unusable { .. }, _) => format!("start the server, or check the address {address}; {without}"),
        (ProbeError::Foreign { speaks: Some(kind), .. }, _) => {
            format!("use {address} with: --provider {kind}; {without}")
        }
        (ProbeError::Foreign { .. }, _) => {
            format!("check --provider and --provider-url {address}; {without}")
        }
        (ProbeError::MissingModel { model, near, .. }, _) => {
            let near = if near.is_empty() { String::new() } else { format!("{address} has {}; ", near.join(", ")) };
            match kind {
                ProviderKind::Ollama => format!("{near}install it with: ollama pull {model}; {without}"),
                _ => format!("{near}choose one of the server's models with --model; {without}"),
            }
        }
    }
}

fn way_around(obstacle: Obstacle, address: &str) -> String {
    let (plain, encrypted) = (with_scheme(address, "http"), with_scheme(address, "https"));
    match obstacle {
        Obstacle::UntrustedCertificate => {
            format!("if you trust the certificate of {address}, set SSL_CERT_FILE to its file")
        }
        Obstacle::OtherName => {
            format!("the certificate of {address} is for another host; use that host in --provider-url")
        }
        Obstacle::OutsideOfPeriod => {
            format!("renew the certificate of {address}, or check this machine's clock")
        }
        Obstacle::PlainServer => format!("{address} does not support TLS; use: --provider-url {plain}"),
        Obstacle::SilentServer => {
            format!("check {address}; for a server without TLS use: --provider-url {plain}")
        }
        Obstacle::EncryptedServer => format!("{address} requires TLS; use: --provider-url {encrypted}"),
        Obstacle::OtherProtocol => {
            format!("check {address}; for a server with TLS use: --provider-url {encrypted}")
        }
        Obstacle::UnknownHost => format!("check the host name in {address}"),
    }
}

fn with_scheme(address: &str, scheme: &str) -> String {
    let behind = address.split_once("://").map_or(address, |(_, behind)| behind);
    format!("{scheme}://{behind}")
}
