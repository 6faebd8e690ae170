//! `cds runs show`: everything that is known of one run.

use cds_persistence::{LockHolder, LockStatus, lock_path, lock_status};
use clap::Args;
use serde_json::{Value, json};

use super::{ReadArguments, json::details, no_run_yet, only, page, proof::Proof};
use crate::{
    commands::lock,
    failure::{Failure, database_failure},
};

/// Everything that is known of one run: outcome, source, proof, cost, stages, errors, telemetry
#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The number of its snapshot, the beginning of its id or of one of its stages' ids, latest, or latest~1
    #[arg(value_name = "RUN")]
    run: String,

    #[command(flatten)]
    read: ReadArguments,
}

/// Whether the process of a run without an end is still there; the lock alone tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Liveness {
    /// The run holds the lock.
    Alive(LockHolder),
    /// Somebody holds the lock, and does not say for which run.
    Unclear,
    /// Another command holds the lock, or nobody does: the run is gone, and the next command that writes marks it.
    Gone,
}

impl Liveness {
    fn of(ledger_id: &str, lock: Option<&LockStatus>) -> Self {
        match lock {
            Some(LockStatus::Held(Some(holder))) if holder.run_id == ledger_id => Self::Alive(holder.clone()),
            Some(LockStatus::Held(Some(holder))) if !holder.run_id.is_empty() => Self::Gone,
            // A command without a run of its own marks what is gone as soon as it has the lock.
            Some(LockStatus::Held(_)) | None => Self::Unclear,
            Some(LockStatus::Free { .. } | LockStatus::Missing) => Self::Gone,
        }
    }
}

pub(super) fn run(arguments: &ShowArguments) -> Result<(), Failure> {
    let (reader, plan) = arguments.read.open()?;
    // Before the accounts: a run that ends in between is then not said to be gone.
    let lock = lock_status(&lock_path(&plan.path)).ok();
    let found = reader.find_run(&arguments.run).map_err(database_failure)?;
    let Some(found) = only(found, &arguments.run, &reader)? else {
        return arguments.read.show(|| json!({ "run": null }), |writer, _| writeln!(writer, "{}", no_run_yet(&plan)));
    };
    let around = reader.invocation_details(&found).map_err(database_failure)?;
    let proof = Proof::of(&reader, &found)?;
    let is_running = found.status() == "running";
    let lock = lock.filter(|_| is_running);
    let liveness = is_running.then(|| {
        let ledger_id = found.ledger.as_ref().map_or("", |row| row.run_id.as_str());
        Liveness::of(ledger_id, lock.as_ref())
    });
    arguments.read.show(
        || {
            let mut run = details(&found, &around, proof.as_ref());
            run["lock"] = lock.as_ref().map_or(Value::Null, lock::json);
            json!({ "run": run })
        },
        |writer, screen| {
            let page = page::render(&found, &around, proof.as_ref(), liveness.as_ref(), screen);
            write!(writer, "{page}")
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lock_says_whether_a_run_lives() {
        let held = |run_id: &str| {
            LockStatus::Held(Some(LockHolder { pid: 7, run_id: run_id.to_owned(), ..LockHolder::default() }))
        };
        let left_behind = Some(LockHolder { run_id: "a".to_owned(), ..LockHolder::default() });
        assert!(matches!(Liveness::of("a", Some(&held("a"))), Liveness::Alive(_)));
        assert_eq!(Liveness::of("a", Some(&held("b"))), Liveness::Gone);
        assert_eq!(Liveness::of("a", Some(&held(""))), Liveness::Unclear);
        assert_eq!(Liveness::of("a", Some(&LockStatus::Held(None))), Liveness::Unclear);
        assert_eq!(Liveness::of("a", Some(&LockStatus::Free { left_behind })), Liveness::Gone);
        assert_eq!(Liveness::of("a", Some(&LockStatus::Missing)), Liveness::Gone);
        assert_eq!(Liveness::of("a", None), Liveness::Unclear);
    }
}
