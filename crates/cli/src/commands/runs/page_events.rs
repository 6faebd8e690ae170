//! What went wrong in a run, and what it wrote down on the way.

use cds_persistence::{Counted, ErrorGroup, Invocation, InvocationDetails};

use cds_terminal::numbers::counted;
use cds_terminal::sections::Sections;

/// Groups that are shown of each kind; the rest is counted.
const SHOWN_GROUPS: usize = 20;

pub(super) fn errors(page: &mut Sections<'_>, details: &InvocationDetails) {
    page.heading("Errors");
    let is_quiet =
        details.analyzer_errors.is_empty() && details.intent_errors.is_empty() && details.call_failures.is_empty();
    if is_quiet {
        page.sentence("none of a file, an intent or a call is known");
    }
    groups(page, "of files", &details.analyzer_errors);
    groups(page, "of intents", &details.intent_errors);
    counts(page, "of calls", &details.call_failures);
}

fn groups(page: &mut Sections<'_>, name: &str, groups: &[ErrorGroup]) {
    for (index, group) in groups.iter().take(SHOWN_GROUPS).enumerate() {
        let name = if index == 0 { name } else { "" };
        let place = if group.count == 1 { "at" } else { "first at" };
        page.field(name, format!("{} × {}, {place} {}", group.count, group.reason, group.example));
    }
    rest(page, groups.iter().map(|group| group.count));
}

fn counts(page: &mut Sections<'_>, name: &str, items: &[Counted]) {
    for (index, item) in items.iter().take(SHOWN_GROUPS).enumerate() {
        let name = if index == 0 { name } else { "" };
        page.field(name, format!("{} × {}", item.count, item.name));
    }
    rest(page, items.iter().map(|item| item.count));
}

fn rest(page: &mut Sections<'_>, counts: impl ExactSizeIterator<Item = u64>) {
    let hidden = counts.len().saturating_sub(SHOWN_GROUPS);
    if hidden > 0 {
        let count: u64 = counts.skip(SHOWN_GROUPS).fold(0, u64::saturating_add);
        page.field("", format!("{count} × {}", counted(hidden as u64, "other reason")));
    }
}

pub(super) fn telemetry(page: &mut Sections<'_>, found: &Invocation, details: &InvocationDetails) {
    page.heading("Telemetry");
    let there = details.telemetry.iter().fold(0, |sum: u64, item| sum.saturating_add(item.count));
    match &found.ledger {
        None => {
            page.sentence("none: the run has no row in the ledger");
            return;
        }
        Some(row) => match (row.telemetry_recorded, row.telemetry_written, row.telemetry_dropped) {
            (Some(recorded), Some(written), Some(dropped)) => {
                page.field("recorded", recorded.to_string());
                page.field("written", written.to_string());
                let lost = if dropped > 0 { " (lost: the queue was full, or the database refused them)" } else { "" };
                page.field("dropped", format!("{dropped}{lost}"));
            }
            _ if row.status == "running" => {
                page.sentence(format!("not counted yet; {} there", are(there)));
            }
            _ => page.sentence(format!("the process ended before it could count; {} there", are(there))),
        },
    }
    counts(page, "by type", &details.telemetry);
    counts(page, "decisions", &details.decisions);
}

fn are(count: u64) -> String {
    match count {
        1 => "1 entry is".to_owned(),
        count => format!("{count} entries are"),
    }
}
