//! What to do next about a run: one command line.

use cds_persistence::{Invocation, InvocationDetails};
use cds_pipeline::Ending;

use super::liveness::Liveness;
use crate::request::{Request, quoted};

/// The command and its purpose; `None` if nothing is to be done.
pub(super) fn next(
    found: &Invocation,
    details: &InvocationDetails,
    liveness: Option<&Liveness>,
    database: &str,
) -> Option<String> {
    let cds = |words: &[&str]| format!("cds {}", quoted(words.iter().copied().chain(["--db-path", database])));
    let name = found.name();
    let replay = || cds(&["runs", "replay", &name]);
    let error = found.ledger.as_ref().and_then(|row| row.error.as_deref()).unwrap_or_default();
    match liveness {
        Some(Liveness::Alive(_) | Liveness::Unclear) => return Some(cds(&["lock", "status"])),
        Some(Liveness::HeldOpen(_)) => return Some(format!("{} (once it has ended)", cds(&["runs", "finish", &name]))),
        Some(Liveness::Ended) | None => {}
    }
    match found.status() {
        "completed" => {
            let snapshot = found.snapshot.as_ref().map(|row| row.id.to_string());
            snapshot.map(|id| cds(&["dup", "check", "--run", &id]))
        }
        "completed_with_errors" | "failed" | "interrupted" | "running" if is_foreign(found) => None,
        "completed_with_errors" if !details.intent_errors.is_empty() => {
            Some(format!("{} (asks for what is missing only)", replay()))
        }
        "completed_with_errors" => Some(format!("{} (after the files are fixed)", replay())),
        "failed" | "interrupted" | "running" if !found.is_run() => again(found, database),
        "failed" if Ending::is_of_refused_lock(error) => {
            Some(format!("{}; then {}", cds(&["lock", "status"]), replay()))
        }
        "failed" | "interrupted" | "running" => Some(format!("{}; where it fails again, cds doctor", replay())),
        _ => None,
    }
}

/// Whether another program's work is all there is: nothing that could be started again was written down.
fn is_foreign(found: &Invocation) -> bool {
    let details = found.details.as_ref();
    found.snapshot.is_none() && details.is_some_and(|row| row.expires_at.is_some() && row.request.is_none())
}

/// The same command line once more; of a check or of upkeep.
fn again(found: &Invocation, database: &str) -> Option<String> {
    let request = found.details.as_ref().and_then(|row| row.request.as_deref()).and_then(Request::parse)?;
    let words = request.command.split(' ').chain(request.arguments.iter().map(String::as_str));
    Some(format!("cds {}", quoted(words.chain(["--db-path", database]))))
}
