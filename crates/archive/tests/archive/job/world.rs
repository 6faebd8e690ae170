//! A database, an archive and a second database, and calls that move runs between them.

use std::{
    cell::Cell,
    fs,
    ops::ControlFlow,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    time::Duration,
};

use cds_archive::{
    Direction, Error, ImportFrom, Job, JobEvent, JobReport, PeerState, Selection, StateFiles, archive_runs,
    import_runs, peer_state,
};
use cds_model::{
    HistoryContext, Intent, Md5Sum, Record, RunSettings, RunSnapshot, Scope, SourceSlice, SymbolKind, Timestamp,
};
use cds_persistence::{OpenOptions, Persistence, RunId, SqlitePersistence, SqliteReader, VerifyQuery};
use rusqlite::Connection;
use tempfile::TempDir;

/// The paths of all parts, in a temporary directory.
pub(super) struct World {
    pub(super) folder: TempDir,
    /// The database with the original runs.
    pub(super) source: PathBuf,
    pub(super) archive: PathBuf,
    /// The database for imports.
    pub(super) target: PathBuf,
}

/// A call and its environment.
pub(super) struct Call {
    pub(super) selection: Selection,
    pub(super) project: Option<&'static str>,
    /// The number of checks whether to stop before the answer is yes.
    pub(super) questions: u32,
    /// The number of callbacks before the process is killed.
    pub(super) life: u32,
    pub(super) may_commit: bool,
    /// The text that an operator writes to the failure log while the job checks whether to stop.
    pub(super) log_text: Option<&'static str>,
}

impl Default for Call {
    fn default() -> Self {
        let (questions, life) = (u32::MAX, u32::MAX);
        Self { selection: Selection::New, project: None, questions, life, may_commit: true, log_text: None }
    }
}

impl Call {
    pub(super) fn of(selection: Selection) -> Self {
        Self { selection, ..Self::default() }
    }
}

/// The result of a call; `None` if its process was killed.
pub(super) type Outcome = Option<Result<JobReport, Error>>;

pub(super) fn options() -> OpenOptions {
    OpenOptions { busy_timeout: Duration::ZERO, ..OpenOptions::default() }
}

pub(super) fn reader(path: &Path) -> SqliteReader {
    SqliteReader::open(path, &options()).unwrap()
}

pub(super) fn writer(path: &Path) -> SqlitePersistence {
    SqlitePersistence::open(path, &options()).unwrap()
}

impl World {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (source, archive, target) = (at("source.sqlite"), at("archive"), at("target.sqlite"));
        for directory in [&archive, &at("archive_state"), &at("import_state")] {
            fs::create_dir(directory).unwrap();
        }
        writer(&source).close().unwrap();
        writer(&target).close().unwrap();
        Self { folder, source, archive, target }
    }

    /// A world with runs 1 to `count` of the project `shop`.
    pub(super) fn with_runs(count: i64) -> Self {
        let world = Self::new();
        (1..=count).for_each(|_| world.save("shop"));
        world
    }

    pub(super) fn save(&self, project: &str) {
        let mut persistence = writer(&self.source);
        let number = reader(&self.source).snapshots().unwrap().last().map_or(1, |run| run.0 + 1);
        persistence.save(&snapshot(number, project)).unwrap();
        persistence.close().unwrap();
    }

    pub(super) fn files(&self, direction: Direction) -> StateFiles {
        StateFiles::in_directory(&self.folder.path().join(format!("{}_state", direction.as_str())), direction)
    }

    /// The name of the other side in the log.
    pub(super) fn peer(&self, direction: Direction) -> String {
        let peer = if direction == Direction::Archive { &self.archive } else { &self.source };
        peer.to_str().unwrap().to_owned()
    }

    /// The database with the transfer log.
    pub(super) fn database(&self, direction: Direction) -> &Path {
        if direction == Direction::Archive { &self.source } else { &self.target }
    }

    /// Archives from the first database, or imports from it into the second; also returns the events.
    pub(super) fn call(&self, direction: Direction, call: &Call) -> (Outcome, Vec<String>) {
        let peer = self.peer(direction);
        self.run(self.database(direction), direction, call, peer, |job, source| match direction {
            Direction::Archive => archive_runs(job, source, &self.archive, "0.1.0"),
            Direction::Import => import_runs(job, ImportFrom::Database(source)),
        })
    }

    /// Imports one project of the archive into the second database.
    pub(super) fn import_archive(&self, project: &'static str) -> (JobReport, Vec<String>) {
        let call = Call { project: Some(project), ..Call::default() };
        let peer = self.archive.join(format!("project={project}")).to_str().unwrap().to_owned();
        let (outcome, events) = self.run(&self.target, Direction::Import, &call, peer, |job, _| {
            import_runs(job, ImportFrom::Archive(&self.archive))
        });
        (outcome.unwrap().unwrap(), events)
    }

    fn run(
        &self,
        database: &Path,
        direction: Direction,
        call: &Call,
        peer: String,
        work: impl FnOnce(Job<'_>, &SqliteReader) -> Result<JobReport, Error>,
    ) -> (Outcome, Vec<String>) {
        let (life, questions) = (Cell::new(call.life), Cell::new(call.questions));
        let go_on = || match life.get().checked_sub(1) {
            Some(left) => life.set(left),
            // Like a kill: the next action does not happen.
            None => panic::resume_unwind(Box::new("killed")),
        };
        let mut events = Vec::new();
        let mut persistence = writer(database);
        let source = reader(&self.source);
        let job = Job {
            database: &mut persistence,
            peer,
            state: self.files(direction),
            selection: call.selection,
            project: call.project.map(str::to_owned),
            now: &|| {
                go_on();
                Timestamp::from_unix_milliseconds(1_795_200_000_000)
            },
            should_stop: &|| {
                go_on();
                if let Some(text) = call.log_text {
                    fs::write(self.files(direction).failures, text).unwrap();
                }
                questions.get().checked_sub(1).map(|left| questions.set(left)).is_none()
            },
            may_commit: &|| {
                go_on();
                call.may_commit
            },
            observer: &mut |event| {
                events.push(self.describe(&event));
                go_on();
            },
        };
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| work(job, &source))).ok();
        drop((source, persistence));
        (outcome, events)
    }

    pub(super) fn archive(&self, selection: Selection) -> JobReport {
        self.call(Direction::Archive, &Call::of(selection)).0.unwrap().unwrap()
    }

    pub(super) fn import(&self, selection: Selection) -> JobReport {
        self.call(Direction::Import, &Call::of(selection)).0.unwrap().unwrap()
    }

    fn describe(&self, event: &JobEvent<'_>) -> String {
        let folder = self.folder.path().canonicalize().unwrap();
        let text = match *event {
            JobEvent::Rebuilt { file, reason } => format!("{} {reason}", file.file_name().unwrap().display()),
            JobEvent::IgnoredLine { line, text, .. } => format!("line {line} is {text:?}"),
            JobEvent::Started { run, record_count } => format!("start {run} with {record_count}"),
            JobEvent::Done { run, local_run, record_count, .. } => match local_run {
                Some(local) => format!("done {run} as {local} with {record_count}"),
                None => format!("done {run} with {record_count}"),
            },
            JobEvent::AlreadyThere { run, local_run } => format!("there {run} as {:?}", local_run.map(|run| run.0)),
            JobEvent::Failed { run, error } => format!("failed {run}: {error}"),
            JobEvent::Removed { run } => format!("removed {run}"),
            JobEvent::Struck { run } => format!("struck {run}"),
        };
        text.replace(folder.to_str().unwrap(), "").replace(self.folder.path().to_str().unwrap(), "")
    }

    /// The state according to database and files.
    pub(super) fn state(&self, direction: Direction) -> PeerState {
        let existing = reader(&self.source).snapshots().unwrap();
        let database = reader(self.database(direction));
        peer_state(&database, direction, &self.peer(direction), &self.files(direction), &existing).unwrap()
    }

    pub(super) fn run_path(&self, project: &str, run: i64) -> PathBuf {
        self.archive.join(format!("project={project}/run_id={run}"))
    }
}

/// The numbers of runs.
pub(super) fn numbers(runs: &[RunId]) -> Vec<i64> {
    runs.iter().map(|run| run.0).collect()
}

/// Executes `sql` on a database, without checking foreign keys.
pub(super) fn change(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
    connection.close().unwrap();
}

/// The first column of every row.
pub(super) fn texts(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Asserts that every hash of a database still matches.
pub(super) fn assert_unaltered(path: &Path) {
    let found = reader(path).verify(&VerifyQuery::default(), &|_| ControlFlow::Continue(())).unwrap();
    assert!(found.is_unaltered(), "{:#?}", found.deviations);
}

fn record(kind: SymbolKind, file_path: &str, start_line: u32, code: &str) -> Record {
    let intent = if kind == SymbolKind::File { Intent::Skipped } else { Intent::Success(format!("Is {code}.")) };
    Record {
        kind,
        file_path: file_path.into(),
        signature: (kind != SymbolKind::File).then(|| SourceSlice::from(code)),
        start_line,
        end_line: start_line + 1,
        raw_code: SourceSlice::from(code),
        normalized_code: code.into(),
        md5sum: Md5Sum(md5::compute(code).0),
        intent,
        question: None,
    }
}

/// A snapshot of three records, one of which depends on the number of the run.
pub(super) fn snapshot(number: i64, project: &str) -> RunSnapshot {
    let minutes = Timestamp::from_unix_milliseconds(1_795_166_400_120 + number * 60_000);
    RunSnapshot {
        started_at: minutes,
        finished_at: minutes,
        settings: RunSettings {
            root_path: format!("/srv/{project}"),
            provider_url: "builtin:".to_owned(),
            model: "builtin:outline-v1".to_owned(),
            scope: Scope::default(),
            progress_batch_size: 10,
        },
        records: vec![
            record(SymbolKind::File, "a.py", 1, "\u{0}\u{1b}[31m ä"),
            record(SymbolKind::Function, "a.py", 1, "def same(): pass"),
            record(SymbolKind::Function, "b.py", 1, &format!("def run_{number}(): pass")),
        ],
        errors: Vec::new(),
        not_read: Vec::new(),
        source_files: Vec::new(),
        enrichment: None,
        account: None,
        history: Some(HistoryContext {
            project: project.to_owned(),
            part: String::new(),
            actor: None,
            reasoning: None,
            changed_at: None,
        }),
    }
}
