//! One stage, as it is accounted for.

use std::time::Instant;

use cds_model::{
    AccountStatus, CodeRef, Fingerprint, RunEnd, RunStart, SnapshotAccount, Stage, StageEnd, StageRunId, StageSource,
    Timestamp,
};
use uuid::Uuid;

use crate::{Ending, Process};

/// What is known of a stage before it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageInput {
    /// Which stage.
    pub(crate) stage: Stage,
    /// Over the settings that decide its result.
    pub(crate) config: Fingerprint,
    /// Over everything that it reads; absent if only reading shows it.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// How many items it reads.
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
    /// The invocation, where accounts are kept.
    run: Option<RunStart>,
    clock: Instant,
    /// Over everything that the stage read.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// How many items it read.
    pub(crate) rows_in: Option<u64>,
    /// How many items it made.
    pub(crate) rows_out: Option<u64>,
    /// How many calls it made.
    pub(crate) llm_calls: Option<u64>,
    /// Tokens of these calls.
    pub(crate) tokens: Option<u64>,
    /// Whether its result is that of an earlier run.
    pub(crate) source: StageSource,
    /// What is missing from the result, if anything is.
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

    pub(super) fn begin(input: &StageInput, run: &RunStart, process: &Process) -> Self {
        Self { id: StageRunId((process.new_id)()), run: Some(run.clone()), ..Self::untracked(input) }
    }

    /// The commit of the tree, if accounts are kept.
    pub(crate) fn code_ref(&self) -> Option<&CodeRef> {
        self.run.as_ref().map(|run| &run.code_ref)
    }

    /// The end of this stage and of the whole invocation, to be written together with the result of the stage.
    pub(crate) fn end_of_run(
        &mut self,
        at: Timestamp,
        config_hash: Fingerprint,
        shortfall: Option<&str>,
    ) -> Option<SnapshotAccount> {
        let run = self.run.as_ref()?;
        self.has_ended_run = true;
        let run = RunEnd {
            id: run.id,
            status: AccountStatus::Completed,
            finished_at: at,
            snapshot_id: None,
            notes: String::new(),
            error: shortfall.map(|shortfall| format!("gate failed: {shortfall}")),
        };
        Some(SnapshotAccount { run, stage: self.end(at, None), config_hash })
    }

    /// The snapshot was written and its account was not: that is to be written alone.
    pub(crate) fn was_refused(&mut self, snapshot_id: i64, status: AccountStatus, shortfall: Option<&str>) {
        self.has_ended_run = false;
        let error = shortfall.map(|shortfall| format!("gate failed: {shortfall}"));
        self.unaccounted = Some((snapshot_id, status, error));
    }

    /// The end as it is now; with an `early` one where the stage has no result.
    pub(super) fn end(&self, at: Timestamp, early: Option<&Ending>) -> StageEnd {
        let status = match (early, &self.missing) {
            (Some(ending), _) => ending.status(),
            (None, Some(_)) => AccountStatus::CompletedWithErrors,
            (None, None) => AccountStatus::Completed,
        };
        StageEnd {
            id: self.id,
            status,
            source: self.source,
            error: early.and_then(Ending::reason).map(str::to_owned).or_else(|| self.missing.clone()),
            input_fingerprint: self.fingerprint,
            finished_at: at,
            duration: self.clock.elapsed(),
            rows_in: self.rows_in,
            rows_out: self.rows_out.filter(|_| early.is_none()),
            llm_calls: self.llm_calls,
            tokens: self.tokens,
        }
    }
}
