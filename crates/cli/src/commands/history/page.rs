//! A unit and its transitions as a page, and units as a list.

use std::io::{self, Write};

use cds_persistence::StoredUnit;

use super::{
    super::runs::facts::{commit_cell, time_cell},
    History, Step,
    spec::{label, numbered_label},
};
use cds_terminal::numbers::counted;
use cds_terminal::{
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
    sections::Sections,
    style::Tone,
    text::safe_line,
};

/// Digits of a hash that are enough for people.
const HASH_DIGITS: usize = 12;
const SHORTEST_HASH: usize = 7;

const TRANSITIONS: &[Column] = &[
    Column::number("RUN"),
    Column::text("TIME"),
    Column::text("TRANSITION"),
    Column::text("CHANGED"),
    Column::text("BEFORE"),
    Column::text("AFTER"),
    Column::text("COMMIT"),
    Column::text("ACTOR"),
    Column::text("REASONING"),
];

const TRANSITION_SAVINGS: &[Saving] = &[
    Saving::Cut("REASONING", 24),
    Saving::Shorten("TIME"),
    Saving::Cut("ACTOR", 12),
    Saving::Shorten("COMMIT"),
    Saving::Shorten("BEFORE"),
    Saving::Shorten("AFTER"),
    Saving::Cut("CHANGED", 24),
    Saving::Drop("BEFORE"),
    Saving::Shorten("TIME"),
    Saving::Cut("REASONING", 12),
    Saving::Drop("ACTOR"),
    Saving::Drop("REASONING"),
    Saving::Cut("CHANGED", 12),
    Saving::Drop("AFTER"),
    Saving::Drop("COMMIT"),
    Saving::Drop("TIME"),
];

const UNITS: &[Column] = &[
    Column::number("UNIT"),
    Column::path("NAME"),
    Column::text("KIND"),
    Column::text("STATE"),
    Column::text("RUNS"),
    Column::text("PROJECT"),
    Column::path("PART"),
];

const UNIT_SAVINGS: &[Saving] = &[
    Saving::Cut("PROJECT", 16),
    Saving::Cut("PART", 16),
    Saving::Cut("NAME", 32),
    Saving::Drop("PART"),
    Saving::Drop("PROJECT"),
    Saving::Drop("RUNS"),
    Saving::Cut("NAME", 16),
    Saving::Drop("KIND"),
];

/// Writes what is known of a unit, and its transitions as a table.
pub(super) fn write(writer: &mut dyn Write, history: &History, screen: &Screen) -> io::Result<()> {
    let mut page = Sections::new(screen);
    head(&mut page, history, screen);
    page.heading("Transitions");
    let mut grid = Grid::new(TRANSITIONS, TRANSITION_SAVINGS);
    for step in &history.steps {
        let row = &step.row;
        grid.push([
            Cell::new(row.run_id.to_string()),
            time_cell(&row.recorded_at, screen),
            Cell::new(&row.transition).tone(tone(&row.transition)),
            Cell::of(changed(step)),
            hash_cell(row.previous_content_hash.as_deref()),
            hash_cell(row.content_hash.as_deref()),
            commit_cell(row.code_ref.as_deref()),
            Cell::of(row.actor.as_deref()),
            Cell::of(row.reasoning.as_deref()),
        ]);
    }
    page.grid(&grid);
    if let Some(sentence) = left_out(history) {
        page.sentence(sentence);
    }
    write!(writer, "{}", page.finish())
}

/// Writes what is known of a unit beside its transitions.
pub(super) fn head(page: &mut Sections<'_>, history: &History, screen: &Screen) {
    let unit = &history.unit;
    let label_of_unit = if history.is_numbered { numbered_label } else { label };
    page.heading(&safe_line(&label_of_unit(&unit.file_path, &unit.name, unit.ordinal)));
    page.field("unit", unit.id.to_string());
    page.field("kind", &unit.kind);
    page.field("project", &unit.project);
    if !unit.part.is_empty() {
        page.field("part", &unit.part);
    }
    if let Some(count) = history.definition_count {
        page.field("holds", counted(count, "definition"));
    }
    for (origin, run_id) in &history.earlier {
        let name = safe_line(&label(&origin.file_path, &origin.name, origin.ordinal));
        page.field("earlier name", format!("{name}, until run {run_id}"));
    }
    page.toned_field("state", state_tone(unit), state(unit));
    page.field("first seen", format!("run {}", unit.first_run));
    page.field("last seen", format!("run {}, {}", unit.last_run, screen.time.in_full(&unit.last_seen_at)));
    page.field("content", &unit.content_hash);
}

/// That there are more transitions than are shown.
pub(super) fn left_out(history: &History) -> Option<String> {
    let shown = history.steps.len();
    (shown < history.step_count)
        .then(|| format!("these are the last {shown} of {} transitions; --limit 0 shows all", history.step_count))
}

/// What a transition changed, and where the unit came from.
pub(super) fn changed(step: &Step) -> Option<String> {
    let metadata = step.metadata.as_ref()?;
    let from = metadata
        .from
        .as_ref()
        .map(|from| format!("from {}", safe_line(&label(&from.file_path, &from.name, from.ordinal))));
    let parts: Vec<&str> = metadata.changed.iter().map(String::as_str).chain(from.as_deref()).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

pub(super) fn tone(transition: &str) -> Tone {
    match transition {
        "added" | "returned" => Tone::Good,
        "changed" | "intent_changed" | "moved" => Tone::Warning,
        "removed" => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// A hash without the name of its algorithm, cut to its first digits.
pub(super) fn short_hash(hash: &str, digits: usize) -> String {
    let number = hash.split_once(':').map_or(hash, |(_, number)| number);
    number.chars().take(digits).collect()
}

fn hash_cell(hash: Option<&str>) -> Cell {
    hash.map_or_else(
        || Cell::of(None::<String>),
        |hash| Cell::forms(&[short_hash(hash, HASH_DIGITS), short_hash(hash, SHORTEST_HASH)]),
    )
}

fn state(unit: &StoredUnit) -> &'static str {
    if unit.is_present { "present" } else { "removed" }
}

fn state_tone(unit: &StoredUnit) -> Tone {
    if unit.is_present { Tone::Good } else { Tone::Bad }
}

/// Writes units as a table, and how many there are.
pub(super) fn write_list(
    writer: &mut dyn Write,
    units: &[StoredUnit],
    count: usize,
    screen: &Screen,
) -> io::Result<()> {
    let mut grid = Grid::new(UNITS, UNIT_SAVINGS);
    for unit in units {
        // What a name alone does not tell from others is shown with its number.
        let label = if units.iter().any(|other| is_further(unit, other)) { numbered_label } else { label };
        grid.push([
            Cell::new(unit.id.to_string()),
            // A line break is part of a name, and must not look like a blank.
            Cell::new(safe_line(&label(&unit.file_path, &unit.name, unit.ordinal))),
            Cell::new(&unit.kind),
            Cell::new(state(unit)).tone(state_tone(unit)),
            Cell::new(runs(unit)),
            Cell::new(&unit.project),
            Cell::of(Some(&unit.part).filter(|part| !part.is_empty())),
        ]);
    }
    grid.write(writer, screen, 0)?;
    let shown = if units.len() < count {
        format!(", of which these are the first {}; --limit 0 shows all", units.len())
    } else {
        String::new()
    };
    writeln!(writer, "{}{shown}; cds history NAME or --unit ID shows one", counted(count as u64, "unit"))
}

/// Whether `other` is a second, third or later one of the names of `unit`.
pub(super) fn is_further(unit: &StoredUnit, other: &StoredUnit) -> bool {
    other.ordinal > 1 && unit.name == other.name && unit.file_path == other.file_path && unit.kind == other.kind
}

fn runs(unit: &StoredUnit) -> String {
    if unit.first_run == unit.last_run {
        unit.first_run.to_string()
    } else {
        format!("{}-{}", unit.first_run, unit.last_run)
    }
}
