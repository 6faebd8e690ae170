//! What to do about a provider that cannot be asked.

use cds_llm_client::{Obstacle, ProbeError, ProviderKind};
use cds_pipeline::Unavailable;

/// The next step, and the way around.
pub(crate) fn of(unavailable: &Unavailable) -> String {
    let without = "or go without a model: --provider-url builtin:";
    let Unavailable { error, kind, address } = unavailable;
    if let Some(obstacle) = error.obstacle() {
        return format!("{}; {without}", way_around(obstacle, address));
    }
    match (error, kind) {
        (ProbeError::Unusable { .. }, ProviderKind::Ollama) => {
            format!("start the server at {address} with: ollama serve; {without}")
        }
        (ProbeError::Unusable { .. }, _) => format!("start the server, or see whether {address} is right; {without}"),
        (ProbeError::Foreign { speaks: Some(kind), .. }, _) => {
            format!("ask {address} with: --provider {kind}; {without}")
        }
        (ProbeError::Foreign { .. }, _) => {
            format!("see whether --provider-url {address} and --provider are right; {without}")
        }
        (ProbeError::MissingModel { model, near, .. }, _) => {
            let near = if near.is_empty() { String::new() } else { format!("{address} has {}; ", near.join(", ")) };
            match kind {
                ProviderKind::Ollama => format!("{near}get it with: ollama pull {model}; {without}"),
                _ => format!("{near}name a model that the server has with --model; {without}"),
            }
        }
    }
}

fn way_around(obstacle: Obstacle, address: &str) -> String {
    let (plain, encrypted) = (with_scheme(address, "http"), with_scheme(address, "https"));
    match obstacle {
        Obstacle::UntrustedCertificate => {
            format!("if the certificate of {address} is right, name its file in SSL_CERT_FILE")
        }
        Obstacle::OtherName => {
            format!("the certificate of {address} is of another name; write that name in --provider-url")
        }
        Obstacle::OutsideOfPeriod => {
            format!("renew the certificate of {address}, or see whether this machine's clock is right")
        }
        Obstacle::PlainServer => format!("{address} does not speak TLS; ask it with: --provider-url {plain}"),
        Obstacle::SilentServer => {
            format!("see whether {address} is right; a server without TLS is asked with: --provider-url {plain}")
        }
        Obstacle::EncryptedServer => format!("{address} speaks TLS; ask it with: --provider-url {encrypted}"),
        Obstacle::OtherProtocol => {
            format!("see whether {address} is right; a server with TLS is asked with: --provider-url {encrypted}")
        }
        Obstacle::UnknownHost => format!("see whether the name of the host in {address} is right"),
    }
}

fn with_scheme(address: &str, scheme: &str) -> String {
    let behind = address.split_once("://").map_or(address, |(_, behind)| behind);
    format!("{scheme}://{behind}")
}
