//! The outcome of a run in a sentence, with the leading error.

use cds_persistence::{ErrorGroup, Invocation, InvocationDetails, SnapshotRow};

use super::{facts::broken_stage, liveness::Liveness, page::or_unknown};
use cds_terminal::numbers::counted;
use cds_terminal::screen::Screen;

/// The outcome of the run in a sentence.
pub(super) fn outcome(
    found: &Invocation,
    details: &InvocationDetails,
    liveness: Option<&Liveness>,
    screen: &Screen,
) -> String {
    let ledger = found.ledger.as_ref();
    let stage = broken_stage(&details.stages);
    let place = match stage {
        Some(row) => format!(" in stage {}", row.stage),
        None if !found.is_run() => String::new(),
        None if details.stages.is_empty() => " before its first stage".to_owned(),
        None => " outside of its stages".to_owned(),
    };
    let cause = || {
        let error = ledger.and_then(|row| row.error.as_ref()).or(stage.and_then(|row| row.error.as_ref()));
        error.map_or_else(|| "no cause was recorded".to_owned(), Clone::clone)
    };
    match found.status() {
        "completed" => "it ended, and nothing is missing".to_owned(),
        "completed_with_errors" => match &found.snapshot {
            Some(row) => format!("it ended with its result; {}", missing(row, details)),
            None => "it ended with its result, and something is missing from that".to_owned(),
        },
        "failed" => format!("it failed{place}: {}", cause()),
        "interrupted" => match ledger.and_then(|row| row.closed_by.as_ref()) {
            Some(by) => {
                format!("it was interrupted{place}, at an unknown time: {}; {by} found and marked it", cause())
            }
            None => format!("it was interrupted{place}: {}", cause()),
        },
        "running" => match found.details.as_ref().and_then(|row| row.expires_at.as_deref()) {
            Some(until) if liveness == Some(&Liveness::Ended) => format!(
                "another program held it open until {}, and wrote no end; the next command that writes marks it as \
                 interrupted",
                screen.time.in_full(until)
            ),
            _ => running(&place, liveness, screen),
        },
        _ => "this version of cds does not know this status".to_owned(),
    }
}

/// What is not in a snapshot, each with its most frequent reason.
fn missing(row: &SnapshotRow, details: &InvocationDetails) -> String {
    let files =
        (row.analyzer_error_count > 0).then(|| format!("something of {}", counted(row.analyzer_error_count, "file")));
    let intents = (row.intent_failed_count > 0).then(|| counted(row.intent_failed_count, "intent"));
    let files = files.map(|text| text + &leading(&details.analyzer_errors));
    let intents = intents.map(|text| text + &leading(&details.intent_errors));
    let parts: Vec<String> = files.into_iter().chain(intents).collect();
    if parts.is_empty() {
        "nothing is known to be missing".to_owned()
    } else {
        format!("missing: {}", parts.join(", "))
    }
}

/// The most frequent reason and where it was first met, in brackets.
fn leading(groups: &[ErrorGroup]) -> String {
    let Some(group) = groups.first() else { return String::new() };
    let share = if groups.len() == 1 { String::new() } else { format!("{} × ", group.count) };
    let place = if group.count == 1 { "at" } else { "first at" };
    format!(" ({share}{}, {place} {})", group.reason, group.example)
}

fn running(place: &str, liveness: Option<&Liveness>, screen: &Screen) -> String {
    match liveness {
        Some(Liveness::Alive(holder)) => format!(
            "it is running{place}; process {} on {} has held the lock since {}",
            holder.pid,
            or_unknown(&holder.host),
            screen.time.in_full(or_unknown(&holder.started_at))
        ),
        Some(Liveness::HeldOpen(until)) => {
            format!("another program keeps it open until {}", screen.time.in_full(until))
        }
        Some(Liveness::Ended) => format!(
            "its process has ended, it was interrupted{place}; the next command that writes marks it as interrupted"
        ),
        Some(Liveness::Unclear) | None => {
            format!("it has no end; the lock does not show whether it is still running{place}")
        }
    }
}
