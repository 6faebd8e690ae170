//! The guarantee of the state: over any sequence of successes, failures and crashes, no run is forgotten.
//!
//! A small model stands for the database, which holds the truth: the existing runs and the recorded outcomes. Calls
//! work like the commands, and may be killed before and after every write.

use std::{collections::BTreeSet, fs};

use cds_archive::{
    Direction, Progress, RunOutcome, State, StateFiles, Stored, export_progress, get_incremental_start_run,
    parse_run_records_from_file, read_state, write_failure_log, write_state,
};
use cds_persistence::RunId;
use proptest::{collection::vec, prelude::*};
use tempfile::TempDir;

const PEER: &str = "/srv/archive";

/// An event between two checks of the state.
#[derive(Debug, Clone)]
enum Event {
    /// New runs are stored, with gaps between their numbers.
    NewRuns(Vec<i64>),
    /// A call processes its runs with these fates; it ends when they are used up.
    Call { retries_failed: bool, fates: Vec<Fate> },
    /// A run is requested by its number.
    Single { place: prop::sample::Index, fate: Fate },
    /// A file is deleted or damaged.
    Spoil { is_state: bool, content: Option<&'static str> },
}

#[derive(Debug, Clone, Copy)]
struct Fate {
    outcome: RunOutcome,
    killed: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    BeforeTheTruth,
    BeforeTheLog,
    BeforeTheState,
    AtTheEnd,
}

fn fate() -> impl Strategy<Value = Fate> {
    let outcome = prop_oneof![
        4 => Just(RunOutcome::Done),
        2 => Just(RunOutcome::Failed),
        1 => Just(RunOutcome::Struck),
    ];
    let moment = prop_oneof![
        Just(Moment::BeforeTheTruth),
        Just(Moment::BeforeTheLog),
        Just(Moment::BeforeTheState),
        Just(Moment::AtTheEnd)
    ];
    let killed = prop_oneof![4 => Just(None), 1 => moment.prop_map(Some)];
    (outcome, killed).prop_map(|(outcome, killed)| Fate { outcome, killed })
}

fn event() -> impl Strategy<Value = Event> {
    let content = prop_oneof![Just(None), Just(Some("")), Just(Some("{\"last_contiguous_run\"")), Just(Some("??\n"))];
    prop_oneof![
        3 => vec(1..4_i64, 1..5).prop_map(Event::NewRuns),
        5 => (any::<bool>(), vec(fate(), 0..5)).prop_map(|(retries_failed, fates)| Event::Call { retries_failed, fates }),
        1 => (any::<prop::sample::Index>(), fate()).prop_map(|(place, fate)| Event::Single { place, fate }),
        1 => (any::<bool>(), content).prop_map(|(is_state, content)| Event::Spoil { is_state, content }),
    ]
}

#[derive(Default)]
struct Database {
    runs: Vec<RunId>,
    outcomes: Vec<(RunId, RunOutcome)>,
}

impl Database {
    fn progress(&self) -> Progress {
        Progress::new(self.runs.iter().copied(), self.outcomes.iter().copied())
    }

    /// The state when no work is left.
    fn all_done(&self) -> State {
        let last = self.runs.last().map_or(0, |run| run.0);
        State { last_contiguous_run: last, last_attempted_run: last }
    }

    fn is_done(&self, run: RunId) -> bool {
        self.outcomes.contains(&(run, RunOutcome::Done))
    }

    /// Whether an operator struck it last.
    fn is_struck(&self, run: RunId) -> bool {
        let last = self.outcomes.iter().rev().find(|(other, _)| *other == run);
        last.is_some_and(|(_, outcome)| *outcome == RunOutcome::Struck) && !self.is_done(run)
    }
}

/// Moves one run like the commands: the truth first, then the log, then the numbers. Returns whether the call
/// continues.
fn attempt(
    database: &mut Database,
    progress: &mut Progress,
    files: Option<&StateFiles>,
    run: RunId,
    fate: Fate,
) -> bool {
    if fate.killed == Some(Moment::BeforeTheTruth) {
        return false;
    }
    database.outcomes.push((run, fate.outcome));
    progress.record(run, fate.outcome);
    let Some(files) = files else { return fate.killed.is_none() };
    match fate.killed {
        Some(Moment::BeforeTheLog) => {}
        Some(Moment::BeforeTheState) => write_failure_log(&files.failures, progress.open_failures()).unwrap(),
        _ => export_progress(files, PEER, progress, &BTreeSet::new()).unwrap(),
    }
    fate.killed.is_none()
}

fn call(database: &mut Database, files: Option<&StateFiles>, event: &Event) {
    let mut progress = database.progress();
    if let Some(files) = files {
        export_progress(files, PEER, &progress, &BTreeSet::new()).unwrap();
    }
    let (work, fates): (Vec<RunId>, Vec<Fate>) = match event {
        Event::Call { retries_failed: true, fates } => (progress.open_failures().collect(), fates.clone()),
        Event::Call { retries_failed: false, fates } => (progress.not_yet_tried().collect(), fates.clone()),
        Event::Single { place, fate } if !database.runs.is_empty() => (vec![*place.get(&database.runs)], vec![*fate]),
        _ => return,
    };
    for (run, fate) in work.into_iter().zip(fates) {
        if !attempt(database, &mut progress, files, run, fate) {
            return;
        }
        assert_eq!(progress, database.progress(), "incremental and full computation agree");
    }
}

/// Checks the invariants of the truth.
fn check_truth(database: &Database, before: State) -> Result<State, TestCaseError> {
    let progress = database.progress();
    let state = progress.state();
    let open: BTreeSet<RunId> = progress.open_failures().collect();
    for run in &database.runs {
        let (is_open, is_struck) = (open.contains(run), database.is_struck(*run));
        let states = [is_open, is_struck, database.is_done(*run)];
        prop_assert!(
            states.iter().filter(|is_it| **is_it).count() <= 1,
            "run {} is more than one of {:?}",
            run,
            states
        );
        if run.0 <= state.last_attempted_run {
            prop_assert!(states.contains(&true), "run {} is forgotten", run);
        }
        if run.0 <= state.last_contiguous_run {
            prop_assert!(database.is_done(*run), "run {} is no success", run);
        }
    }
    let highest = database.outcomes.iter().map(|(run, _)| run.0).max().unwrap_or_default();
    prop_assert_eq!(state.last_attempted_run, highest);
    let first_gap = database.runs.iter().find(|run| !database.is_done(**run));
    let contiguous = database.runs.iter().take_while(|run| Some(*run) != first_gap).last();
    prop_assert_eq!(state.last_contiguous_run, contiguous.map_or(0, |run| run.0));
    prop_assert!(state.last_contiguous_run >= before.last_contiguous_run);
    prop_assert!(state.last_attempted_run >= before.last_attempted_run);
    Ok(state)
}

/// Checks the files after a kill at any point: every run up to the numbers is done or listed.
fn check_files(database: &Database, files: &StateFiles) -> Result<(), TestCaseError> {
    let (Stored::Present(state), Stored::Present(log)) =
        (read_state(&files.state).unwrap(), parse_run_records_from_file(&files.failures).unwrap())
    else {
        // No call was made yet.
        return Ok(());
    };
    let start = get_incremental_start_run(state);
    for run in database.runs.iter().filter(|run| **run <= start) {
        let is_settled = database.is_done(*run) || database.is_struck(*run);
        prop_assert!(log.runs.contains(run) || is_settled, "run {} is forgotten by the files", run);
    }
    Ok(())
}

/// Plays the events and checks after each; at the end, two calls without failures must finish all work.
fn play(events: &[Event], files: Option<&StateFiles>) -> Result<Database, TestCaseError> {
    let mut database = Database::default();
    let (mut state, mut is_spoiled) = (State::default(), false);
    for event in events {
        match (event, files) {
            (Event::NewRuns(steps), _) => {
                for step in steps {
                    let next = database.runs.last().map_or(0, |run| run.0) + step;
                    database.runs.push(RunId(next));
                }
            }
            (Event::Spoil { is_state, content }, Some(files)) => {
                is_spoiled = true;
                let path = if *is_state { &files.state } else { &files.failures };
                match content {
                    Some(content) => fs::write(path, content).unwrap(),
                    None => drop(fs::remove_file(path)),
                }
            }
            (Event::Spoil { .. }, None) => {}
            (Event::Call { .. } | Event::Single { .. }, _) => {
                // The next call always updates the files to the truth.
                call(&mut database, files, event);
                is_spoiled = false;
            }
        }
        state = check_truth(&database, state)?;
        if let Some(files) = files.filter(|_| !is_spoiled) {
            check_files(&database, files)?;
        }
    }
    // The operator requests the struck runs again.
    let struck: Vec<RunId> = database.progress().struck().collect();
    database.outcomes.extend(struck.into_iter().map(|run| (run, RunOutcome::Failed)));
    for retries_failed in [false, true] {
        let fates = vec![Fate { outcome: RunOutcome::Done, killed: None }; database.runs.len()];
        call(&mut database, files, &Event::Call { retries_failed, fates });
    }
    prop_assert_eq!(database.progress().state(), database.all_done());
    Ok(database)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_run_is_forgotten(events in vec(event(), 1..25)) {
        play(&events, None)?;
    }
}

proptest! {
    // Few cases, because every write is synced to disk.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn files_never_forget_a_run(events in vec(event(), 1..15)) {
        let directory = TempDir::new().unwrap();
        let files = StateFiles::in_directory(directory.path(), Direction::Archive);
        let database = play(&events, Some(&files))?;
        prop_assert_eq!(read_state(&files.state).unwrap(), Stored::Present(database.all_done()));
        prop_assert_eq!(fs::read_to_string(&files.failures).unwrap(), "");
    }
}

#[test]
fn state_files_have_documented_names() {
    let names = |direction| {
        let files = StateFiles::in_directory("state".as_ref(), direction);
        [files.state, files.failures].map(|path| path.to_str().unwrap().to_owned())
    };
    assert_eq!(names(Direction::Archive), ["state/archive_state.json", "state/archive_failures.log"]);
    assert_eq!(names(Direction::Import), ["state/import_state.json", "state/import_failures.log"]);
}

#[test]
fn old_draft_does_not_block_writing() {
    let directory = TempDir::new().unwrap();
    let files = StateFiles::in_directory(directory.path(), Direction::Import);
    fs::write(directory.path().join(".import_state.json.draft"), "{").unwrap();
    let state = State { last_contiguous_run: 1, last_attempted_run: 2 };
    write_state(&files.state, state).unwrap();
    assert_eq!(read_state(&files.state).unwrap(), Stored::Present(state));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "it may be the draft of another process");
}
