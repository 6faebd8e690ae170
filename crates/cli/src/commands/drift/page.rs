//! A drift as a page for people.

use cds_persistence::SnapshotRow;

use super::{
    Baseline, Subject,
    compare::{Drift, Unit},
};
use cds_terminal::{screen::Screen, sections::Sections};

use crate::commands::runs::unit_lists::{Listed, list, moves};

/// The whole page; each list has at most `limit` lines.
pub(super) fn render(
    baseline: &Baseline,
    subject: &Subject,
    drift: &Drift<'_>,
    limit: usize,
    screen: &Screen,
) -> String {
    let mut page = Sections::new(screen);
    page.heading("Compared");
    page.field("snapshot", snapshot(&baseline.snapshot.row, baseline.code_ref(), screen));
    page.field("tree", &subject.root_path);
    page.heading("Definitions and files");
    page.field("unchanged", drift.unchanged_count.to_string());
    for (name, count) in drift.counts() {
        page.field(name, count.to_string());
    }
    if !drift.not_seen.is_empty() {
        let count = drift.not_seen.len();
        page.field("not seen", format!("{count}, since what holds them cannot be read now"));
    }
    if !drift.not_seen_before.is_empty() {
        let count = drift.not_seen_before.len();
        page.field("not seen before", format!("{count}, since what holds them could not be read for the snapshot"));
    }
    if drift.is_none() {
        let is_empty = drift.unchanged_count == 0 && drift.not_seen.is_empty() && drift.not_seen_before.is_empty();
        page.sentence(if is_empty {
            "neither the snapshot nor the tree has records: nothing was compared"
        } else {
            "the tree is as the snapshot has it, as far as it can be read"
        });
    }
    list(&mut page, "Added", &listed(&drift.added), limit);
    let changed: Vec<&Unit> = drift.changed.iter().map(|[_, unit]| *unit).collect();
    list(&mut page, "Changed", &listed(&changed), limit);
    list(&mut page, "Removed", &listed(&drift.removed), limit);
    let moved: Vec<[Listed<'_>; 2]> = drift.moved.iter().map(|pair| pair.map(line)).collect();
    moves(&mut page, &moved, limit);
    list(&mut page, "Not seen", &listed(&drift.not_seen), limit);
    list(&mut page, "Not seen before", &listed(&drift.not_seen_before), limit);
    page.finish()
}

fn snapshot(row: &SnapshotRow, code_ref: Option<&str>, screen: &Screen) -> String {
    let started = screen.time.in_full(&row.started_at);
    format!("{}, started {started}, commit {}", row.id, code_ref.unwrap_or("unknown"))
}

fn listed<'a>(units: &[&'a Unit]) -> Vec<Listed<'a>> {
    units.iter().map(|unit| line(unit)).collect()
}

fn line(unit: &Unit) -> Listed<'_> {
    Listed { kind: &unit.kind, file_path: &unit.file_path, start_line: unit.start_line, name: &unit.name }
}
