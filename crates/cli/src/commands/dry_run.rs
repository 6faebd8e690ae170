//! `cds persist --dry-run`: what a snapshot would take.

use std::{collections::HashMap, io::Write};

use cds_llm_client::{AnswerStore, BoxError, Forecast, IntentEnricher};
use cds_model::{KeptAnswer, QuestionKey, SymbolKind};
use cds_persistence::{EnrichmentRate, SqliteReader};
use serde_json::json;

use super::persist::SummaryFormat;
use cds_terminal::fields::Fields;

use crate::{
    accounts::Accounts,
    answers::is_trustworthy,
    arguments::{DatabasePlan, IntentPlan, SourcePlan, write_object},
    failure::{Failure, database_failure},
    output::Output,
    preflight,
    signals::Interrupt,
    stages::{self, Found},
};

/// Tokens of an answer where no run has told yet: a sentence of 25 words.
const USUAL_ANSWER_TOKENS: f64 = 35.0;
/// The same measure by which code is cut.
const BYTES_PER_TOKEN: f64 = 3.0;

/// The answers of a database that may not be there yet.
struct ReadOnlyAnswers(Option<SqliteReader>);

impl AnswerStore for ReadOnlyAnswers {
    fn lookup(&mut self, keys: &[QuestionKey]) -> Result<HashMap<QuestionKey, String>, BoxError> {
        let mut answers = self.0.as_ref().map(|reader| reader.lookup_answers(keys)).transpose()?.unwrap_or_default();
        answers.retain(|_, intent| is_trustworthy(intent));
        Ok(answers)
    }

    fn keep(&mut self, _answers: &[KeptAnswer]) -> Result<(), BoxError> {
        Ok(())
    }

    fn forget(&mut self, _keys: &[QuestionKey]) -> Result<(), BoxError> {
        Ok(())
    }
}

/// What is expected, as far as earlier runs tell.
struct Estimate {
    prompt_tokens: u64,
    answer_tokens: u64,
    seconds: Option<u64>,
}

pub(super) fn run(
    source: &SourcePlan,
    intents: &IntentPlan,
    database: &DatabasePlan,
    format: SummaryFormat,
    interrupt: &Interrupt,
) -> Result<(), Failure> {
    let model = intents.client.model();
    let reader = SqliteReader::open_if_present(&database.path, &database.options).map_err(database_failure)?;
    let rate = reader.as_ref().map(|reader| reader.last_enrichment_rate(model)).transpose();
    let rate = rate.map_err(database_failure)?.flatten();
    let last_known = || reader.as_ref()?.latest_digest(model).ok().flatten();
    let preflight = preflight::probe(intents, interrupt)?.into_preflight(last_known);
    let found = stages::find_records(source, &mut Accounts::none(), interrupt)?;
    let enricher = IntentEnricher::new(intents.client.as_ref(), intents.options);
    let mut forecast = enricher
        .forecast(&found.records, &preflight, &mut ReadOnlyAnswers(reader))
        .map_err(|error| Failure::failed(anyhow::anyhow!("look up the answers that are kept: {error}")))?;
    if !intents.client.is_paid() {
        forecast = Forecast { call_count: 0, prompt_bytes: 0, ..forecast };
    }
    let estimate = estimate(&forecast, rate);
    Output::Stdout.write(|writer| match format {
        SummaryFormat::Table => write_text(writer, &found, &forecast, &estimate),
        SummaryFormat::Json => write_json(writer, &found, &forecast, &estimate),
    })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates of what is never negative"
)]
fn estimate(forecast: &Forecast, rate: Option<EnrichmentRate>) -> Estimate {
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

fn count(found: &Found, kind: SymbolKind) -> usize {
    found.records.iter().filter(|record| record.kind == kind).count()
}

fn write_text(writer: &mut dyn Write, found: &Found, forecast: &Forecast, estimate: &Estimate) -> std::io::Result<()> {
    let mut fields = Fields::new("planned");
    for kind in SymbolKind::ALL {
        fields = fields.field(kind.as_str(), count(found, kind));
    }
    let seconds = estimate.seconds.map_or_else(|| "unknown".to_owned(), |seconds| seconds.to_string());
    let line = fields
        .field("analyzer_error_count", found.errors.len())
        .field("selected", forecast.selected_count)
        .field("questions", forecast.question_count)
        .field("kept", forecast.kept_count)
        .field("kept_of_older_prompt", forecast.former_count)
        .field("calls", forecast.call_count)
        .field("cut", forecast.cut_count)
        .field("estimated_prompt_tokens", estimate.prompt_tokens)
        .field("estimated_answer_tokens", estimate.answer_tokens)
        .field("estimated_seconds", seconds);
    writeln!(writer, "{}", line.finish())
}

fn write_json(writer: &mut dyn Write, found: &Found, forecast: &Forecast, estimate: &Estimate) -> std::io::Result<()> {
    let records: serde_json::Map<_, _> =
        SymbolKind::ALL.into_iter().map(|kind| (kind.to_string(), count(found, kind).into())).collect();
    let object = json!({
        "records": records,
        "analyzer_error_count": found.errors.len(),
        "selected": forecast.selected_count,
        "questions": forecast.question_count,
        "kept": forecast.kept_count,
        "kept_of_older_prompt": forecast.former_count,
        "calls": forecast.call_count,
        "cut": forecast.cut_count,
        "estimated_prompt_tokens": estimate.prompt_tokens,
        "estimated_answer_tokens": estimate.answer_tokens,
        "estimated_seconds": estimate.seconds,
    });
    write_object(writer, object)
}
