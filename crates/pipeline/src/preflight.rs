//! A look at the provider before anything else.

use cds_llm_client::{ModelFacts, Preflight};

use crate::{Context, Error, IntentPlan, Session, Unavailable, Warning};

/// What the look found; the last known digest is filled in once the store is open.
pub struct Probed(Result<ModelFacts, String>);

/// Looks whether the provider can be asked.
///
/// When it cannot, that is a warning, and the run goes on without it.
///
/// # Errors
///
/// The provider is required and cannot be asked, or the process was asked to stop.
pub fn probe(plan: &IntentPlan, context: &Context) -> Result<Probed, Error> {
    let mut stop = context.interrupt.stop_signal();
    let outcome = plan.runtime.block_on(async {
        tokio::select! {
            outcome = plan.client.probe() => Some(outcome),
            () = stop.requested(1) => None,
        }
    });
    // Without an outcome there was a signal.
    let Some(outcome) = outcome else { return Err(context.interrupt.error()) };
    match outcome {
        Ok(mut facts) => {
            for note in std::mem::take(&mut facts.notes) {
                context.reporter.warn(&Warning::Provider(note));
            }
            Ok(Probed(Ok(facts)))
        }
        Err(error) => {
            let unavailable = Unavailable { error, kind: plan.kind, address: plan.address.clone() };
            if plan.requires_provider {
                return Err(Error::Unavailable(unavailable));
            }
            let reason = unavailable.error.reason();
            context.reporter.warn(&Warning::Unavailable(unavailable));
            Ok(Probed(Err(reason)))
        }
    }
}

/// The input of the enrichment. A provider that was `probed` already is not looked at again.
///
/// # Errors
///
/// Those of [`probe`].
pub fn into_preflight(plan: &IntentPlan, probed: Option<Probed>, session: &Session) -> Result<Preflight, Error> {
    let probed = probed.map_or_else(|| probe(plan, session.context()), Ok)?;
    Ok(probed.into_preflight(|| session.latest_digest(plan.client.model())))
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
