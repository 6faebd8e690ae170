//! A look at the provider before anything else, and what to do when it cannot be asked.

use anyhow::anyhow;
use cds_llm_client::{ModelFacts, Preflight, ProbeError, ProviderKind};

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
            let remedy = remedy(&error, plan.kind);
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

fn remedy(error: &ProbeError, kind: ProviderKind) -> String {
    let without = "or go without a model: --provider-url builtin:";
    match (error, kind) {
        (ProbeError::Unusable { .. }, ProviderKind::Ollama) => format!("start it with: ollama serve; {without}"),
        (ProbeError::Unusable { .. }, _) => format!("start the server, or see whether the URL is right; {without}"),
        (ProbeError::Foreign { speaks: Some(kind), .. }, _) => {
            format!("ask it with: --provider {kind}; {without}")
        }
        (ProbeError::Foreign { .. }, _) => format!("see whether --provider-url and --provider are right; {without}"),
        (ProbeError::MissingModel { model, near, .. }, _) => {
            let near = if near.is_empty() { String::new() } else { format!("it has {}; ", near.join(", ")) };
            match kind {
                ProviderKind::Ollama => format!("{near}get it with: ollama pull {model}; {without}"),
                _ => format!("{near}name a model that the server has with --model; {without}"),
            }
        }
    }
}
