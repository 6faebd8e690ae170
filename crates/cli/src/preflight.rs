//! A look at the provider before anything else, and what to do when it cannot be asked.

use anyhow::anyhow;
use cds_llm_client::{ModelFacts, Obstacle, Preflight, ProbeError, ProviderKind};

use crate::{arguments::IntentPlan, failure::Failure, render::messages, signals::Interrupt};

/// What the look came to; the last known digest is filled in once the database is open.
pub(crate) struct Probed(Result<ModelFacts, String>);

/// Looks whether the provider can be asked.
///
/// When it cannot, the user is told why and what to do; the run goes on without it unless it was required.
pub(crate) fn probe(plan: &IntentPlan, interrupt: &Interrupt) -> Result<Probed, Failure> {
    let mut stop = interrupt.stop_signal();
    let outcome = plan.runtime.block_on(async {
        tokio::select! {
            outcome = plan.client.probe() => Some(outcome),
            () = stop.requested(1) => None,
        }
    });
    // Without an outcome there was a signal.
    let Some(outcome) = outcome else { return Err(interrupt.failure()) };
    match outcome {
        Ok(facts) => {
            facts.notes.iter().for_each(|note| messages::warning(note));
            Ok(Probed(Ok(facts)))
        }
        Err(error) => {
            let remedy = remedy(&error, plan);
            let reason = error.reason();
            if plan.requires_provider {
                return Err(Failure::failed(anyhow!("ask for intents: {reason}")).with_hint(remedy));
            }
            messages::grave_warning(&format!("no intents can be asked for: {reason}"), &remedy);
            Ok(Probed(Err(reason)))
        }
    }
}

impl Probed {
    /// The input of the enrichment; `last_known` is the digest of the model's newest kept answer.
    pub(crate) fn into_preflight(self, last_known: impl FnOnce() -> Option<String>) -> Preflight {
        match self.0 {
            Ok(facts) => Preflight::available(facts),
            Err(reason) => {
                let facts = ModelFacts { digest: last_known().unwrap_or_default(), ..ModelFacts::default() };
                Preflight::unavailable(reason, facts)
            }
        }
    }
}

fn remedy(error: &ProbeError, plan: &IntentPlan) -> String {
    let without = "or go without a model: --provider-url builtin:";
    let (kind, address) = (plan.kind, &plan.address);
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
