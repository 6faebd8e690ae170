//! Ends runs and stages: alone, or together with their snapshot.

use cds_model::{RunSnapshot, SnapshotAccount, StageEnd};

use super::super::database::Database;
use crate::{
    AccountError, Error, RunId, SnapshotProof, Step,
    table::{runs_ledger, stage_runs},
};

/// Writes the end of a run and of its last stage, within the transaction of the snapshot.
///
/// An end that cannot be written is rolled back on its own and returned: an account must not lose a snapshot. An error
/// means that the whole transaction ended, which a trigger or a full disk can cause.
pub(in super::super) fn finish_with_snapshot(
    database: &Database,
    run: RunId,
    snapshot: &RunSnapshot,
    proof: Option<&SnapshotProof>,
) -> Result<Vec<Error>, Error> {
    let Some(account) = &snapshot.account else { return Ok(Vec::new()) };
    let mut refusal = attempt(database, || finish_run(database, run, snapshot, account))?;
    // The stage of a run that is not in the ledger is unknown too; one warning is enough.
    if refusal.is_none() {
        let input = proof.map(|proof| snapshot.input_fingerprint(account.config_hash, proof.snapshot_root));
        let end = StageEnd { input_fingerprint: input.or(account.stage.input_fingerprint), ..account.stage.clone() };
        refusal = attempt(database, || Ok(finish_stage(database, &end)?))?;
    }
    let warning = |source| Error::Account { path: database.path(), source: Box::new(source) };
    Ok(refusal.map(warning).into_iter().collect())
}

fn finish_run(
    database: &Database,
    run: RunId,
    snapshot: &RunSnapshot,
    account: &SnapshotAccount,
) -> Result<(), AccountError> {
    let outcome = runs_ledger::finish_with_snapshot(&database.connection, &account.run, run, snapshot.status());
    check_ledger_row(database, outcome, &Step::FinishRun, &account.run.id.to_string())
}

/// Writes the end of a stage.
pub(super) fn finish_stage(database: &Database, end: &StageEnd) -> Result<(), Error> {
    match stage_runs::finish(&database.connection, end) {
        Ok(0) => Err(Error::UnknownStage { path: database.path(), id: end.id }),
        outcome => database.check_one_row(outcome, || Step::FinishStage),
    }
}

/// Checks that one ledger row was changed; if none was, returns the reason.
pub(super) fn check_ledger_row(
    database: &Database,
    outcome: rusqlite::Result<usize>,
    step: &Step,
    id: &str,
) -> Result<(), AccountError> {
    let error = |cause| database.error(step.clone(), cause);
    if let Ok(0) = outcome
        && runs_ledger::subject(&database.connection, id).map_err(error)?.is_none()
    {
        return Err(AccountError::UnknownRun { id: id.to_owned() });
    }
    Ok(database.check_one_row(outcome, || step.clone())?)
}

/// Runs `work` in a savepoint and rolls it back on failure; earlier writes of the transaction stay.
fn attempt(
    database: &Database,
    work: impl FnOnce() -> Result<(), AccountError>,
) -> Result<Option<AccountError>, Error> {
    let execute = |sql| database.connection.execute_batch(sql).map_err(|cause| database.error(Step::FinishRun, cause));
    execute("SAVEPOINT account")?;
    match work() {
        Ok(()) => execute("RELEASE account").map(|()| None),
        Err(AccountError::Database(error)) if database.connection.is_autocommit() => Err(error),
        Err(error) => execute("ROLLBACK TO account; RELEASE account").map(|()| Some(error)),
    }
}
