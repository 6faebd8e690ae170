//! One stage, as it is accounted for.

use std::time::Instant;

use cds_model::{
    AccountStatus, CodeRef, Fingerprint, RunEnd, RunStart, SnapshotAccount, Stage, StageEnd, StageRunId, StageSource,
};
use uuid::Uuid;

use crate::{failure::Failure, machine, stages};

/// What is known of a stage before it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageInput {
    pub(crate) stage: Stage,
    /// Over the settings that decide its result.
    pub(crate) config: Fingerprint,
    /// Over everything that it reads; none where only reading tells.
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) rows_in: Option<u64>,
}

/// What a stage says about itself while it runs.
pub(crate) struct StageReport {
    pub(super) id: StageRunId,
    pub(super) stage: Stage,
    /// Whether the end of the invocation was written together with the result of this stage.
    pub(super) has_ended_run: bool,
    /// The snapshot whose account the database refused, with its status and what it fell short of.
    pub(super) unaccounted: Option<(i64, AccountStatus, Option<String>)>,
    /// The invocation; none where nobody keeps accounts.
    run: Option<RunStart>,
    clock: Instant,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) rows_in: Option<u64>,
    pub(crate) rows_out: Option<u64>,
    pub(crate) llm_calls: Option<u64>,
    pub(crate) tokens: Option<u64>,
    pub(crate) source: StageSource,
    /// What is missing from the result; none where nothing is.
    pub(crate) missing: Option<String>,
}

impl StageReport {
    pub(super) fn untracked(input: &StageInput) -> Self {
        Self {
            id: StageRunId(Uuid::nil()),
            stage: input.stage,
            has_ended_run: false,
            unaccounted: None,
            run: None,
            clock: Instant::now(),
            fingerprint: None,
            rows_in: input.rows_in,
            rows_out: None,
            llm_calls: None,
            tokens: None,
            source: StageSource::Executed,
            missing: None,
        }
    }

    pub(super) fn begin(input: &StageInput, run: &RunStart) -> Self {
        Self { id: StageRunId(machine::new_uuid()), run: Some(run.clone()), ..Self::untracked(input) }
    }

    /// The commit of the tree; none where nobody keeps accounts.
    pub(crate) fn code_ref(&self) -> Option<&CodeRef> {
        self.run.as_ref().map(|run| &run.code_ref)
    }

    /// The end of this stage and of the whole invocation, to be written together with the result of the stage.
    pub(crate) fn end_of_run(&mut self, config_hash: Fingerprint, shortfall: Option<&str>) -> Option<SnapshotAccount> {
        let run = self.run.as_ref()?;
        self.has_ended_run = true;
        let run = RunEnd {
            id: run.id,
            status: AccountStatus::Completed,
            finished_at: stages::now(),
            snapshot_id: None,
            notes: String::new(),
            error: shortfall.map(|shortfall| format!("gate failed: {shortfall}")),
        };
        Some(SnapshotAccount { run, stage: self.end(None), config_hash })
    }

    /// The snapshot was written and its account was not: that is to be written alone.
    pub(crate) fn was_refused(&mut self, snapshot_id: i64, status: AccountStatus, shortfall: Option<&str>) {
        self.has_ended_run = false;
        let error = shortfall.map(|shortfall| format!("gate failed: {shortfall}"));
        self.unaccounted = Some((snapshot_id, status, error));
    }

    /// The end as it is now.
    pub(super) fn end(&self, failure: Option<&Failure>) -> StageEnd {
        let status = match (failure, &self.missing) {
            (Some(failure), _) => failure.account_status(),
            (None, Some(_)) => AccountStatus::CompletedWithErrors,
            (None, None) => AccountStatus::Completed,
        };
        StageEnd {
            id: self.id,
            status,
            source: self.source,
            error: failure.map(Failure::account_reason).or_else(|| self.missing.clone()),
            input_fingerprint: self.fingerprint,
            finished_at: stages::now(),
            duration: self.clock.elapsed(),
            rows_in: self.rows_in,
            rows_out: self.rows_out.filter(|_| failure.is_none()),
            llm_calls: self.llm_calls,
            tokens: self.tokens,
        }
    }
}
