//! `cds db size`: what takes the room of a database.

use std::io::{self, Write};

use cds_persistence::{Layout, SqliteReader, StorageUse};
use cds_terminal::{
    grid::{Cell, Column, Grid},
    numbers::{counted, in_bytes, percent},
    screen::Screen,
    sections::Sections,
};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    app::App,
    arguments::{DatabaseArguments, ResultFormat},
    commands::damage,
    failure::{Failure, database_failure},
    output::Output,
};

#[derive(Debug, Args)]
pub(super) struct SizeArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT", help_heading = "Output options")]
    format: ResultFormat,
}

/// The most tables and the most snapshots on the page; JSON has all.
const MOST_ROWS: usize = 12;

/// Less than this is not worth a conversion.
const LEAST_SAVING: u64 = 1 << 20;

const TABLES: &[Column] = &[Column::text("TABLE"), Column::number("SIZE"), Column::number("SHARE")];

const RUNS: &[Column] = &[Column::number("SNAPSHOT"), Column::number("RECORDS"), Column::number("OWN SIZE")];

pub(super) fn run(arguments: &SizeArguments, app: &App) -> Result<(), Failure> {
    let plan = arguments.database.plan()?;
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    damage::warn(&reader, app.console);
    let found = reader.storage_use().map_err(database_failure)?;
    Output::Stdout
        .write(|writer| arguments.format.write(writer, || json(&found), |writer, screen| write(writer, &found, screen)))
}

fn json(found: &StorageUse) -> Value {
    let table = |table: &cds_persistence::TableUse| json!({ "name": table.name, "bytes": table.bytes });
    let run = |run: &cds_persistence::RunUse| json!({ "snapshot_id": run.run_id.0, "record_count": run.record_count, "own_bytes": run.own_bytes });
    json!({
        "layout": found.layout.as_str(),
        "database_bytes": found.file_bytes,
        "free_bytes": found.free_bytes,
        "unchanged_run_bytes": found.unchanged_run_bytes,
        "compact_saves_bytes": found.compact_saves_bytes,
        "tables": found.tables.iter().map(table).collect::<Value>(),
        "snapshots": found.runs.iter().map(run).collect::<Value>(),
    })
}

fn write(writer: &mut dyn Write, found: &StorageUse, screen: &Screen) -> io::Result<()> {
    let mut page = Sections::new(screen);
    page.field("file", in_bytes(found.file_bytes));
    page.field("layout", found.layout.as_str());
    page.field("free", in_bytes(found.free_bytes));
    page.optional(
        "next run",
        found.unchanged_run_bytes.map(|bytes| format!("adds {} if nothing changes", in_bytes(bytes))),
    );
    page.optional("compact", saving(found));
    writeln!(writer, "{}", page.finish())?;
    let mut tables = Grid::new(TABLES, &[]);
    for table in found.tables.iter().take(MOST_ROWS) {
        let share = percent(share(table.bytes, found.file_bytes));
        tables.push([Cell::new(&table.name), Cell::new(in_bytes(table.bytes)), Cell::new(share)]);
    }
    tables.write(writer, screen, 0)?;
    write_rest(writer, found.tables.iter().map(|table| table.bytes), "table")?;
    if found.runs.is_empty() {
        return Ok(());
    }
    writeln!(writer)?;
    let mut runs = Grid::new(RUNS, &[]);
    for run in found.runs.iter().take(MOST_ROWS) {
        runs.push([Cell::of(Some(run.run_id)), Cell::of(Some(run.record_count)), Cell::new(in_bytes(run.own_bytes))]);
    }
    runs.write(writer, screen, 0)?;
    write_rest(writer, found.runs.iter().map(|run| run.own_bytes), "older snapshot")?;
    writeln!(writer, "\nThe own size is what cds runs prune --vacuum gives back if it removes that snapshot alone.")
}

/// What was left out of a table.
fn write_rest(writer: &mut dyn Write, bytes: impl Iterator<Item = u64>, what: &str) -> io::Result<()> {
    let (count, sum) = bytes.skip(MOST_ROWS).fold((0, 0_u64), |(count, sum), bytes| (count + 1, sum + bytes));
    if count == 0 { Ok(()) } else { writeln!(writer, "and {}: {}", counted(count, what), in_bytes(sum)) }
}

/// What the compact layout would save.
fn saving(found: &StorageUse) -> Option<String> {
    let bytes = found.compact_saves_bytes.filter(|bytes| found.layout == Layout::Plain && *bytes >= LEAST_SAVING)?;
    Some(format!("cds db compact gives back about {}", in_bytes(bytes)))
}

#[expect(clippy::cast_precision_loss, reason = "a share has one decimal")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use cds_persistence::{RunId, RunUse, TableUse};
    use cds_terminal::{local_time::LocalTime, style::Palette};
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn it_looks_as_reviewed() {
        let table = |number: u64| TableUse { name: format!("table_{number}"), bytes: 9_000_000 / (number + 1) };
        let run = |id: i64| RunUse { run_id: RunId(id), record_count: 12_345, own_bytes: 4_200_000 };
        let found = StorageUse {
            layout: Layout::Plain,
            file_bytes: 44_171_264,
            free_bytes: 8_192,
            tables: (0..14).map(table).collect(),
            runs: (1..=13).rev().map(run).collect(),
            unchanged_run_bytes: Some(35_000_000),
            compact_saves_bytes: Some(15_000_000),
        };
        let screen = Screen { width: 80, palette: Palette::Plain, time: LocalTime::of(TimeZone::UTC) };
        let mut output = Vec::new();
        write(&mut output, &found, &screen).unwrap();
        insta::assert_snapshot!("size_80", String::from_utf8(output).unwrap());
    }
}
