//! Two snapshots compared, for people: counts, lists, cost.

use cds_persistence::Invocation;

use super::{
    compare::{Comparison, Pair, Unit},
    diff::Measure,
    unit_lists::{Listed, list, moves, rest},
};
use cds_terminal::{
    grid::{Cell, Column, Grid},
    screen::Screen,
    sections::Sections,
};

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
    let changed: Vec<&Unit> = comparison.changed.iter().map(|(_, unit)| *unit).collect();
    for (title, units) in [("Added", &comparison.added), ("Removed", &comparison.removed), ("Changed", &changed)] {
        let units: Vec<Listed<'_>> = units.iter().map(|unit| listed(unit)).collect();
        list(&mut page, title, &units, limit);
    }
    let moved: Vec<_> = comparison.moved.iter().map(|(origin, unit)| [listed(origin), listed(unit)]).collect();
    moves(&mut page, &moved, limit);
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

fn intents(page: &mut Sections<'_>, pairs: &[Pair<'_>], limit: usize) {
    if pairs.is_empty() {
        return;
    }
    page.heading("Other intents for the same code");
    for (origin, unit) in pairs.iter().take(limit) {
        page.sentence(format!("{} {}", listed(unit).place(), unit.name));
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

fn listed(unit: &Unit) -> Listed<'_> {
    let row = &unit.row;
    Listed { kind: &row.kind, file_path: &row.file_path, start_line: row.start_line, name: &unit.name }
}

fn intent(unit: &Unit) -> String {
    unit.row.intent.clone().unwrap_or_else(|| format!("none ({})", unit.row.intent_status))
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
        render(&earlier, &later, &compare(&before, &after, true), &measures, limit, &samples::screen(width))
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!("diff_80", page(1, 80));
        insta::assert_snapshot!("diff_160", page(50, 160));
    }

    #[test]
    fn lines_fit_the_terminal() {
        for width in 40..200 {
            samples::assert_is_safe(&page(50, width), width);
        }
    }
}
