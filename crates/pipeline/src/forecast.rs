//! What a snapshot would take: no question is asked, and nothing is written.

use cds_llm_client::{Forecast, IntentEnricher};
use cds_persistence::{EnrichmentRate, SqliteReader};

use crate::{
    Context, DatabasePlan, Error, Intents, KeptPlan, Predecessor, Session, SourcePlan,
    answers::ReadOnlyAnswers,
    known::Known,
    preflight,
    stages::{self, Found},
};

/// Tokens of an answer if no run asked the model yet: a sentence of 25 words.
const USUAL_ANSWER_TOKENS: f64 = 35.0;
/// The same measure by which code is cut.
const BYTES_PER_TOKEN: f64 = 3.0;

/// A snapshot that was not taken.
#[derive(Debug)]
pub struct Outlook {
    /// What it would hold.
    pub found: Found,
    /// What would be asked.
    pub forecast: Forecast,
    /// What that would cost.
    pub estimate: Estimate,
}

/// What is expected, as far as earlier runs tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Tokens of all questions.
    pub prompt_tokens: u64,
    /// Tokens of all answers.
    pub answer_tokens: u64,
    /// Seconds, if an earlier run asked this model.
    pub seconds: Option<u64>,
}

/// Looks ahead, with the answers of a database that may be missing.
///
/// # Errors
///
/// The database cannot be read, a provider that is required cannot be asked, or the process was asked to stop.
pub fn look_ahead(
    source: &SourcePlan,
    intents: &Intents,
    database: &DatabasePlan,
    of: &Predecessor<'_>,
    context: &Context,
) -> Result<Outlook, Error> {
    let reader = SqliteReader::open_if_present(&database.path, &database.options)?;
    let plan = match intents {
        Intents::Asked(plan) => plan,
        Intents::Kept(plan) => return keep(source, *plan, of, reader.as_ref(), context),
    };
    let model = plan.client.model();
    let rate = reader.as_ref().map(|reader| reader.last_enrichment_rate(model)).transpose()?.flatten();
    let last_known = || reader.as_ref()?.latest_digest(model).ok().flatten();
    let preflight = preflight::probe(plan, context)?.into_preflight(last_known);
    let found = stages::find_records(source, &mut Session::without_store(context))?;
    let enricher = IntentEnricher::new(plan.client.as_ref(), plan.options);
    let mut answers = ReadOnlyAnswers(reader.as_ref());
    let mut forecast = enricher.forecast(&found.records, &preflight, &mut answers).map_err(Error::Answers)?;
    if !plan.client.is_paid() {
        forecast = Forecast { call_count: 0, prompt_bytes: 0, ..forecast };
    }
    let estimate = estimate(&forecast, rate);
    Ok(Outlook { found, forecast, estimate })
}

/// What a run that asks nothing would keep.
fn keep(
    source: &SourcePlan,
    plan: KeptPlan,
    of: &Predecessor<'_>,
    reader: Option<&SqliteReader>,
    context: &Context,
) -> Result<Outlook, Error> {
    let root = of.root.to_string_lossy();
    let latest = reader.map(|reader| reader.latest_snapshot(of.project, of.part, &root)).transpose()?.flatten();
    let mut found = stages::find_records(source, &mut Session::without_store(context))?;
    let counts = Known::new(latest.as_ref()).keep(plan.scope, &mut found.records);
    let forecast = Forecast { selected_count: counts.selected, kept_count: counts.kept, ..Forecast::default() };
    let estimate = estimate(&forecast, None);
    Ok(Outlook { found, forecast, estimate })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates of what is never negative"
)]
pub(crate) fn estimate(forecast: &Forecast, rate: Option<EnrichmentRate>) -> Estimate {
    let calls = forecast.call_count as f64;
    let answer_tokens = rate.and_then(|rate| rate.answer_tokens_per_call).unwrap_or(USUAL_ANSWER_TOKENS);
    Estimate {
        prompt_tokens: (forecast.prompt_bytes as f64 / BYTES_PER_TOKEN).round() as u64,
        answer_tokens: (calls * answer_tokens).round() as u64,
        seconds: match forecast.call_count {
            0 => Some(0),
            _ => rate.map(|rate| (calls * rate.seconds_per_call).round() as u64),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_need_an_earlier_run() {
        let forecast = Forecast { call_count: 4, prompt_bytes: 300, ..Forecast::default() };
        let expected = Estimate { prompt_tokens: 100, answer_tokens: 140, seconds: None };
        assert_eq!(estimate(&forecast, None), expected);
        let nothing = Estimate { prompt_tokens: 0, answer_tokens: 0, seconds: Some(0) };
        assert_eq!(estimate(&Forecast::default(), None), nothing);
    }
}
