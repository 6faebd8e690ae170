//! The results of moved runs: a line on stderr for each as it happens, then the sum.

use anyhow::anyhow;
use cds_archive::{Direction, JobEvent, JobReport, State};
use cds_persistence::RunId;
use cds_terminal::fields::Fields;
use serde_json::{Value, json};

use crate::{failure::Failure, render::messages::Console};

/// How many failed runs the error names; all of them have a line of their own.
const NAMED_FAILURES: usize = 3;

/// One run that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RunLine {
    project: Option<String>,
    /// Where it comes from.
    run: RunId,
    /// Its number in this database, when it was imported.
    local_run: Option<RunId>,
    status: &'static str,
    record_count: Option<u64>,
    byte_count: Option<u64>,
    snapshot_root: Option<String>,
    error: Option<String>,
}

/// Shows each run as it is done, and keeps what is needed for the sum.
#[derive(Debug)]
pub(in crate::commands) struct MovedRuns {
    direction: Direction,
    console: Console,
    /// Which project's runs are moved, where an archive has several.
    project: Option<String>,
    runs: Vec<RunLine>,
}

/// The sum over everything that a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Sum {
    pub(in crate::commands) peer: String,
    pub(in crate::commands) db_path: String,
    pub(in crate::commands) done: u64,
    pub(in crate::commands) already_there: u64,
    pub(in crate::commands) failed: Vec<(Option<String>, RunId, String)>,
    /// Runs that had failed and are no more in the source.
    pub(in crate::commands) gone: u64,
    /// Failed runs that an operator struck from the failure log.
    pub(in crate::commands) struck: u64,
    pub(in crate::commands) record_count: u64,
    pub(in crate::commands) byte_count: u64,
    pub(in crate::commands) states: Vec<(Option<String>, State, Vec<RunId>)>,
    pub(in crate::commands) is_interrupted: bool,
    /// Why the rest was not tried.
    pub(in crate::commands) stopped_by: Option<String>,
    pub(in crate::commands) chain_head: Option<String>,
}

impl MovedRuns {
    pub(in crate::commands) const fn new(direction: Direction, console: Console) -> Self {
        Self { direction, console, project: None, runs: Vec::new() }
    }

    /// What comes now is about this project of an archive.
    pub(in crate::commands) fn go_on_with(&mut self, project: &str) {
        self.project = Some(project.to_owned());
    }

    /// Shows what happened.
    pub(in crate::commands) fn observe(&mut self, event: &JobEvent<'_>) {
        let line = |run: RunId, status| RunLine {
            project: self.project.clone(),
            run,
            local_run: None,
            status,
            record_count: None,
            byte_count: None,
            snapshot_root: None,
            error: None,
        };
        let line = match *event {
            JobEvent::Rebuilt { file, reason } => {
                let line = Fields::new("state_rebuilt").field("file", file.display()).field("reason", reason);
                return self.console.note(&line.finish());
            }
            JobEvent::IgnoredLine { file, line, text } => {
                return self
                    .console
                    .warning(&format!("line {line} of {} is no run number and is ignored: {text:?}", file.display()));
            }
            JobEvent::Started { .. } => return,
            JobEvent::Done { run, local_run, record_count, byte_count, snapshot_root } => RunLine {
                local_run,
                record_count: Some(record_count),
                byte_count: (self.direction == Direction::Archive).then_some(byte_count),
                snapshot_root: snapshot_root.map(str::to_owned),
                ..line(run, "done")
            },
            JobEvent::AlreadyThere { run, local_run } => RunLine { local_run, ..line(run, "already_there") },
            JobEvent::Failed { run, error } => RunLine { error: Some(error.to_owned()), ..line(run, "failed") },
            JobEvent::Removed { run } => line(run, "gone"),
            JobEvent::Struck { run } => line(run, "struck"),
        };
        self.console.note(&line.text(self.direction));
        self.runs.push(line);
    }

    /// Every run that was looked at, as JSON.
    pub(in crate::commands) fn json(&self) -> Value {
        self.runs
            .iter()
            .map(|line| {
                json!({
                    "project": line.project,
                    "run_id": line.run.0,
                    "local_run_id": line.local_run.map(|run| run.0),
                    "status": line.status,
                    "record_count": line.record_count,
                    "byte_count": line.byte_count,
                    "snapshot_root": line.snapshot_root,
                    "error": line.error,
                })
            })
            .collect()
    }

    /// The last run that came into the database, with its root.
    pub(in crate::commands) fn last_imported(&self) -> Option<(RunId, &str)> {
        self.runs.iter().rev().find_map(|line| match (line.status, line.local_run, &line.snapshot_root) {
            ("done", Some(run), Some(root)) => Some((run, root.as_str())),
            _ => None,
        })
    }
}

impl RunLine {
    /// `archive_run …` or `import_run …`.
    fn text(&self, direction: Direction) -> String {
        let mut line = Fields::new(match direction {
            Direction::Archive => "archive_run",
            Direction::Import => "import_run",
        });
        if let Some(project) = &self.project {
            line = line.field("project", project);
        }
        line = line.field("run_id", self.run).field("status", self.status);
        let optional = [
            ("local_run_id", self.local_run.map(|run| run.to_string())),
            ("records", self.record_count.map(|count| count.to_string())),
            ("bytes", self.byte_count.map(|count| count.to_string())),
            ("snapshot_root", self.snapshot_root.clone()),
            ("error", self.error.clone()),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                line = line.field(key, value);
            }
        }
        line.finish()
    }
}

impl Sum {
    /// Nothing was done yet.
    pub(in crate::commands) const fn new(peer: String, db_path: String) -> Self {
        Self {
            peer,
            db_path,
            done: 0,
            already_there: 0,
            failed: Vec::new(),
            gone: 0,
            struck: 0,
            record_count: 0,
            byte_count: 0,
            states: Vec::new(),
            is_interrupted: false,
            stopped_by: None,
            chain_head: None,
        }
    }

    /// Adds what one job came to; the project is that of an archive that has several.
    pub(in crate::commands) fn add(&mut self, project: Option<&str>, report: JobReport) {
        let project = project.map(str::to_owned);
        self.done += report.done;
        self.already_there += report.already_there;
        self.failed.extend(report.failed.into_iter().map(|(run, error)| (project.clone(), run, error)));
        self.gone += report.removed.len() as u64;
        self.struck += report.struck.len() as u64;
        self.record_count += report.record_count;
        self.byte_count += report.byte_count;
        self.states.push((project, report.state, report.open_failures));
        self.is_interrupted |= report.is_interrupted;
        self.stopped_by = self.stopped_by.take().or(report.stopped_by);
        self.chain_head = report.chain_head.or(self.chain_head.take());
    }

    /// The line on stdout: `archived …` or `imported …`.
    pub(in crate::commands) fn text(&self, direction: Direction) -> String {
        let mut line = Fields::new(match direction {
            Direction::Archive => "archived",
            Direction::Import => "imported",
        });
        line = line.field("runs", self.done).field("records", self.record_count);
        if direction == Direction::Archive {
            line = line.field("bytes", self.byte_count);
        }
        line = line.field("failed", self.failed.len()).field("already", self.already_there);
        // Several projects of an archive have numbers of their own, and no common ones.
        if let [(_, state, _)] = self.states.as_slice() {
            line = line
                .field("last_contiguous_run", state.last_contiguous_run)
                .field("last_attempted_run", state.last_attempted_run);
        }
        line.finish()
    }

    /// The same and more as an object.
    pub(in crate::commands) fn json(&self, moved: &MovedRuns) -> Value {
        let state = |(project, state, open): &(Option<String>, State, Vec<RunId>)| {
            json!({
                "project": project,
                "last_contiguous_run": state.last_contiguous_run,
                "last_attempted_run": state.last_attempted_run,
                "open_failures": open.iter().map(|run| run.0).collect::<Vec<_>>(),
            })
        };
        json!({
            "db_path": self.db_path,
            "peer": self.peer,
            "done_count": self.done,
            "already_there_count": self.already_there,
            "failed_count": self.failed.len(),
            "gone_count": self.gone,
            "struck_count": self.struck,
            "record_count": self.record_count,
            "byte_count": (moved.direction == Direction::Archive).then_some(self.byte_count),
            "is_interrupted": self.is_interrupted,
            "stopped_by": self.stopped_by,
            "chain_head": self.chain_head,
            "states": self.states.iter().map(state).collect::<Value>(),
            "runs": moved.json(),
        })
    }

    /// The error that names the runs that failed, or what stopped the work, if there is one.
    pub(in crate::commands) fn failure(&self, direction: Direction) -> Option<Failure> {
        let verb = direction.as_str();
        if let Some(why) = &self.stopped_by {
            let cause = anyhow!("{verb} the rest, since every run would fail as the last one did: {why}");
            return Some(Failure::failed(cause).with_hint(
                "see to it, then run the command again for what was not tried yet, and with --retry-failed for the rest",
            ));
        }
        let (_, _, first) = self.failed.first()?;
        let run_name = |(project, run, _): &(Option<String>, RunId, String)| match project {
            Some(project) => format!("{run} of {project}"),
            None => run.to_string(),
        };
        let mut names: Vec<String> = self.failed.iter().take(NAMED_FAILURES).map(run_name).collect();
        if self.failed.len() > NAMED_FAILURES {
            names.push(format!("{} more", self.failed.len() - NAMED_FAILURES));
        }
        let what = match names.as_slice() {
            [only] => format!("{verb} run {only}: {first}"),
            _ => format!("{verb} runs {}; the first because: {first}", names.join(", ")),
        };
        Some(Failure::failed(anyhow!(what)).with_hint(
            "see what is wrong with it, then run the command again with --retry-failed, which does exactly the open \
             failures; cds state show lists them",
        ))
    }
}
