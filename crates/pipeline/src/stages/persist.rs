//! The snapshot into the store, and with it the end of its accounts.

use std::path::Path;

use cds_model::{RunSnapshot, Stage};
use cds_persistence::{Error as DatabaseError, SavedRun};

use super::fingerprint;
use crate::{Error, Session, Warning, WriterLock, accounts::StageInput};

/// Writes the snapshot; the end of its accounts names the `shortfall` of what was asked for.
pub(crate) fn persist(
    snapshot: &mut RunSnapshot,
    shortfall: Option<&str>,
    session: &mut Session,
) -> Result<SavedRun, Error> {
    let context = session.context().clone();
    let (accounts, store, lock) = session.parts();
    let store = store.ok_or(Error::NoStore)?;
    let config = fingerprint::persist_config(Path::new(&snapshot.settings.root_path));
    let rows = Some(snapshot.records.len() as u64);
    let input = StageInput { stage: Stage::Persist, config, fingerprint: None, rows_in: rows };
    accounts.settle();
    let turn = accounts.turn();
    let mut saved = accounts.run_stage_with_tracking(input, |report| {
        report.rows_out = rows;
        snapshot.account = report.end_of_run(context.process.now(), config, shortfall);
        let saved = turn.take(|| {
            lock.map_or_else(|| context.interrupt.check(), WriterLock::check)?;
            // A signal that comes while the snapshot is written no longer ends it; the loss of the lock does.
            let saved = store.save_if(snapshot, &|| lock.is_none_or(WriterLock::is_held));
            saved.map_err(|error| match error {
                DatabaseError::Withdrawn { .. } | DatabaseError::Stopped { .. } => context.interrupt.error(),
                error => error.into(),
            })
        })?;
        // Where its account was refused, it is written alone.
        report.fingerprint = saved.proof.map(|proof| snapshot.input_fingerprint(config, proof.snapshot_root));
        if saved.warnings.iter().any(|warning| matches!(warning, DatabaseError::Account { .. })) {
            report.was_refused(saved.run_id.0, saved.status.into(), shortfall);
        }
        Ok(saved)
    })?;
    for warning in std::mem::take(&mut saved.warnings) {
        match warning {
            DatabaseError::Account { .. } => accounts.warn_once(warning),
            DatabaseError::Doubtful { what, .. } => context.reporter.warn(&Warning::ProofDoubtful { what }),
            warning => context.reporter.warn(&Warning::AfterSnapshot(warning)),
        }
    }
    Ok(saved)
}
