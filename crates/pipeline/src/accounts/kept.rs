//! An account that is kept: what is written into it, each time in its turn.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cds_model::{AccountStatus, RunEnd, RunStart, StageStart};
use cds_persistence::{AccountError, FileLock, SqliteAccounts, TelemetryBuffer, TelemetryFlusher};

use super::{Answered, StageInput, StageReport, Turn, telemetry};
use crate::{Context, Ending, Warning};

/// How long the last telemetry may take.
const LAST_FLUSH: Duration = Duration::from_secs(2);
/// The telemetry has time: what is not written now is tried again.
pub(super) const TELEMETRY_PATIENCE: Duration = Duration::from_millis(100);

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// This invocation alone.
    Whole,
    /// A run that another program holds open: its end is not ours to write.
    Part,
}

pub(super) struct Kept {
    pub(super) writer: SqliteAccounts,
    pub(super) lock: Arc<FileLock>,
    pub(super) start: RunStart,
    pub(super) buffer: Arc<TelemetryBuffer>,
    pub(super) flusher: Option<TelemetryFlusher>,
    pub(super) turn: Turn,
    pub(super) answered: Arc<Answered>,
    pub(super) context: Context,
    pub(super) has_warned: bool,
    pub(super) extent: Extent,
    /// The snapshot has written the end together with itself.
    pub(super) has_ended: bool,
    /// A snapshot whose account is still to be written, with its status.
    pub(super) unaccounted: Option<(i64, AccountStatus, Option<String>)>,
    /// Something is missing from the result of a stage.
    pub(super) is_incomplete: bool,
}

impl Kept {
    pub(super) fn begin_stage(&mut self, report: &StageReport, input: &StageInput) {
        if let Err(error) = self.lock.set_stage(input.stage.as_str())
            && !std::mem::replace(&mut self.has_warned, true)
        {
            self.context.reporter.warn(&Warning::StageNotShown(error));
        }
        let now = self.context.process.now();
        self.buffer.record(telemetry::stage_began(now, input.stage));
        let start = StageStart {
            id: report.id,
            ledger_id: self.start.id,
            stage: input.stage,
            started_at: now,
            code_ref: self.start.code_ref.clone(),
            config_hash: input.config,
            input_fingerprint: input.fingerprint,
            rows_in: input.rows_in,
            trace_id: self.start.trace_id.clone(),
        };
        let outcome = self.turn.take(|| self.writer.begin_stage(&start));
        self.checked(outcome.map_err(AccountError::from));
    }

    /// With the `early` end of a stage that has no result.
    pub(super) fn end_stage(&mut self, report: &StageReport, early: Option<&Ending>) {
        let now = self.context.process.now();
        let end = report.end(now, early);
        self.buffer.record(telemetry::stage_ended(now, report.stage, &end));
        let outcome = self.turn.take(|| self.writer.end_stage(&end));
        self.checked(outcome.map_err(AccountError::from));
        self.has_ended |= report.has_ended_run && early.is_none();
        if self.unaccounted.is_none() {
            self.unaccounted.clone_from(&report.unaccounted);
        }
        self.is_incomplete |= end.status == AccountStatus::CompletedWithErrors;
    }

    /// The last sign of life; before the first question there is nothing in it that the end does not tell.
    pub(super) fn beat(&mut self) {
        let beat = self.answered.beat(self.context.process.now());
        if beat.selected.is_some() {
            let outcome = self.turn.take(|| self.writer.beat(self.start.id, &beat));
            self.checked(outcome);
        }
    }

    pub(super) fn end_run(&mut self, status: AccountStatus, error: Option<String>, snapshot_id: Option<i64>) {
        let finished_at = self.context.process.now();
        let end = RunEnd { id: self.start.id, status, finished_at, snapshot_id, notes: String::new(), error };
        let outcome = self.turn.take(|| match (self.extent, snapshot_id) {
            (Extent::Whole, _) => self.writer.mark_run_finished(&end),
            (Extent::Part, Some(snapshot)) => self.writer.attach_snapshot(self.start.id, snapshot),
            (Extent::Part, None) => Ok(()),
        });
        self.checked(outcome);
    }

    /// Writes down the end; returns the connection for the next run.
    pub(super) fn finish(mut self, ending: &Ending) -> SqliteAccounts {
        if !self.has_ended {
            self.beat();
            let (status, error, snapshot_id) = match self.unaccounted.take() {
                Some((snapshot_id, status, error)) => (status, error, Some(snapshot_id)),
                None if ending.status() == AccountStatus::Completed && self.is_incomplete => {
                    (AccountStatus::CompletedWithErrors, None, None)
                }
                None => (ending.status(), ending.reason().map(str::to_owned), None),
            };
            self.end_run(status, error, snapshot_id);
        }
        self.close_telemetry();
        self.writer
    }

    pub(super) fn close_telemetry(&mut self) {
        let Some(flusher) = self.flusher.take() else { return };
        let started = Instant::now();
        let outcome = flusher.finish(LAST_FLUSH);
        let counts = outcome.counts;
        if counts.dropped > 0 {
            let (error, waited) = (outcome.last_error, started.elapsed());
            self.context.reporter.warn(&Warning::TelemetryLost { counts, error, waited });
        }
        // A batch that hangs keeps the turn; its counts are not worth waiting for.
        let set = || self.writer.set_telemetry_counts(self.start.id, counts);
        match self.turn.take_within(LAST_FLUSH, set) {
            Some(outcome) => _ = self.checked(outcome),
            None => self.context.reporter.warn(&Warning::TelemetryNotCounted),
        }
    }

    /// What could be written; the first time that something could not, there is a warning.
    pub(super) fn checked<T>(&mut self, outcome: Result<T, AccountError>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                if !std::mem::replace(&mut self.has_warned, true) {
                    self.context.reporter.warn(&Warning::RunAccount(error));
                    // A process that holds the database for so long is not waited for at every stage.
                    self.writer.limit_patience(TELEMETRY_PATIENCE);
                }
                None
            }
        }
    }
}
