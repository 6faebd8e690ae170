//! `cds persist --dry-run`: what a snapshot would take.

use std::io::Write;

use cds_llm_client::Forecast;
use cds_model::SymbolKind;
use cds_pipeline::{
    Predecessor,
    forecast::{Estimate, Outlook, look_ahead},
    stages::Found,
};
use cds_terminal::fields::Fields;
use clap::ValueEnum;
use serde_json::json;

use crate::{
    app::App,
    arguments::{DatabasePlan, Intents, SourcePlan, write_object},
    failure::Failure,
    output::Output,
};

/// The forms of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SummaryFormat {
    /// One line of key=value pairs
    #[value(alias = "text")]
    Table,
    /// One JSON object
    Json,
}

pub(super) fn run(
    source: &SourcePlan,
    intents: &Intents,
    (database, of): (&DatabasePlan, &Predecessor<'_>),
    format: SummaryFormat,
    app: &App,
) -> Result<(), Failure> {
    let Outlook { found, forecast, estimate } = look_ahead(source, intents, database, of, &app.context)?;
    Output::Stdout.write(|writer| match format {
        SummaryFormat::Table => write_text(writer, &found, &forecast, &estimate),
        SummaryFormat::Json => write_json(writer, &found, &forecast, &estimate),
    })
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
