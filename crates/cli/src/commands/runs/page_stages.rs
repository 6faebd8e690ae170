//! The stages of a run: a table, and below it what does not fit one.

use cds_persistence::{Invocation, InvocationDetails, StageRow};

use super::facts;
use cds_terminal::{
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
    sections::Sections,
    style::Tone,
};

const COLUMNS: &[Column] = &[
    Column::text("STAGE"),
    Column::text("STATUS"),
    Column::text("SOURCE"),
    Column::text("STARTED"),
    Column::number("SECONDS"),
    Column::number("ROWS IN"),
    Column::number("ROWS OUT"),
    Column::number("CALLS"),
    Column::number("TOKENS"),
];

const SAVINGS: &[Saving] = &[
    Saving::Shorten("STARTED"),
    Saving::Shorten("STARTED"),
    Saving::Shorten("STATUS"),
    Saving::Drop("STARTED"),
    Saving::Drop("SOURCE"),
    Saving::Drop("TOKENS"),
    Saving::Drop("CALLS"),
];

pub(super) fn stages(page: &mut Sections<'_>, found: &Invocation, details: &InvocationDetails, screen: &Screen) {
    page.heading("Stages");
    if details.stages.is_empty() {
        page.sentence(match &found.ledger {
            Some(_) => "none: the run ended before its first stage began, or its stages could not be written down",
            None => "none: the run has no row in the ledger",
        });
        return;
    }
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    for row in &details.stages {
        grid.push([
            Cell::new(&row.stage),
            facts::status_cell(&row.status),
            Cell::new(&row.source),
            facts::time_cell(&row.started_at, screen),
            Cell::of(facts::seconds(row.duration_seconds)),
            Cell::of(row.rows_in),
            Cell::of(row.rows_out),
            Cell::of(row.llm_calls),
            Cell::of(row.tokens),
        ]);
    }
    page.grid(&grid);
    details.stages.iter().for_each(|row| stage(page, found, row, screen));
}

/// What of a stage is not in the table, and not the same as in its run.
fn stage(page: &mut Sections<'_>, found: &Invocation, row: &StageRow, screen: &Screen) {
    page.heading(&format!("Stage {}", row.stage));
    page.field("stage id", &row.run_id);
    page.field("source", &row.source);
    if let Some(error) = &row.error {
        page.toned_field("error", Tone::of_status(&row.status), error);
    }
    page.field("started", screen.time.in_full(&row.started_at));
    // What another command wrote down is not when it ended.
    let is_marked = row.duration_seconds.is_none() && found.ledger.as_ref().is_some_and(|run| run.closed_by.is_some());
    page.optional(
        if is_marked { "marked" } else { "finished" },
        row.finished_at.as_deref().map(|stored| screen.time.in_full(stored)),
    );
    if row.llm_calls.is_some() || row.tokens.is_some() {
        page.optional("model calls", row.llm_calls);
        page.optional("tokens", row.tokens);
    }
    page.optional("input", row.input_fingerprint.as_ref());
    page.field("configuration", &row.config_hash);
    let ledger = found.ledger.as_ref();
    if ledger.is_none_or(|run| run.code_ref != row.code_ref || run.code_ref_note != row.code_ref_note) {
        page.optional("commit", row.code_ref.as_ref());
        page.field("commit note", &row.code_ref_note);
    }
    if ledger.is_none_or(|run| run.trace_id != row.trace_id) {
        page.field("trace id", &row.trace_id);
    }
}
