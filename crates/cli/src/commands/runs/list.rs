//! `cds runs list`: one row an invocation.

use std::{
    collections::HashMap,
    io::{self, Write},
    time::Duration,
};

use cds_model::AccountStatus;
use cds_persistence::{ChainRow, Invocation, InvocationFilter, RunId, lock_path, lock_status};
use clap::{Args, builder::PossibleValuesParser};
use serde_json::{Value, json};

use super::{ReadArguments, facts, ids::KnownIds, json::invocation, liveness::Liveness, nothing_to_show};
use cds_terminal::{
    columns::wrap,
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
    style::Tone,
    text::one_line,
};

use crate::{
    app::App,
    arguments::parse_duration,
    clock,
    failure::{Failure, database_failure},
};

/// List the latest runs, newest first
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    read: ReadArguments,

    /// Maximum number of runs to show
    #[arg(long, short = 'n', visible_alias = "n", value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000_000), allow_negative_numbers = true, help_heading = "Display options")]
    limit: u32,

    /// Show only runs with this status; `gone` is a run without an end whose process does not run any more
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(AccountStatus::ALL.map(AccountStatus::as_str).into_iter().chain([GONE])), help_heading = "Filter options")]
    status: Option<String>,

    /// Show only runs that began within this time, for example 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "Filter options")]
    since: Option<Duration>,

    /// Show only runs of this project
    #[arg(long, value_name = "NAME", help_heading = "Filter options")]
    project: Option<String>,

    /// Show only runs that have this stage, for example enrich
    #[arg(long, value_name = "NAME", help_heading = "Filter options")]
    stage: Option<String>,

    /// Show only runs of a commit that starts with this
    #[arg(long, value_name = "COMMIT", help_heading = "Filter options")]
    commit: Option<String>,

    /// Show only runs of this command, for example persist, archive or `runs prune`
    #[arg(long, value_name = "WORDS", help_heading = "Filter options")]
    command: Option<String>,

    /// Show only runs with this text in a note; case does not matter
    #[arg(long, value_name = "TEXT", help_heading = "Filter options")]
    note: Option<String>,

    /// Show only runs with this text in an error of the run or of a stage; case does not matter
    #[arg(long, value_name = "TEXT", help_heading = "Filter options")]
    error: Option<String>,
}

/// The status of a run without an end whose process has ended.
const GONE: &str = "gone";

/// What is shown of a run and is not in its rows.
type Alive<'a> = &'a dyn Fn(&Invocation) -> Option<Liveness>;

const COLUMNS: &[Column] = &[
    Column::number("ID"),
    Column::text("RUN"),
    Column::text("STATUS"),
    Column::text("COMMAND"),
    Column::text("STARTED"),
    Column::number("SECONDS"),
    Column::text("PROJECT"),
    Column::text("COMMIT"),
    Column::number("RECORDS"),
    Column::number("FAILED"),
    Column::number("CALLS"),
    Column::number("REUSED"),
    Column::number("TOKENS"),
    Column::text("ERROR"),
];

const SAVINGS: &[Saving] = &[
    Saving::Cut("ERROR", 40),
    Saving::Cut("PROJECT", 16),
    Saving::Shorten("STARTED"),
    Saving::Shorten("COMMIT"),
    Saving::Shorten("STATUS"),
    Saving::Shorten("RUN"),
    Saving::Drop("REUSED"),
    Saving::Drop("TOKENS"),
    Saving::Drop("CALLS"),
    Saving::Cut("COMMAND", 9),
    Saving::Shorten("STARTED"),
    Saving::Cut("PROJECT", 8),
    Saving::Drop("COMMIT"),
    Saving::Cut("ERROR", 24),
    Saving::Drop("SECONDS"),
    Saving::Drop("FAILED"),
    Saving::Cut("ERROR", 12),
    Saving::Drop("PROJECT"),
    Saving::Drop("RECORDS"),
    Saving::Cut("ERROR", 5),
    Saving::Drop("COMMAND"),
    Saving::Drop("ERROR"),
    Saving::Cut("RUN", 8),
];

pub(super) fn run(arguments: &ListArguments, app: &App) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open(app.console)?;
    let limit = usize::try_from(arguments.limit).ok();
    let only_ended = arguments.status.as_deref() == Some(GONE);
    let status = if only_ended { Some(AccountStatus::Running.as_str().to_owned()) } else { arguments.status.clone() };
    let filter = InvocationFilter {
        limit: limit.filter(|_| !only_ended),
        status,
        since: arguments.since.map(|since| clock::ago(since).to_string()),
        project: arguments.project.clone(),
        stage: arguments.stage.clone(),
        commit: arguments.commit.clone(),
        command: arguments.command.clone(),
        note: arguments.note.clone(),
        error: arguments.error.clone(),
    };
    // Before the accounts: a run that ends in between is then not shown as `gone`.
    let lock = lock_status(&lock_path(&plan.path)).ok();
    let now = clock::now();
    let alive = |row: &Invocation| Liveness::of(row, lock.as_ref(), now);
    let mut rows = reader.invocations(&filter).map_err(database_failure)?;
    if only_ended {
        rows.retain(|row| has_ended(alive(row).as_ref()));
        rows.truncate(limit.unwrap_or(usize::MAX));
    }
    let instead = if rows.is_empty() { nothing_to_show(&reader, &plan, "run")? } else { String::new() };
    let known = KnownIds::of_runs(&reader)?;
    let snapshots: Vec<RunId> = rows.iter().filter_map(|row| row.snapshot_id).collect();
    let chained = reader.chain_rows(&snapshots).map_err(database_failure)?;
    arguments.read.show(
        || json(&rows, &chained, &alive),
        |writer, screen| {
            if rows.is_empty() { writeln!(writer, "{instead}") } else { write(writer, &rows, &known, &alive, screen) }
        },
    )
}

fn json(rows: &[Invocation], chained: &HashMap<RunId, ChainRow>, alive: Alive<'_>) -> Value {
    let row = |row: &Invocation| {
        let mut object = invocation(row, row.snapshot_id.and_then(|run| chained.get(&run)));
        object["is_alive"] = alive(row).as_ref().and_then(Liveness::is_alive).into();
        object
    };
    json!({ "runs": rows.iter().map(row).collect::<Value>() })
}

fn write(
    writer: &mut dyn Write,
    rows: &[Invocation],
    known: &KnownIds,
    alive: Alive<'_>,
    screen: &Screen,
) -> io::Result<()> {
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    for row in rows {
        let ledger = row.ledger.as_ref();
        let snapshot = row.snapshot.as_ref();
        grid.push([
            Cell::of(row.snapshot_id),
            ledger.map_or_else(|| Cell::of(None::<String>), |ledger| known.cell(&ledger.run_id)),
            status_cell(row.status(), alive(row).as_ref()),
            Cell::of(ledger.map(|ledger| &ledger.command)),
            facts::time_cell(row.started_at(), screen),
            Cell::of(facts::seconds(facts::duration_seconds(row))),
            Cell::of(ledger.map(|ledger| &ledger.subject)),
            facts::commit_cell(ledger.and_then(|ledger| ledger.code_ref.as_deref())),
            Cell::of(snapshot.map(|snapshot| snapshot.record_count)),
            Cell::of(snapshot.map(|snapshot| snapshot.intent_failed_count)),
            Cell::of(row.llm_calls),
            Cell::of(row.enrichment.as_ref().map(|enrichment| enrichment.reused_count)),
            Cell::of(row.tokens),
            Cell::of(ledger.and_then(|ledger| ledger.error.as_ref())),
        ]);
    }
    grid.write(writer, screen, 0)?;
    let shown = |row| if has_ended(alive(row).as_ref()) { GONE } else { row.status() };
    let counts = facts::counts("run", rows.iter().map(shown));
    let summary = one_line(&format!("{counts}; times in {}", screen.time.name()));
    wrap(&summary, screen.width).iter().try_for_each(|line| writeln!(writer, "{line}"))
}

fn has_ended(liveness: Option<&Liveness>) -> bool {
    liveness.is_some_and(|liveness| liveness.is_alive() == Some(false))
}

/// A run without an end whose process has ended is not running, whatever its row says.
fn status_cell(status: &str, liveness: Option<&Liveness>) -> Cell {
    match liveness.map(Liveness::is_alive) {
        Some(Some(false)) => {
            Cell::forms(&["running (process ended)".to_owned(), GONE.to_owned()]).tone(Tone::of_status("failed"))
        }
        Some(None) => Cell::forms(&["running (unknown)".to_owned(), "running?".to_owned()]),
        _ => facts::status_cell(status),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    fn list(rows: &[Invocation], width: usize) -> String {
        let ids = rows.iter().filter_map(|row| row.ledger.as_ref()).map(|row| row.run_id.clone());
        let mut output = Vec::new();
        let ended = |row: &Invocation| (row.status() == "running").then_some(Liveness::Ended);
        write(&mut output, rows, &KnownIds::of_each(ids), &ended, &samples::screen(width)).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        let rows = samples::invocations();
        insta::assert_snapshot!("list_80", list(&rows, 80));
        insta::assert_snapshot!("list_160", list(&rows, 160));
    }

    #[test]
    fn lines_fit_the_terminal() {
        for width in 40..200 {
            samples::assert_is_safe(&list(&[samples::hostile_invocation()], width), width);
            samples::assert_is_safe(&list(&samples::invocations(), width), width);
        }
    }

    #[test]
    fn snapshot_without_account_is_run() {
        let object = json(&samples::invocations(), &HashMap::new(), &|_| None);
        let row = object["runs"].as_array().unwrap().last().unwrap();
        assert_eq!((&row["ledger"], &row["ledger_id"], &row["snapshot_id"]), (&Value::Null, &Value::Null, &json!(1)));
        assert_eq!((&row["status"], &row["duration_seconds"]), (&json!("completed"), &json!(1.5)));
    }
}
