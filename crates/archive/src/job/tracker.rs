//! One job while it runs: the remaining runs, the log, the state files and the report.

use std::collections::{BTreeMap, BTreeSet};

use cds_persistence::{Presence, RunId, RunIdentity, Transfer, TransferOutcome, TransferRow};

use super::{
    Job, JobEvent, JobReport, Selection,
    outcome::{Arrival, Obstacle, reason},
    standing::{FIRST_RUN, Keys, Standing},
};
use crate::{
    Direction, Error, RunOutcome, State, StateFile, StateFiles, Stored, append_to_failure_log, export_progress,
    parse_run_records_from_file,
};

/// The runs of a source; the reason for a run that cannot be read.
pub(super) type Found = BTreeMap<RunId, Result<RunIdentity, String>>;

/// Whether the job continues with the next run.
pub(super) enum Next {
    Go,
    End,
}

pub(super) struct Tracker<'a> {
    pub(super) job: Job<'a>,
    direction: Direction,
    pub(super) found: Found,
    keys: Keys,
    rows: BTreeMap<RunId, TransferRow>,
    standing: Standing,
    /// Runs that an operator added to the failure log, to be retried with the open failures.
    requested: BTreeSet<RunId>,
    /// Runs tried in this job.
    tried: BTreeSet<RunId>,
    report: JobReport,
}

impl<'a> Tracker<'a> {
    /// Reads the log, closes failures that can no longer succeed, and updates the state files.
    pub(super) fn begin(job: Job<'a>, direction: Direction, found: Found) -> Result<Self, Error> {
        let rows = job.database.transfers(direction.as_str(), &job.peer)?;
        let mut rows: BTreeMap<RunId, TransferRow> = rows.into_iter().map(|row| (row.run_id, row)).collect();
        if direction == Direction::Import {
            drop_deleted_runs(&job, &found, &mut rows)?;
        }
        let keys = keys_of(&found);
        let standing = Standing::of(&keys, &rows);
        let report = JobReport::default();
        let (requested, tried) = (BTreeSet::new(), BTreeSet::new());
        let mut tracker = Self { job, direction, found, keys, rows, standing, requested, tried, report };
        // Edits come first: `check_files` would report an edited log as wrong, and `export` would overwrite it.
        tracker.apply_operator_edits()?;
        tracker.check_files()?;
        tracker.close_removed_failures()?;
        tracker.export()?;
        Ok(tracker)
    }

    /// The runs to move, in order.
    pub(super) fn selected(&self) -> Result<Vec<RunId>, Error> {
        let runs = match self.job.selection {
            // A run that was requested by number is not filtered by project.
            Selection::One(run) if self.found.contains_key(&run) => return Ok(vec![run]),
            Selection::One(run) => return Err(Error::NoSuchRun { run }),
            Selection::New => self.standing.new_runs(&self.keys, &self.rows),
            Selection::OpenFailures => {
                let runs: BTreeSet<RunId> =
                    self.standing.open_failures().chain(self.requested.iter().copied()).collect();
                runs.into_iter().collect()
            }
        };
        Ok(runs.into_iter().filter(|run| self.is_of_project(*run)).collect())
    }

    /// Calls `work` for one run, unless the job must stop, and logs the outcome.
    pub(super) fn attempt(
        &mut self,
        run: RunId,
        work: impl FnOnce(&mut Job<'_>, &RunIdentity) -> Result<Arrival, Obstacle>,
    ) -> Result<Next, Error> {
        if (self.job.should_stop)() {
            self.report.is_interrupted = true;
            return Ok(Next::End);
        }
        let identity = match self.found.get(&run) {
            Some(Ok(identity)) => identity.clone(),
            Some(Err(reason)) => return self.fail(run, None, reason.clone()).map(|()| Next::Go),
            None => return Err(Error::NoSuchRun { run }),
        };
        (self.job.observer)(JobEvent::Started { run, record_count: identity.record_count });
        // State files cannot hold such a number; the failure is only in the log.
        if run < FIRST_RUN {
            let reason = reason(&Error::RunNumber { run });
            return self.fail(run, Some(&identity), reason).map(|()| Next::Go);
        }
        match work(&mut self.job, &identity) {
            Ok(arrival) => self.arrive(&identity, &arrival).map(|()| Next::Go),
            Err(Obstacle::Failure(reason)) => self.fail(run, Some(&identity), reason).map(|()| Next::Go),
            Err(Obstacle::Stop(reason)) => {
                self.report.stopped_by = Some(reason.clone());
                self.fail(run, Some(&identity), reason).map(|()| Next::End)
            }
            Err(Obstacle::Interrupted) => {
                self.report.is_interrupted = true;
                Ok(Next::End)
            }
            Err(Obstacle::Fatal(error)) => Err(*error),
        }
    }

    pub(super) fn finish(mut self) -> JobReport {
        self.report.state = self.standing.progress.state();
        self.report.open_failures = self.standing.open_failures().collect();
        self.report
    }

    /// Sets the last hash of the chain for the report.
    pub(super) fn set_chain_head(&mut self, head: String) {
        self.report.chain_head = Some(head);
    }

    fn is_of_project(&self, run: RunId) -> bool {
        match (&self.job.project, self.found.get(&run)) {
            (_, None) => false,
            (Some(project), Some(Ok(identity))) => named(identity).is_none_or(|name| name == project),
            // Its project is unknown, so it is tried with every project and fails visibly.
            (_, Some(_)) => true,
        }
    }

    fn arrive(&mut self, identity: &RunIdentity, arrival: &Arrival) -> Result<(), Error> {
        let run = identity.run_id;
        let (local_run, root) = match arrival {
            Arrival::Moved { local_run, snapshot_root, .. } => (*local_run, Some(snapshot_root.clone())),
            Arrival::AlreadyThere { local_run } => (*local_run, identity.snapshot_root.clone()),
        };
        let is_new = matches!(arrival, Arrival::Moved { .. });
        // A run that is there and logged as such needs no further row.
        let is_known = self.rows.get(&run).is_some_and(|row| {
            row.is_done && row.run_key.as_deref() == Some(identity.run_key.as_str()) && row.local_run_id == local_run
        });
        // An import logs success in its own transaction.
        let is_written = is_new && self.direction == Direction::Import;
        if is_written {
            self.note(run, Some(identity), &TransferOutcome::Succeeded, local_run);
        } else if is_new || !is_known {
            self.log(run, Some(identity), TransferOutcome::Succeeded, local_run, root)?;
        }
        match arrival {
            Arrival::Moved { record_count, byte_count, snapshot_root, .. } => {
                self.report.done += 1;
                self.report.record_count += record_count;
                self.report.byte_count += byte_count;
                let (record_count, byte_count, snapshot_root) = (*record_count, *byte_count, Some(&**snapshot_root));
                (self.job.observer)(JobEvent::Done { run, local_run, record_count, byte_count, snapshot_root });
            }
            Arrival::AlreadyThere { .. } => {
                self.report.already_there += 1;
                (self.job.observer)(JobEvent::AlreadyThere { run, local_run });
            }
        }
        self.tried.insert(run);
        self.export()
    }

    fn fail(&mut self, run: RunId, identity: Option<&RunIdentity>, reason: String) -> Result<(), Error> {
        (self.job.observer)(JobEvent::Failed { run, error: &reason });
        let root = identity.and_then(|identity| identity.snapshot_root.clone());
        self.report.failed.push((run, reason.clone()));
        self.log(run, identity, TransferOutcome::Failed(reason), None, root)?;
        self.tried.insert(run);
        // A missing log is written as a whole below. One with this run alone would look as if an operator removed the
        // others.
        if run >= FIRST_RUN && self.job.state.failures.exists() {
            append_to_failure_log(&self.job.state.failures, run)?;
        }
        self.export()
    }

    /// Applies what an operator changed in the failure log since it was written for this peer.
    ///
    /// - A removed run is no longer an open failure.
    /// - An added run is retried with the open failures.
    /// - A missing log changes nothing, and a log with an invalid line removes nothing: it may be damaged.
    fn apply_operator_edits(&mut self) -> Result<(), Error> {
        let file = StateFile::open(&self.job.state.state)?;
        let log = parse_run_records_from_file(&self.job.state.failures)?;
        let (false, Stored::Present(log)) = (file.is_for_another(&self.job.peer), log) else {
            self.requested.clear();
            return Ok(());
        };
        let listed = file.listed_for(&self.job.peer);
        let open: BTreeSet<RunId> = self.standing.progress.open_failures().collect();
        let is_request = |run: &RunId| {
            // A listed run that is done now is left over from the last export, and not a request.
            let is_stale = listed.as_ref().is_some_and(|listed| listed.contains(run));
            !is_stale && !open.contains(run) && !self.tried.contains(run) && self.found.contains_key(run)
        };
        self.requested = log.runs.iter().copied().filter(is_request).collect();
        // An invalid line may have been a run number, so a log with one removes nothing.
        let Some(listed) = listed.filter(|_| log.ignored_count == 0) else { return Ok(()) };
        for run in listed.into_iter().filter(|run| open.contains(run) && !log.runs.contains(run)) {
            let key = self.keys.get(&run).cloned().flatten();
            let outcome = TransferOutcome::Struck("it was taken out of the failure log".to_owned());
            self.log_as(run, key, outcome, None, None)?;
            self.report.struck.push(run);
            (self.job.observer)(JobEvent::Struck { run });
        }
        Ok(())
    }

    /// Closes failures of runs that were pruned since: they can never succeed and must not stay open for ever.
    fn close_removed_failures(&mut self) -> Result<(), Error> {
        let removed: Vec<RunId> = self.standing.open_failures().filter(|run| !self.found.contains_key(run)).collect();
        for run in removed {
            let key = self.rows.get(&run).and_then(|row| row.run_key.clone());
            // A row in the log settles the run: the state files are derived from the log.
            let outcome = TransferOutcome::Removed("it is no longer in the source".to_owned());
            self.log_as(run, key, outcome, None, None)?;
            self.report.removed.push(run);
            (self.job.observer)(JobEvent::Removed { run });
        }
        Ok(())
    }

    fn log(
        &mut self,
        run: RunId,
        identity: Option<&RunIdentity>,
        outcome: TransferOutcome,
        local_run: Option<RunId>,
        snapshot_root: Option<String>,
    ) -> Result<(), Error> {
        let key = identity.map(|identity| identity.run_key.clone());
        self.log_as(run, key, outcome, local_run, snapshot_root)
    }

    fn log_as(
        &mut self,
        run_id: RunId,
        run_key: Option<String>,
        outcome: TransferOutcome,
        local_run_id: Option<RunId>,
        snapshot_root: Option<String>,
    ) -> Result<(), Error> {
        let transfer = Transfer {
            direction: self.direction.as_str(),
            peer: self.job.peer.clone(),
            run_id,
            run_key: run_key.clone(),
            local_run_id,
            snapshot_root,
            outcome,
            at: (self.job.now)(),
        };
        self.job.database.log_transfer(&transfer)?;
        self.note_as(run_id, run_key, &transfer.outcome, local_run_id);
        Ok(())
    }

    fn note(&mut self, run: RunId, identity: Option<&RunIdentity>, outcome: &TransferOutcome, local: Option<RunId>) {
        self.note_as(run, identity.map(|identity| identity.run_key.clone()), outcome, local);
    }

    /// Updates the rows and the standing as the log has them now.
    fn note_as(&mut self, run: RunId, key: Option<String>, outcome: &TransferOutcome, local: Option<RunId>) {
        let is_done = *outcome == TransferOutcome::Succeeded;
        let row = TransferRow {
            run_id: run,
            run_key: key,
            local_run_id: local,
            attempt: self.rows.get(&run).map_or(1, |row| row.attempt + 1),
            is_done,
            is_removed: matches!(outcome, TransferOutcome::Removed(_)),
            is_struck: matches!(outcome, TransferOutcome::Struck(_)),
            error: outcome.error().map(str::to_owned),
            recorded_at: String::new(),
        };
        self.rows.insert(run, row);
        // A job may have thousands of successes, so they update incrementally. Other outcomes may look at all rows.
        if is_done && run >= FIRST_RUN && !self.standing.renumbered.contains(&run) {
            self.standing.progress.record(run, RunOutcome::Done);
        } else {
            self.standing = Standing::of(&self.keys, &self.rows);
        }
    }

    fn check_files(&mut self) -> Result<(), Error> {
        let files = self.job.state.clone();
        let truth = self.standing.progress.state();
        let file = StateFile::open(&files.state)?;
        let reason = match file.stored() {
            Stored::Present(state) => (!file.agrees_with(truth)).then(|| differing(state, truth)),
            Stored::Missing => (!self.rows.is_empty()).then(|| "is missing".to_owned()),
            Stored::Damaged(reason) => Some(format!("is damaged ({reason})")),
        };
        if let Some(reason) = reason {
            (self.job.observer)(JobEvent::Rebuilt { file: &files.state, reason: &reason });
        }
        let reason = match parse_run_records_from_file(&files.failures)? {
            Stored::Present(list) => {
                for ignored in &list.ignored {
                    let (line, text) = (ignored.line, &*ignored.text);
                    (self.job.observer)(JobEvent::IgnoredLine { file: &files.failures, line, text });
                }
                let mut expected: BTreeSet<RunId> = self.standing.progress.open_failures().collect();
                // A request of an operator is not an error in the log.
                expected.extend(&self.requested);
                let is_same = list.runs == expected;
                (!is_same).then(|| "does not list the failures that are open for this peer".to_owned())
            }
            Stored::Missing => (!self.rows.is_empty()).then(|| "is missing".to_owned()),
            Stored::Damaged(reason) => Some(format!("is damaged ({reason})")),
        };
        if let Some(reason) = reason {
            (self.job.observer)(JobEvent::Rebuilt { file: &files.failures, reason: &reason });
        }
        Ok(())
    }

    fn export(&mut self) -> Result<(), Error> {
        self.apply_operator_edits()?;
        export(&self.job.state, &self.job.peer, &self.standing, &self.requested)
    }
}

/// Drops the log rows of runs that were imported and deleted here since, so that they are imported again.
fn drop_deleted_runs(job: &Job<'_>, found: &Found, rows: &mut BTreeMap<RunId, TransferRow>) -> Result<(), Error> {
    for (run, identity) in found {
        let Ok(identity) = identity else { continue };
        let is_done = |row: &TransferRow| row.is_done && row.run_key.as_ref() == Some(&identity.run_key);
        if rows.get(run).is_some_and(is_done) && job.database.presence_of(identity)? == Presence::Absent {
            rows.remove(run);
        }
    }
    Ok(())
}

/// Updates both files to the state of a peer's runs.
pub(super) fn export(
    files: &StateFiles,
    peer: &str,
    standing: &Standing,
    requested: &BTreeSet<RunId>,
) -> Result<(), Error> {
    export_progress(files, peer, &standing.progress, requested)
}

/// The keys of the existing runs.
pub(super) fn keys_of(found: &Found) -> Keys {
    let key = |identity: &Result<RunIdentity, String>| identity.as_ref().ok().map(|identity| identity.run_key.clone());
    found.iter().map(|(run, identity)| (*run, key(identity))).collect()
}

/// The project in the run itself.
pub(super) fn named(identity: &RunIdentity) -> Option<&str> {
    identity.project.as_deref().filter(|project| !project.is_empty())
}

/// The project of a run: its own, else the given one, else the last folder of its tree's path.
pub(super) fn project_of(identity: &RunIdentity, given: Option<&str>) -> String {
    let last_folder =
        || identity.root_path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    named(identity).or(given).unwrap_or_else(last_folder).to_owned()
}

fn differing(found: State, truth: State) -> String {
    format!(
        "says {} and {} where the database says {} and {} of this peer",
        found.last_contiguous_run, found.last_attempted_run, truth.last_contiguous_run, truth.last_attempted_run
    )
}
