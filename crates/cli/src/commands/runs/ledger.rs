//! What the commands have in common that keep the account of another program's run.
//!
//! They take no lock: each writes one short transaction, also while a snapshot is being made.

use anyhow::anyhow;
use cds_model::LedgerId;
use cds_persistence::{AccountError, LedgerRow, LockStatus, SqliteAccounts, SqliteReader, lock_path, lock_status};

use crate::{
    arguments::DatabasePlan,
    failure::{Failure, database_failure},
};

/// The run that `name` means; it must have a row in the ledger and must not be at work itself.
pub(super) fn find(plan: &DatabasePlan, name: &str) -> Result<LedgerRow, Failure> {
    let reader = SqliteReader::open(&plan.path, &plan.options).map_err(database_failure)?;
    let found = reader.resolve_run(name).map_err(database_failure)?;
    let Some(row) = found.ledger else {
        return Err(Failure::failed(anyhow!("find run {name:?}: it has no row in the ledger"))
            .with_hint("cds runs start begins one and prints its id"));
    };
    if is_at_work(plan, &row) {
        return Err(Failure::failed(anyhow!(
            "write the account of run {}: it is running and writes its own",
            row.run_id
        ))
        .with_hint("wait until it is done; see cds lock status"));
    }
    Ok(row)
}

/// Whether a command of `cds` is doing the run now; one that became a part of it writes no end of it.
fn is_at_work(plan: &DatabasePlan, row: &LedgerRow) -> bool {
    let held = matches!(lock_status(&lock_path(&plan.path)), Ok(LockStatus::Held(Some(holder))) if holder.run_id == row.run_id);
    held && row.pid != 0
}

/// The id of a row, which another program may have written in another form.
pub(super) fn id_of(row: &LedgerRow) -> Result<LedgerId, Failure> {
    row.run_id.parse().map_err(|()| {
        Failure::failed(anyhow!("write the account of run {:?}: its id is no UUID", row.run_id))
            .with_hint("a row that another program wrote by SQL is finished by SQL; docs/runs.md has the statements")
    })
}

/// The accounts, opened for a short write.
pub(super) fn accounts(plan: &DatabasePlan) -> Result<SqliteAccounts, Failure> {
    SqliteAccounts::open(&plan.path, &plan.options).map_err(database_failure)
}

/// What the ledger said.
pub(super) fn account_failure(error: AccountError) -> Failure {
    match error {
        AccountError::Database(error) => database_failure(error),
        error @ AccountError::OtherSubject { .. } => {
            Failure::usage(error).with_hint("take the subject that it was started with, or another id")
        }
        error @ AccountError::UnknownOtherStage { .. } => {
            Failure::failed(error).with_hint("begin it first with: cds runs stage start RUN --stage NAME")
        }
        error => Failure::failed(error),
    }
}
