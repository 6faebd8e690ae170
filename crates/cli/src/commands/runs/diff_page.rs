//! Two snapshots compared, for people: counts, lists, cost.

use cds_persistence::Invocation;

use super::{
    compare::{Comparison, Pair, Unit},
    diff::Measure,
    facts::plural,
};
use crate::render::{
    grid::{Cell, Column, Grid, Saving},
    screen::Screen,
    sections::Sections,
};

const UNIT_COLUMNS: &[Column] = &[Column::text("KIND"), Column::path("PLACE"), Column::text("NAME")];
const UNIT_SAVINGS: &[Saving] = &[Saving::Cut("NAME", 24), Saving::Cut("PLACE", 12), Saving::Cut("NAME", 8)];
const MOVE_COLUMNS: &[Column] = &[Column::text("KIND"), Column::path("FROM"), Column::path("TO"), Column::text("NAME")];
const MOVE_SAVINGS: &[Saving] = &[
    Saving::Cut("NAME", 16),
    Saving::Cut("FROM", 20),
    Saving::Cut("TO", 20),
    Saving::Drop("NAME"),
    Saving::Cut("FROM", 8),
    Saving::Cut("TO", 8),
];
const COST_COLUMNS: &[Column] =
    &[Column::text("COST"), Column::number("BEFORE"), Column::number("AFTER"), Column::number("DIFFERENCE")];

/// The whole page; each list has at most `limit` lines.
pub(super) fn render(
    before: &Invocation,
    after: &Invocation,
    comparison: &Comparison<'_>,
    measures: &[Measure],
    limit: usize,
    screen: &Screen,
) -> String {
    let mut page = Sections::new(screen);
    page.heading("Compared");
    page.field("before", run(before, screen));
    page.field("after", run(after, screen));
    page.heading("Definitions and files");
    for (name, count) in [
        ("unchanged", comparison.unchanged_count),
        ("added", comparison.added.len()),
        ("removed", comparison.removed.len()),
        ("changed", comparison.changed.len()),
        ("moved", comparison.moved.len()),
    ] {
        page.field(name, count.to_string());
    }
    page.field("intents changed", format!("{} of the same code", comparison.intents_changed.len()));
    units(&mut page, "Added", &comparison.added, limit);
    units(&mut page, "Removed", &comparison.removed, limit);
    let changed: Vec<&Unit> = comparison.changed.iter().map(|(_, unit)| *unit).collect();
    units(&mut page, "Changed", &changed, limit);
    moved(&mut page, &comparison.moved, limit);
    intents(&mut page, &comparison.intents_changed, limit);
    cost(&mut page, measures);
    page.finish()
}

fn run(found: &Invocation, screen: &Screen) -> String {
    let id = found.snapshot_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let started = screen.time.in_full(found.started_at());
    let ledger = found.ledger.as_ref();
    let commit = ledger.and_then(|row| row.code_ref.as_deref()).unwrap_or("unknown");
    format!("snapshot {id}, {}, started {started}, commit {commit}", found.status())
}

fn units(page: &mut Sections<'_>, title: &str, units: &[&Unit], limit: usize) {
    if units.is_empty() {
        return;
    }
    page.heading(title);
    let mut grid = Grid::new(UNIT_COLUMNS, UNIT_SAVINGS);
    for unit in units.iter().take(limit) {
        grid.push([Cell::new(&unit.row.kind), Cell::new(place(unit)), Cell::new(unit.name.to_string())]);
    }
    page.grid(&grid);
    rest(page, units.len(), limit);
}

fn moved(page: &mut Sections<'_>, pairs: &[Pair<'_>], limit: usize) {
    if pairs.is_empty() {
        return;
    }
    page.heading("Moved");
    let mut grid = Grid::new(MOVE_COLUMNS, MOVE_SAVINGS);
    for (origin, unit) in pairs.iter().take(limit) {
        let name =
            if origin.name == unit.name { unit.name.to_string() } else { format!("{} -> {}", origin.name, unit.name) };
        grid.push([Cell::new(&unit.row.kind), Cell::new(place(origin)), Cell::new(place(unit)), Cell::new(name)]);
    }
    page.grid(&grid);
    rest(page, pairs.len(), limit);
}

fn intents(page: &mut Sections<'_>, pairs: &[Pair<'_>], limit: usize) {
    if pairs.is_empty() {
        return;
    }
    page.heading("Other intents for the same code");
    for (origin, unit) in pairs.iter().take(limit) {
        page.sentence(format!("{} {}", place(unit), unit.name));
        page.field("  before", intent(origin));
        page.field("  after", intent(unit));
    }
    rest(page, pairs.len(), limit);
}

fn cost(page: &mut Sections<'_>, measures: &[Measure]) {
    page.heading("Cost");
    let mut grid = Grid::new(COST_COLUMNS, &[]);
    for measure in measures {
        let shown = |value: Option<f64>| Cell::of(value.map(|value| format!("{value:.*}", measure.decimals)));
        let difference = measure.difference().map(|value| match format!("{value:+.*}", measure.decimals) {
            nothing if value == 0.0 => nothing.trim_start_matches(['+', '-']).to_owned(),
            difference => difference,
        });
        let name = measure.name.replace('_', " ");
        grid.push([Cell::new(name), shown(measure.before), shown(measure.after), Cell::of(difference)]);
    }
    page.grid(&grid);
}

fn place(unit: &Unit) -> String {
    match unit.row.kind.as_str() {
        "file" => unit.row.file_path.clone(),
        _ => format!("{}:{}", unit.row.file_path, unit.row.start_line),
    }
}

fn intent(unit: &Unit) -> String {
    unit.row.intent.clone().unwrap_or_else(|| format!("none ({})", unit.row.intent_status))
}

fn rest(page: &mut Sections<'_>, count: usize, limit: usize) {
    if let Some(hidden) = count.checked_sub(limit).filter(|hidden| *hidden > 0) {
        page.sentence(format!("… and {}; all are shown with --limit 0", plural(hidden as u64, "other")));
    }
}

#[cfg(test)]
mod tests {
    use cds_persistence::DefinitionRow;

    use super::{
        super::{
            compare::{compare, units},
            samples,
        },
        *,
    };

    fn definition(file_path: &str, name: &str, line: u32, md5sum: &str, intent: Option<&str>) -> DefinitionRow {
        DefinitionRow {
            kind: "function".to_owned(),
            file_path: file_path.to_owned(),
            signature: Some(format!("def {name}(items):")),
            start_line: line,
            end_line: line + 2,
            md5sum: md5sum.to_owned(),
            intent: intent.map(str::to_owned),
            intent_status: if intent.is_some() { "success" } else { "failed" }.to_owned(),
        }
    }

    fn page(limit: usize, width: usize) -> String {
        let before = units(vec![
            definition("orders/cart.py", "total", 1, "a1", Some("Sums up the prices of a cart.")),
            definition("orders/cart.py", "discount", 5, "b1", None),
            definition("orders/old.py", "ship", 1, "c1", Some("Ships.")),
            definition("orders/old.py", "gone", 5, "d1", Some("Goes.")),
            definition("orders/old.py", "gone_too", 9, "e1", Some("Goes.")),
        ]);
        let after = units(vec![
            definition("orders/cart.py", "total", 1, "a2", Some("Sums up the prices of a cart.")),
            definition("orders/cart.py", "discount", 5, "b1", Some("Takes a discount off.")),
            definition("orders/shipping/parcels.py", "send", 1, "c1", Some("Ships.")),
            definition("orders/shipping/parcels.py", samples::HOSTILE, 5, "f1", Some(samples::HOSTILE)),
        ]);
        let measures = [
            Measure { name: "failed_intents", before: Some(1.0), after: Some(0.0), decimals: 0 },
            Measure { name: "calls", before: None, after: Some(4.0), decimals: 0 },
            Measure { name: "seconds", before: Some(12.5), after: Some(12.5), decimals: 2 },
        ];
        let (earlier, later) = (samples::completed().0, samples::invocations().pop().unwrap());
        render(&earlier, &later, &compare(&before, &after), &measures, limit, &samples::screen(width))
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!("diff_80", page(1, 80));
        insta::assert_snapshot!("diff_160", page(50, 160));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_whatever_is_stored() {
        for width in 40..200 {
            samples::assert_is_safe(&page(50, width), width);
        }
    }
}
