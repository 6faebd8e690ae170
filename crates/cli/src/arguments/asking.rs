//! Whether anybody is asked for intents, and how much that may cost.

use std::time::Duration;

use cds_llm_client::{Budget, EnrichOptions};
use cds_pipeline::{Intents, KeptPlan};
use clap::{Args, builder::FalseyValueParser};

use super::{IntentArguments, values::parse_duration};
use crate::{failure::Failure, render::messages::Console};

/// What the user says about the intents of a run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Intent options")]
pub(crate) struct AskingArguments {
    #[command(flatten)]
    intents: IntentArguments,

    /// Ask for no intents: keep those of the latest snapshot where the code is the same, and skip all others
    #[arg(long, env = "CDS_NO_INTENTS", value_parser = FalseyValueParser::new())]
    pub(crate) no_intents: bool,

    /// Maximum number of calls to the provider; what changed last is asked first, the rest by the next run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64), allow_negative_numbers = true, env = "CDS_MAX_CALLS")]
    max_calls: Option<u64>,

    /// Maximum time to ask for intents, for example 90s or 5m; what changed last is asked first
    #[arg(long, value_name = "TIME", value_parser = parse_duration, env = "CDS_MAX_TIME")]
    max_time: Option<Duration>,

    /// Maximum number of tokens to read and write; what changed last is asked first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64), allow_negative_numbers = true, env = "CDS_MAX_TOKENS")]
    max_tokens: Option<u64>,
}

impl AskingArguments {
    /// Decides on the provider, or on none; nothing is asked yet. With `refresh`, every intent is wanted again.
    pub(crate) fn plan(&self, seed: u64, refresh: bool, console: Console) -> Result<Intents, Failure> {
        if self.no_intents {
            return self.keep(refresh);
        }
        let mut plan = self.intents.plan(seed, console)?;
        let budget = Budget { max_calls: self.max_calls, max_time: self.max_time, max_tokens: self.max_tokens };
        plan.options = EnrichOptions { refresh, budget, ..plan.options };
        Ok(Intents::Asked(Box::new(plan)))
    }

    fn keep(&self, refresh: bool) -> Result<Intents, Failure> {
        if refresh {
            let error = anyhow::anyhow!(
                "use --refresh-intents with --no-intents: one asks for everything, the other for nothing"
            );
            return Err(Failure::usage(error).with_hint("leave one of them out; CDS_NO_INTENTS is --no-intents too"));
        }
        Ok(Intents::Kept(KeptPlan {
            scope: self.intents.scope(),
            progress_batch_size: self.intents.progress_batch_size(),
        }))
    }
}
