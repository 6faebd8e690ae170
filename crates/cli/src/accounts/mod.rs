//! The accounts of one invocation: its row in the ledger, its stages, and its telemetry.
//!
//! An account that cannot be written is a warning, once, and the work goes on: nothing here returns an error once the
//! invocation has started.

mod beat;
pub(crate) mod fingerprint;
mod observer;
pub(crate) mod other;
mod stage;
pub(crate) mod telemetry;
mod turn;

use std::{
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

pub(crate) use self::{
    beat::Answered,
    observer::TelemetryObserver,
    stage::{StageInput, StageReport},
    turn::Turn,
};
use cds_terminal::fields::Fields;

use crate::{
    arguments::{AccountPlan, DatabasePlan},
    failure::Failure,
    machine,
    render::messages,
    stages,
    writer_lock::close_abandoned,
};
use anyhow::anyhow;
use cds_model::{AccountStatus, CodeRef, LedgerId, RunDetails, RunEnd, RunStart, StageStart, TelemetryCounts};
use cds_persistence::{
    AccountError, DetailsRow, Error, FileLock, LedgerRow, OpenOptions, SqliteAccounts, SqliteReader, TelemetryBuffer,
    TelemetryFlusher,
};

/// How long the last telemetry may take.
const LAST_FLUSH: Duration = Duration::from_secs(2);
/// How long an entry waits at most for others to be written with.
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);
/// How long a snapshot waits for the telemetry before it.
const SETTLE_LIMIT: Duration = Duration::from_millis(300);
/// The telemetry has time: what is not written now is tried again.
const TELEMETRY_PATIENCE: Duration = Duration::from_millis(100);

/// The accounts of this invocation, where there is a database to keep them.
pub(crate) struct Accounts {
    kept: Option<Kept>,
}

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// This invocation alone.
    Whole,
    /// A run that another program holds open: its end is not ours to write.
    Part,
}

/// What [`Accounts::try_open`] opens.
type Opened = (SqliteAccounts, RunStart, TelemetryFlusher, Arc<TelemetryBuffer>, Turn, Extent);

struct Kept {
    writer: SqliteAccounts,
    lock: Arc<FileLock>,
    start: RunStart,
    buffer: Arc<TelemetryBuffer>,
    flusher: Option<TelemetryFlusher>,
    turn: Turn,
    answered: Arc<Answered>,
    has_warned: bool,
    extent: Extent,
    /// The snapshot has written the end together with itself.
    has_ended: bool,
    /// A snapshot whose account is still to be written, with its status.
    unaccounted: Option<(i64, AccountStatus, Option<String>)>,
    /// Something is missing from the result of a stage.
    is_incomplete: bool,
}

/// A new id: a UUID of version 7, made from the clock and chance.
pub(crate) fn new_ledger_id() -> LedgerId {
    LedgerId(machine::new_uuid())
}

/// Refuses an id that was given and that the ledger has already: each invocation has an id of its own. A run that
/// another program holds open, and that has no snapshot yet, is one to become a part of.
pub(crate) fn check_given_id(plan: &AccountPlan, database: &DatabasePlan) -> Result<(), Failure> {
    let Some(id) = plan.given_id else { return Ok(()) };
    // What else is wrong with the database is found where it is opened for writing.
    let Ok(Some(reader)) = SqliteReader::open_if_present(&database.path, &database.options) else { return Ok(()) };
    let Ok(found) = reader.resolve_run(&id.to_string()) else { return Ok(()) };
    let Some(row) = found.ledger.filter(|row| row.run_id == id.to_string()) else { return Ok(()) };
    if is_held_open(&row, found.details.as_ref()) {
        return match found.snapshot_id {
            None => Ok(()),
            Some(run) => Err(Failure::usage(anyhow!("use --ledger-id {id}: that run has its snapshot already, {run}"))
                .with_hint("begin another run with: cds runs start --subject SUBJECT")),
        };
    }
    let found = format!("the ledger has it already, for a run of project {} ({})", row.subject, row.status);
    Err(Failure::usage(anyhow!("use --ledger-id {id}: {found}")).with_hint("leave it out to get a new one"))
}

fn is_held_open(row: &LedgerRow, details: Option<&DetailsRow>) -> bool {
    let until = details.and_then(|details| details.expires_at.as_deref());
    // Times of one form are in the order of their texts.
    row.status == AccountStatus::Running.as_str()
        && until.is_some_and(|until| until > stages::now().to_string().as_str())
}

impl Accounts {
    /// Nobody keeps accounts.
    pub(crate) const fn none() -> Self {
        Self { kept: None }
    }

    /// Opens the accounts of an invocation whose process holds the lock of the database.
    pub(crate) fn open(
        database: &DatabasePlan,
        lock: Arc<FileLock>,
        id: LedgerId,
        command: &str,
        root: &Path,
        plan: &AccountPlan,
        code_ref: CodeRef,
    ) -> Self {
        let start = RunStart {
            id,
            subject: plan.project.clone(),
            notes: plan.notes.clone(),
            started_at: stages::now(),
            command: command.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            host: machine::host_name(),
            pid: std::process::id(),
            root_path: Some(root.to_string_lossy().into_owned()),
            code_ref,
            trace_id: machine::trace_id(),
        };
        let details = RunDetails { request: plan.request.clone(), ..RunDetails::default() };
        let answered = Arc::<Answered>::default();
        match Self::try_open(database, start, &details, command, &answered) {
            Ok((writer, start, flusher, buffer, turn, extent)) => {
                messages::note(&started_line(&start));
                let flusher = Some(flusher);
                let kept = Kept {
                    writer,
                    lock,
                    start,
                    buffer,
                    flusher,
                    turn,
                    answered,
                    has_warned: false,
                    extent,
                    has_ended: false,
                    unaccounted: None,
                    is_incomplete: false,
                };
                Self { kept: Some(kept) }
            }
            Err(error) => {
                warn(error);
                Self::none()
            }
        }
    }

    fn try_open(
        database: &DatabasePlan,
        mut start: RunStart,
        details: &RunDetails,
        command: &str,
        answered: &Arc<Answered>,
    ) -> Result<Opened, AccountError> {
        let mut writer = SqliteAccounts::open(&database.path, &database.options)?;
        close_abandoned(&mut writer, command)?;
        let impatient = OpenOptions { busy_timeout: TELEMETRY_PATIENCE, ..database.options };
        let sink = SqliteAccounts::open(&database.path, &impatient)?.into_telemetry_sink(start.id);
        let turn = Turn::default();
        let sink = turn.of(sink, Arc::clone(answered));
        // Last of all, so that nothing that fails leaves a start without an end.
        let joined = writer.join_run(&start)?;
        let extent = if joined.is_some() { Extent::Part } else { Extent::Whole };
        match joined {
            Some((subject, trace_id)) => (start.subject, start.trace_id) = (subject, trace_id),
            None => writer.start_run(&start, details)?,
        }
        let buffer = Arc::new(TelemetryBuffer::default());
        let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, FLUSH_INTERVAL);
        Ok((writer, start, flusher, buffer, turn, extent))
    }

    /// The invocation's id; none where nobody keeps accounts.
    pub(crate) fn id(&self) -> Option<LedgerId> {
        self.kept.as_ref().map(|kept| kept.start.id)
    }

    /// The queue of what happens on the way.
    pub(crate) fn telemetry(&self) -> Option<Arc<TelemetryBuffer>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.buffer))
    }

    /// How far the questions are, for whoever counts.
    pub(crate) fn answered(&self) -> Option<Arc<Answered>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.answered))
    }

    /// The turn to write, which the thread of the telemetry takes too.
    pub(crate) fn turn(&self) -> Turn {
        self.kept.as_ref().map(|kept| kept.turn.clone()).unwrap_or_default()
    }

    /// Has the telemetry so far written, as far as that takes no time worth mentioning: a process that is killed after
    /// the snapshot leaves it complete.
    pub(crate) fn settle(&self) {
        if let Some(flusher) = self.kept.as_ref().and_then(|kept| kept.flusher.as_ref()) {
            flusher.flush_within(SETTLE_LIMIT);
        }
    }

    /// Runs one stage, and writes down that it began and how it ended.
    pub(crate) fn run_stage_with_tracking<T>(
        &mut self,
        input: StageInput,
        body: impl FnOnce(&mut StageReport) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(kept) = &mut self.kept else { return body(&mut StageReport::untracked(&input)) };
        let mut report = StageReport::begin(&input, &kept.start);
        kept.begin_stage(&report, &input);
        match panic::catch_unwind(AssertUnwindSafe(|| body(&mut report))) {
            Ok(outcome) => {
                kept.end_stage(&report, outcome.as_ref().err());
                outcome
            }
            Err(payload) => {
                let failure = Failure::failed(anyhow!("go on: a defect of cds ended stage {}", input.stage));
                kept.end_stage(&report, Some(&failure));
                kept.end_run(AccountStatus::Failed, Some(failure.to_string()), None);
                panic::resume_unwind(payload)
            }
        }
    }

    /// Whether a stage with this input and these settings was completed before.
    pub(crate) fn has_checkpoint(&mut self, input: &StageInput) -> bool {
        let (Some(kept), Some(fingerprint)) = (&mut self.kept, input.fingerprint) else { return false };
        let found = kept.turn.take(|| kept.writer.find_checkpoint(input.stage, fingerprint, input.config));
        kept.note(found.map_err(AccountError::from)).flatten().is_some()
    }

    /// Tells the user, unless that was done before, of an account that was not written together with the snapshot.
    pub(crate) fn warn_once(&mut self, error: Error) {
        if let Some(kept) = &mut self.kept {
            kept.note(Err::<(), _>(error.into()));
        }
    }

    /// Writes down the end, and closes everything that was opened for the accounts.
    pub(crate) fn finish(self, failure: Option<&Failure>) {
        let Some(mut kept) = self.kept else { return };
        if !kept.has_ended {
            kept.beat();
        }
        match (kept.has_ended, kept.unaccounted.take(), failure) {
            (true, ..) => {}
            (false, Some((snapshot_id, status, error)), _) => kept.end_run(status, error, Some(snapshot_id)),
            (false, None, Some(failure)) => {
                kept.end_run(failure.account_status(), Some(failure.account_reason()), None);
            }
            (false, None, None) if kept.is_incomplete => {
                kept.end_run(AccountStatus::CompletedWithErrors, None, None);
            }
            (false, None, None) => kept.end_run(AccountStatus::Completed, None, None),
        }
        kept.close_telemetry();
        let closed = kept.writer.close();
        if let (Err(error), false) = (closed, kept.has_warned) {
            warn(error.into());
        }
    }
}

impl Kept {
    fn begin_stage(&mut self, report: &StageReport, input: &StageInput) {
        let stage = input.stage.as_str();
        if let Err(error) = self.lock.set_stage(stage)
            && !std::mem::replace(&mut self.has_warned, true)
        {
            messages::warning(&format!("the lock does not tell the stage: {error}"));
        }
        self.buffer.record(telemetry::stage_began(input.stage));
        let start = StageStart {
            id: report.id,
            ledger_id: self.start.id,
            stage: input.stage,
            started_at: stages::now(),
            code_ref: self.start.code_ref.clone(),
            config_hash: input.config,
            input_fingerprint: input.fingerprint,
            rows_in: input.rows_in,
            trace_id: self.start.trace_id.clone(),
        };
        let outcome = self.turn.take(|| self.writer.begin_stage(&start));
        self.note(outcome.map_err(AccountError::from));
    }

    fn end_stage(&mut self, report: &StageReport, failure: Option<&Failure>) {
        let end = report.end(failure);
        self.buffer.record(telemetry::stage_ended(report.stage, &end));
        let outcome = self.turn.take(|| self.writer.end_stage(&end));
        self.note(outcome.map_err(AccountError::from));
        self.has_ended |= report.has_ended_run && failure.is_none();
        if self.unaccounted.is_none() {
            self.unaccounted.clone_from(&report.unaccounted);
        }
        self.is_incomplete |= end.status == AccountStatus::CompletedWithErrors;
    }

    /// The last sign of life; before the first question there is nothing in it that the end does not tell.
    fn beat(&mut self) {
        let beat = self.answered.beat();
        if beat.selected.is_some() {
            let outcome = self.turn.take(|| self.writer.beat(self.start.id, &beat));
            self.note(outcome);
        }
    }

    fn end_run(&mut self, status: AccountStatus, error: Option<String>, snapshot_id: Option<i64>) {
        let end =
            RunEnd { id: self.start.id, status, finished_at: stages::now(), snapshot_id, notes: String::new(), error };
        let outcome = self.turn.take(|| match (self.extent, snapshot_id) {
            (Extent::Whole, _) => self.writer.mark_run_finished(&end),
            (Extent::Part, Some(snapshot)) => self.writer.attach_snapshot(self.start.id, snapshot),
            (Extent::Part, None) => Ok(()),
        });
        self.note(outcome);
    }

    fn close_telemetry(&mut self) {
        let Some(flusher) = self.flusher.take() else { return };
        let started = Instant::now();
        let outcome = flusher.finish(LAST_FLUSH);
        let TelemetryCounts { recorded, dropped, .. } = outcome.counts;
        if dropped > 0 {
            let why = outcome.last_error.map_or_else(
                || format!("the queue was full, or {:.1} s were over", started.elapsed().as_secs_f64()),
                |error| format!("{:#}", anyhow::Error::new(error)),
            );
            messages::warning(&format!("{dropped} of {recorded} entries of the telemetry are lost: {why}"));
        }
        // A batch that hangs keeps the turn; its counts are not worth waiting for.
        let set = || self.writer.set_telemetry_counts(self.start.id, outcome.counts);
        match self.turn.take_within(LAST_FLUSH, set) {
            Some(outcome) => _ = self.note(outcome),
            None => {
                messages::warning("the telemetry of this run is not counted: its last entries are still being written");
            }
        }
    }

    /// What could be written; the first time that something could not, the user is told.
    fn note<T>(&mut self, outcome: Result<T, AccountError>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                if !std::mem::replace(&mut self.has_warned, true) {
                    warn(error);
                    // Whoever holds the database so long is not waited for at every stage.
                    self.writer.limit_patience(TELEMETRY_PATIENCE);
                }
                None
            }
        }
    }
}

/// By which a log names the run, also one that never ends.
fn started_line(start: &RunStart) -> String {
    Fields::new("run_started")
        .field("ledger_id", start.id)
        .field("project", &start.subject)
        .field("code_ref", start.code_ref.commit.as_deref().unwrap_or("-"))
        .finish()
}

fn warn(error: AccountError) {
    let error = anyhow::Error::new(error);
    messages::warning(&format!("the accounts of this run are not complete: cds failed to {error:#}"));
}
