//! What is said of an invocation in more than one place.

use cds_persistence::{Invocation, StageRow};
use cds_terminal::numbers::counted;
use cds_terminal::{grid::Cell, local_time::seconds_between, screen::Screen, style::Tone};

/// Digits of a commit that are enough for people.
const COMMIT_DIGITS: usize = 12;

/// Seconds from its start to its end, by the clock of its machine.
///
/// An end that another command recorded later is not the real end.
pub(super) fn duration_seconds(invocation: &Invocation) -> Option<f64> {
    let (started_at, finished_at) = match (&invocation.ledger, &invocation.snapshot) {
        (Some(row), _) if row.closed_by.is_some() => return None,
        (Some(row), _) => (&row.started_at, row.finished_at.as_ref()?),
        (None, Some(row)) => (&row.started_at, &row.finished_at),
        (None, None) => return None,
    };
    seconds_between(started_at, finished_at)
}

/// The stage in which it failed, if it did.
pub(super) fn broken_stage(stages: &[StageRow]) -> Option<&StageRow> {
    stages.iter().rfind(|row| matches!(row.status.as_str(), "failed" | "interrupted" | "running"))
}

/// With two decimals.
pub(super) fn seconds(seconds: Option<f64>) -> Option<String> {
    seconds.map(|seconds| format!("{seconds:.2}"))
}

/// A status in its colour; where there is no room `completed_with_errors` is `with_errors`.
pub(super) fn status_cell(status: &str) -> Cell {
    let short = status.strip_prefix("completed_with_").map_or(status, |_| "with_errors");
    Cell::forms(&[status.to_owned(), short.to_owned()]).tone(Tone::of_status(status))
}

/// A stored moment in the reader's time.
pub(in crate::commands) fn time_cell(stored: &str, screen: &Screen) -> Cell {
    Cell::forms(&screen.time.in_column(stored))
}

/// A commit in short; what is no commit's number stands as it is.
pub(in crate::commands) fn commit_cell(commit: Option<&str>) -> Cell {
    let Some(commit) = commit else { return Cell::of(None::<String>) };
    let (base, dirt) = commit.strip_suffix("-dirty").map_or((commit, ""), |base| (base, "-dirty"));
    let is_number = base.len() >= COMMIT_DIGITS && base.bytes().all(|byte| byte.is_ascii_hexdigit());
    let short = |digits: usize| if is_number { &base[..digits] } else { base };
    Cell::forms(&[
        format!("{}{dirt}", short(COMMIT_DIGITS)),
        format!("{}{}", short(7), if dirt.is_empty() { "" } else { "*" }),
    ])
}

/// `7 runs: 5 completed, 2 failed`, the statuses in their own order.
pub(super) fn counts<'a>(what: &str, statuses: impl Iterator<Item = &'a str>) -> String {
    let mut numbers: Vec<(&str, usize)> = Vec::new();
    for status in statuses {
        match numbers.iter_mut().find(|(name, _)| *name == status) {
            Some((_, count)) => *count += 1,
            None => numbers.push((status, 1)),
        }
    }
    let order = |status: &str| cds_model::AccountStatus::ALL.iter().position(|known| known.as_str() == status);
    numbers.sort_by_key(|(status, _)| order(status).unwrap_or(usize::MAX));
    let total: usize = numbers.iter().map(|(_, count)| count).sum();
    let parts: Vec<String> = numbers.iter().map(|(status, count)| format!("{count} {status}")).collect();
    format!("{}: {}", counted(total as u64, what), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_order_of_statuses() {
        let statuses = ["failed", "completed", "odd", "failed"];
        assert_eq!(counts("run", statuses.into_iter()), "4 runs: 1 completed, 2 failed, 1 odd");
        assert_eq!(counts("run", ["running"].into_iter()), "1 run: 1 running");
    }
}
