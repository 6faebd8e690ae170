//! The account of a run: opened with its lock, led through its stages, closed with its end.

use std::{
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::Arc,
    time::Duration,
};

use cds_model::{CodeRef, LedgerId, RunDetails, RunStart};
use cds_persistence::{
    AccountError, Error as DatabaseError, FileLock, OpenOptions, SqliteAccounts, TelemetryBuffer, TelemetryFlusher,
};

use super::{
    Answered, StageInput, StageReport, Turn, abandoned,
    kept::{Extent, Kept, TELEMETRY_PATIENCE},
};
use crate::{AccountPlan, Context, DatabasePlan, Ending, Error, Event, Warning};

/// How long an entry waits at most for others to be written with.
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);
/// How long a snapshot waits for the telemetry before it.
const SETTLE_LIMIT: Duration = Duration::from_millis(300);

/// The accounts of this invocation, where there is a database to keep them.
pub(crate) struct Accounts {
    kept: Option<Kept>,
}

/// What an account says of its run from the start.
pub(crate) struct RunFacts<'a> {
    pub(crate) id: LedgerId,
    pub(crate) command: &'a str,
    pub(crate) root: &'a Path,
    pub(crate) plan: &'a AccountPlan,
    pub(crate) code_ref: CodeRef,
}

/// What [`Accounts::try_open`] opens.
struct Opened {
    writer: SqliteAccounts,
    start: RunStart,
    flusher: TelemetryFlusher,
    buffer: Arc<TelemetryBuffer>,
    turn: Turn,
    extent: Extent,
}

impl Accounts {
    /// No accounts are kept.
    pub(crate) const fn none() -> Self {
        Self { kept: None }
    }

    /// Opens the accounts of an invocation whose process holds the lock of the database.
    pub(crate) fn open(database: &DatabasePlan, lock: Arc<FileLock>, run: &RunFacts<'_>, context: &Context) -> Self {
        let (start, details) = (run.start(context), run.details());
        let answered = Arc::<Answered>::default();
        let opened = Self::open_writer(database, &start.command, context)
            .and_then(|writer| Self::try_open(database, writer, start, &details, &answered, context));
        Self::of(opened, lock, answered, context)
    }

    /// Ends the account of this run, and opens that of the next one on the same connection.
    pub(crate) fn go_on(self, ending: &Ending, database: &DatabasePlan, run: &RunFacts<'_>, context: &Context) -> Self {
        let Some(kept) = self.kept else { return Self::none() };
        let lock = Arc::clone(&kept.lock);
        let writer = kept.finish(ending);
        let (start, details) = (run.start(context), run.details());
        let answered = Arc::<Answered>::default();
        let opened = Self::try_open(database, writer, start, &details, &answered, context);
        Self::of(opened, lock, answered, context)
    }

    fn of(
        opened: Result<Opened, AccountError>,
        lock: Arc<FileLock>,
        answered: Arc<Answered>,
        context: &Context,
    ) -> Self {
        match opened {
            Ok(Opened { writer, start, flusher, buffer, turn, extent }) => {
                context.reporter.report(&Event::RunStarted(&start));
                let kept = Kept {
                    writer,
                    lock,
                    start,
                    buffer,
                    flusher: Some(flusher),
                    turn,
                    answered,
                    context: context.clone(),
                    has_warned: false,
                    extent,
                    has_ended: false,
                    unaccounted: None,
                    is_incomplete: false,
                };
                Self { kept: Some(kept) }
            }
            Err(error) => {
                context.reporter.warn(&Warning::RunAccount(error));
                Self::none()
            }
        }
    }

    /// Opens the connection, and closes the accounts of runs that ended without an end.
    fn open_writer(database: &DatabasePlan, command: &str, context: &Context) -> Result<SqliteAccounts, AccountError> {
        let mut writer = SqliteAccounts::open(&database.path, &database.options)?;
        abandoned::close(&mut writer, command, context)?;
        Ok(writer)
    }

    fn try_open(
        database: &DatabasePlan,
        mut writer: SqliteAccounts,
        mut start: RunStart,
        details: &RunDetails,
        answered: &Arc<Answered>,
        context: &Context,
    ) -> Result<Opened, AccountError> {
        let impatient = OpenOptions { busy_timeout: TELEMETRY_PATIENCE, ..database.options };
        let sink = SqliteAccounts::open(&database.path, &impatient)?.into_telemetry_sink(start.id);
        let turn = Turn::default();
        let sink = turn.of(sink, Arc::clone(answered), context.process.clone());
        // Last of all, so that nothing that fails leaves a start without an end.
        let joined = writer.join_run(&start)?;
        let extent = if joined.is_some() { Extent::Part } else { Extent::Whole };
        match joined {
            Some((subject, trace_id)) => (start.subject, start.trace_id) = (subject, trace_id),
            None => writer.start_run(&start, details)?,
        }
        let buffer = Arc::new(TelemetryBuffer::default());
        let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, FLUSH_INTERVAL);
        Ok(Opened { writer, start, flusher, buffer, turn, extent })
    }

    /// The invocation's id, if accounts are kept.
    pub(crate) fn id(&self) -> Option<LedgerId> {
        self.kept.as_ref().map(|kept| kept.start.id)
    }

    /// The queue of what happens on the way.
    pub(crate) fn telemetry(&self) -> Option<Arc<TelemetryBuffer>> {
        self.kept.as_ref().map(|kept| Arc::clone(&kept.buffer))
    }

    /// How far the questions are, for the observer that counts.
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
        body: impl FnOnce(&mut StageReport) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(kept) = &mut self.kept else { return body(&mut StageReport::untracked(&input)) };
        let mut report = StageReport::begin(&input, &kept.start, &kept.context.process);
        kept.begin_stage(&report, &input);
        match panic::catch_unwind(AssertUnwindSafe(|| body(&mut report))) {
            Ok(outcome) => {
                kept.end_stage(&report, outcome.as_ref().err().map(Ending::of).as_ref());
                outcome
            }
            Err(payload) => {
                let ending = Ending::of(&Error::Defect { stage: input.stage });
                kept.end_stage(&report, Some(&ending));
                kept.end_run(ending.status(), ending.reason().map(str::to_owned), None);
                panic::resume_unwind(payload)
            }
        }
    }

    /// Whether a stage with this input and these settings was completed before.
    pub(crate) fn has_checkpoint(&mut self, input: &StageInput) -> bool {
        let (Some(kept), Some(fingerprint)) = (&mut self.kept, input.fingerprint) else { return false };
        let found = kept.turn.take(|| kept.writer.find_checkpoint(input.stage, fingerprint, input.config));
        kept.checked(found.map_err(AccountError::from)).flatten().is_some()
    }

    /// Warns, unless that was done before, of an account that was not written together with the snapshot.
    pub(crate) fn warn_once(&mut self, error: DatabaseError) {
        if let Some(kept) = &mut self.kept {
            kept.checked(Err::<(), _>(error.into()));
        }
    }

    /// Writes down the end, and closes everything that was opened for the accounts.
    pub(crate) fn finish(self, ending: &Ending) {
        let Some(kept) = self.kept else { return };
        let (has_warned, context) = (kept.has_warned, kept.context.clone());
        if let (Err(error), false) = (kept.finish(ending).close(), has_warned) {
            context.reporter.warn(&Warning::RunAccount(error.into()));
        }
    }
}

impl RunFacts<'_> {
    fn start(&self, context: &Context) -> RunStart {
        let process = &context.process;
        RunStart {
            id: self.id,
            subject: self.plan.project.clone(),
            notes: self.plan.notes.clone(),
            started_at: process.now(),
            command: self.command.to_owned(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            host: process.host.clone(),
            pid: process.pid,
            root_path: Some(self.root.to_string_lossy().into_owned()),
            code_ref: self.code_ref.clone(),
            trace_id: process.trace_id.clone(),
        }
    }

    fn details(&self) -> RunDetails {
        RunDetails { request: self.plan.request.clone(), ..RunDetails::default() }
    }
}
