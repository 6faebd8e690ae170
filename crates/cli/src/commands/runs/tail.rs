//! `cds runs tail`: the last stage runs.

use std::io::{self, Write};

use cds_model::AccountStatus;
use cds_persistence::{StageFilter, StageRow};
use clap::{Args, builder::PossibleValuesParser};
use serde_json::{Value, json};

use super::{ReadArguments, facts, ids::KnownIds, nothing_to_show};
use cds_terminal::{
    columns::wrap,
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
    text::one_line,
};

use crate::{
    app::App,
    failure::{Failure, database_failure},
};

/// List the latest stages of all runs, newest first
#[derive(Debug, Args)]
pub(super) struct TailArguments {
    #[command(flatten)]
    read: ReadArguments,

    /// Maximum number of stages to show
    #[arg(long, short = 'n', visible_alias = "n", value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=1_000_000), allow_negative_numbers = true, help_heading = "Display options")]
    limit: u32,

    /// Show only this stage: analyze, build, enrich, persist, or a stage of another program
    #[arg(long, value_name = "STAGE", help_heading = "Filter options")]
    stage: Option<String>,

    /// Show only stages with this status
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(AccountStatus::ALL.map(AccountStatus::as_str)), help_heading = "Filter options")]
    status: Option<String>,
}

const COLUMNS: &[Column] = &[
    Column::text("RUN"),
    Column::text("STAGE"),
    Column::text("STATUS"),
    Column::text("STARTED"),
    Column::number("ROWS IN"),
    Column::number("ROWS OUT"),
    Column::number("SECONDS"),
];

const SAVINGS: &[Saving] = &[
    Saving::Shorten("RUN"),
    Saving::Shorten("STARTED"),
    Saving::Shorten("STATUS"),
    Saving::Shorten("STARTED"),
    Saving::Drop("ROWS IN"),
    Saving::Drop("ROWS OUT"),
    Saving::Drop("STARTED"),
    Saving::Drop("SECONDS"),
    Saving::Cut("RUN", 8),
];

pub(super) fn run(arguments: &TailArguments, app: &App) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open(app.console)?;
    let filter = StageFilter {
        limit: usize::try_from(arguments.limit).ok(),
        stage: arguments.stage.clone(),
        status: arguments.status.clone(),
    };
    let rows = reader.stage_runs(&filter).map_err(database_failure)?;
    let instead = if rows.is_empty() { nothing_to_show(&reader, &plan, "stage run")? } else { String::new() };
    let known = KnownIds::of_stages(&reader)?;
    arguments.read.show(
        || json(&rows),
        |writer, screen| {
            if rows.is_empty() { writeln!(writer, "{instead}") } else { write(writer, &rows, &known, screen) }
        },
    )
}

fn json(rows: &[StageRow]) -> Value {
    json!({ "stages": rows })
}

fn write(writer: &mut dyn Write, rows: &[StageRow], known: &KnownIds, screen: &Screen) -> io::Result<()> {
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    for row in rows {
        grid.push([
            known.cell(&row.run_id),
            Cell::new(&row.stage),
            facts::status_cell(&row.status),
            facts::time_cell(&row.started_at, screen),
            Cell::of(row.rows_in),
            Cell::of(row.rows_out),
            Cell::of(facts::seconds(row.duration_seconds)),
        ]);
    }
    let mut table = Vec::new();
    grid.write(&mut table, screen, 0)?;
    writer.write_all(&table)?;
    let table = String::from_utf8_lossy(&table);
    let shortened: Vec<&str> = rows.iter().map(|row| &*row.run_id).filter(|id| !table.contains(end_of(id))).collect();
    if !shortened.is_empty() {
        writeln!(writer, "whole ids:")?;
        let lines = shortened.iter().flat_map(|id| wrap(&one_line(id), screen.width.saturating_sub(2)));
        lines.into_iter().try_for_each(|line| writeln!(writer, "  {line}"))?;
    }
    let counts = facts::counts("stage run", rows.iter().map(|row| row.status.as_str()));
    let summary = one_line(&format!("{counts}; times in {}", screen.time.name()));
    wrap(&summary, screen.width).iter().try_for_each(|line| writeln!(writer, "{line}"))
}

/// The part of an id that stands in a table only where the whole id does; its beginning may be highlighted.
fn end_of(id: &str) -> &str {
    id.rsplit('-').next().unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::{super::samples, *};

    fn tail(width: usize) -> String {
        let rows = samples::stages();
        let known = KnownIds::of_each(rows.iter().map(|row| row.run_id.clone()));
        let mut output = Vec::new();
        write(&mut output, &rows, &known, &samples::screen(width)).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!("tail_80", tail(80));
        insta::assert_snapshot!("tail_160", tail(160));
    }

    #[test]
    fn lines_fit_the_terminal() {
        for width in 40..200 {
            let rows = vec![samples::hostile_stage(); 3];
            let mut output = Vec::new();
            write(&mut output, &rows, &KnownIds::default(), &samples::screen(width)).unwrap();
            samples::assert_is_safe(&String::from_utf8(output).unwrap(), width);
            assert!(tail(width).lines().all(|line| line.width() <= width));
        }
    }

    #[test]
    fn json_has_stored_values() {
        let object = json(&samples::stages());
        let row = &object["stages"][0];
        assert_eq!(row.as_object().unwrap().len(), 18);
        assert_eq!((&row["started_at"], &row["rows_out"]), (&json!("2026-11-20T22:15:03.120Z"), &Value::Null));
    }
}
