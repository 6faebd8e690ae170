//! `cds runs stats`: sums over many runs.

use std::time::Duration;

use cds_persistence::RunStats;
use clap::Args;
use serde_json::Value;

use super::{ReadArguments, nothing_to_show};
use cds_terminal::{
    grid::{Cell, Column, Grid},
    screen::Screen,
    sections::Sections,
    style::Tone,
};

use crate::{
    app::App,
    arguments::{object, parse_duration},
    clock,
    failure::{Failure, database_failure},
};

/// Show totals of all runs: outcomes, durations of stages, calls, tokens and reuse
#[derive(Debug, Args)]
pub(super) struct StatsArguments {
    #[command(flatten)]
    read: ReadArguments,

    /// Count only runs that began within this time, for example 30d
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Filter options")]
    since: Option<Duration>,
}

const COLUMNS: &[Column] =
    &[Column::text("STAGE"), Column::number("RUNS"), Column::number("MEDIAN SECONDS"), Column::number("P95 SECONDS")];

pub(super) fn run(arguments: &StatsArguments, app: &App) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open(app.console)?;
    let since = arguments.since.map(|since| clock::ago(since).to_string());
    let stats = reader.run_stats(since.as_deref()).map_err(database_failure)?;
    let is_empty = stats.statuses.is_empty() && stats.other_count == 0;
    let instead = if is_empty { nothing_to_show(&reader, &plan, "run")? } else { String::new() };
    arguments.read.show(
        || json(&stats, since.as_deref()),
        |writer, screen| {
            if is_empty { writeln!(writer, "{instead}") } else { write!(writer, "{}", render(&stats, screen)) }
        },
    )
}

/// The share of the records in scope without a question to a model; `None` without records.
#[expect(clippy::cast_precision_loss, reason = "a ratio of counts below 2^53")]
fn share(part: u64, stats: &RunStats) -> Option<f64> {
    (stats.selected_count > 0).then(|| part as f64 / stats.selected_count as f64)
}

fn json(stats: &RunStats, since: Option<&str>) -> Value {
    let mut fields = object(stats);
    fields["since"] = since.into();
    fields["reuse_rate"] = share(stats.reused_count, stats).into();
    fields
}

fn render(stats: &RunStats, screen: &Screen) -> String {
    let mut page = Sections::new(screen);
    let total = stats.statuses.iter().fold(0, |sum: u64, item| sum.saturating_add(item.count));
    page.heading("Runs");
    page.field("all", total.to_string());
    for item in &stats.statuses {
        // As long as the column of the names is; the word of another program may be any.
        let count = item.count.to_string();
        page.toned_field("", Tone::of_status(&item.name), format!("{count} {}", item.name));
    }
    page.field("checks, upkeep", stats.other_count.to_string());
    page.heading("Stages");
    if stats.stages.is_empty() {
        page.sentence("no stage has ended yet");
    } else {
        let mut grid = Grid::new(COLUMNS, &[]);
        for row in &stats.stages {
            grid.push([
                Cell::new(&row.stage),
                Cell::of(Some(row.count)),
                Cell::new(format!("{:.2}", row.median_seconds)),
                Cell::new(format!("{:.2}", row.p95_seconds)),
            ]);
        }
        page.grid(&grid);
    }
    page.heading("Total cost");
    page.field("calls", stats.call_count.to_string());
    page.optional("tokens", stats.tokens);
    page.heading("Intents of the stored snapshots");
    page.field("selected", stats.selected_count.to_string());
    page.field("reused", with_share(stats.reused_count, stats));
    page.field("shared", with_share(stats.shared_count, stats));
    page.optional("prompt tokens", stats.prompt_tokens);
    page.optional("answer tokens", stats.answer_tokens);
    page.finish()
}

fn with_share(part: u64, stats: &RunStats) -> String {
    share(part, stats).map_or_else(|| part.to_string(), |share| format!("{part} ({:.1} %)", share * 100.0))
}

#[cfg(test)]
mod tests {
    use cds_persistence::{Counted, StageDurations};

    use super::{super::samples, *};

    fn stats(word: &str) -> RunStats {
        let counted = |name: &str, count| Counted { name: name.to_owned(), count };
        RunStats {
            statuses: vec![counted("completed", 12), counted("failed", 1), counted(word, 2)],
            other_count: 4,
            stages: vec![
                StageDurations { stage: "analyze".to_owned(), count: 14, median_seconds: 1.234, p95_seconds: 2.0 },
                StageDurations { stage: word.to_owned(), count: 3, median_seconds: 61.5, p95_seconds: 1e12 },
            ],
            selected_count: 600,
            reused_count: 500,
            shared_count: 12,
            call_count: 90,
            tokens: Some(150_000),
            prompt_tokens: Some(123_456),
            answer_tokens: None,
        }
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!("stats_80", render(&stats("interrupted"), &samples::screen(80)));
    }

    #[test]
    fn lines_fit_the_terminal() {
        for width in 40..200 {
            samples::assert_is_safe(&render(&stats(samples::HOSTILE), &samples::screen(width)), width);
        }
    }

    #[test]
    fn what_is_not_known_is_null() {
        let object = json(&RunStats::default(), None);
        assert_eq!((&object["reuse_rate"], &object["answer_tokens"]), (&Value::Null, &Value::Null));
        assert_eq!(json(&stats("x"), Some("2026-11-20T00:00:00.000Z"))["reuse_rate"], Value::from(500.0 / 600.0));
    }
}
