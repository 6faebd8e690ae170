//! Definitions under a heading, one a line: where they stand and what they are called.

use cds_model::{SymbolKind, UnitName};

use cds_terminal::numbers::counted;
use cds_terminal::{
    grid::{Cell, Column, Grid, Saving},
    sections::Sections,
    text::safe_line,
};

const COLUMNS: &[Column] = &[Column::text("KIND"), Column::path("PLACE"), Column::text("NAME")];
const SAVINGS: &[Saving] = &[Saving::Cut("NAME", 24), Saving::Cut("PLACE", 12), Saving::Cut("NAME", 8)];
const MOVE_COLUMNS: &[Column] = &[Column::text("KIND"), Column::path("FROM"), Column::path("TO"), Column::text("NAME")];
const MOVE_SAVINGS: &[Saving] = &[
    Saving::Cut("NAME", 16),
    Saving::Cut("FROM", 20),
    Saving::Cut("TO", 20),
    Saving::Drop("NAME"),
    Saving::Cut("FROM", 8),
    Saving::Cut("TO", 8),
];

/// What a list tells of a definition.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Listed<'a> {
    pub(in crate::commands) kind: &'a str,
    pub(in crate::commands) file_path: &'a str,
    pub(in crate::commands) start_line: u32,
    pub(in crate::commands) name: &'a UnitName,
}

impl Listed<'_> {
    /// `file:line`; of a whole file its path.
    pub(in crate::commands) fn place(&self) -> String {
        if self.kind == SymbolKind::File.as_str() {
            safe_line(self.file_path)
        } else {
            format!("{}:{}", safe_line(self.file_path), self.start_line)
        }
    }
}

/// At most `limit` lines; nothing, not even the heading, where there is none.
pub(in crate::commands) fn list(page: &mut Sections<'_>, title: &str, units: &[Listed<'_>], limit: usize) {
    if units.is_empty() {
        return;
    }
    page.heading(title);
    let mut grid = Grid::new(COLUMNS, SAVINGS);
    for unit in units.iter().take(limit) {
        grid.push([Cell::new(unit.kind), Cell::new(unit.place()), Cell::new(unit.name.to_string())]);
    }
    page.grid(&grid);
    rest(page, units.len(), limit);
}

/// The same for those that were elsewhere before; the name tells where that was another one.
pub(in crate::commands) fn moves(page: &mut Sections<'_>, pairs: &[[Listed<'_>; 2]], limit: usize) {
    if pairs.is_empty() {
        return;
    }
    page.heading("Moved");
    let mut grid = Grid::new(MOVE_COLUMNS, MOVE_SAVINGS);
    for [origin, unit] in pairs.iter().take(limit) {
        let name =
            if origin.name == unit.name { unit.name.to_string() } else { format!("{} -> {}", origin.name, unit.name) };
        grid.push([Cell::new(unit.kind), Cell::new(origin.place()), Cell::new(unit.place()), Cell::new(name)]);
    }
    page.grid(&grid);
    rest(page, pairs.len(), limit);
}

/// How many more there are than were shown.
pub(in crate::commands) fn rest(page: &mut Sections<'_>, count: usize, limit: usize) {
    if let Some(hidden) = count.checked_sub(limit).filter(|hidden| *hidden > 0) {
        page.sentence(format!("… and {}; all are shown with --limit 0", counted(hidden as u64, "other")));
    }
}
