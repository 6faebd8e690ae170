//! In any sequence of events, no run up to the last attempted one is forgotten.

use std::{collections::BTreeSet, fs};

use cds_archive::{Direction, JobReport, Selection, State, Stored, parse_run_records_from_file, verify_run_directory};
use cds_model::Timestamp;
use cds_persistence::{KeepRule, RunId};
use proptest::{
    prelude::*,
    test_runner::{Config, FileFailurePersistence},
};

use super::world::{Call, World, change, reader, texts, writer};

/// A possible event.
#[derive(Debug, Clone)]
enum Event {
    Save,
    /// A run is altered, or restored by a second alteration.
    Alter {
        run: i64,
    },
    Prune {
        kept: usize,
    },
    Move {
        selection: Selection,
        questions: u32,
        life: u32,
    },
    RemoveState,
    DamageState,
    RemoveLog,
    Scribble,
    RestoreOldFiles,
    /// An operator removes the n-th line of the log.
    Strike {
        line: usize,
    },
    /// An operator requests a run again, whatever its outcome was.
    Request {
        run: i64,
    },
    /// A killed process leaves a draft.
    LeaveDraft {
        run: i64,
    },
}

fn events() -> impl Strategy<Value = Event> {
    let run = 1..8_i64;
    let selection = prop_oneof![
        4 => Just(Selection::New),
        2 => Just(Selection::OpenFailures),
        1 => run.clone().prop_map(|run| Selection::One(RunId(run))),
    ];
    let end = prop_oneof![2 => Just(u32::MAX), 1 => 0..30_u32];
    prop_oneof![
        4 => Just(Event::Save),
        2 => run.clone().prop_map(|run| Event::Alter { run }),
        1 => (1..4_usize).prop_map(|kept| Event::Prune { kept }),
        6 => (selection, end.clone(), end).prop_map(|(selection, questions, life)| Event::Move { selection, questions, life }),
        1 => Just(Event::RemoveState),
        1 => Just(Event::DamageState),
        1 => Just(Event::RemoveLog),
        1 => Just(Event::Scribble),
        1 => Just(Event::RestoreOldFiles),
        2 => (0..3_usize).prop_map(|line| Event::Strike { line }),
        1 => run.clone().prop_map(|run| Event::Request { run }),
        1 => run.prop_map(|run| Event::LeaveDraft { run }),
    ]
}

/// A world with the invariants to check.
struct Watched {
    world: World,
    direction: Direction,
    highest: State,
    /// Runs removed by an operator that are not back in the log.
    struck: BTreeSet<i64>,
    old_files: Option<(Vec<u8>, Vec<u8>)>,
}

impl Watched {
    fn new(direction: Direction) -> Self {
        Self { world: World::new(), direction, highest: State::default(), struck: BTreeSet::new(), old_files: None }
    }

    fn existing(&self) -> BTreeSet<i64> {
        reader(&self.world.source).snapshots().unwrap().into_iter().map(|run| run.0).collect()
    }

    /// The runs that really are in the target.
    fn arrived(&self, runs: &BTreeSet<i64>) -> BTreeSet<i64> {
        let is_there = |run: &i64| match self.direction {
            Direction::Archive => {
                let path = self.world.run_path("shop", *run);
                path.exists() && verify_run_directory(&path).is_empty()
            }
            Direction::Import => {
                // Every run starts in another minute, which identifies it.
                let begun = texts(&self.world.source, &format!("SELECT started_at FROM runs WHERE id = {run}"));
                let sql = format!("SELECT count(*) || '' FROM runs WHERE started_at = '{}'", begun[0]);
                let count = &texts(&self.world.target, &sql)[0];
                assert!(count == "0" || count == "1", "run {run} is there {count} times");
                count == "1"
            }
        };
        runs.iter().copied().filter(is_there).collect()
    }

    fn happen(&mut self, event: &Event) {
        let files = self.world.files(self.direction);
        match event {
            Event::Save => self.world.save("shop"),
            Event::Alter { run } => {
                let sql = format!("UPDATE records SET end_line = 99 - end_line WHERE run_id = {run}");
                change(&self.world.source, &sql);
            }
            Event::Prune { kept } => {
                let mut source = writer(&self.world.source);
                let at = Timestamp::from_unix_milliseconds(2_000_000_000_000);
                source.prune_runs(&[KeepRule::Last(*kept)], at).unwrap();
                source.close().unwrap();
            }
            Event::Move { selection, questions, life } => {
                if matches!(selection, Selection::One(run) if !self.existing().contains(&run.0)) {
                    return;
                }
                let call = Call { questions: *questions, life: *life, ..Call::of(*selection) };
                self.call(&call);
            }
            Event::RemoveState => drop(fs::remove_file(&files.state)),
            Event::DamageState => fs::write(&files.state, "{\"last_contiguous_run\": 1").unwrap(),
            Event::RemoveLog => drop(fs::remove_file(&files.failures)),
            Event::Scribble => fs::write(&files.failures, "\u{0}\nrun 3\n-1\n5").unwrap(),
            Event::RestoreOldFiles => match self.old_files.take() {
                Some((state, failures)) => {
                    fs::write(&files.state, state).unwrap();
                    fs::write(&files.failures, failures).unwrap();
                }
                None => self.old_files = fs::read(&files.state).ok().zip(fs::read(&files.failures).ok()),
            },
            Event::Strike { line } => {
                let Ok(text) = fs::read_to_string(&files.failures) else { return };
                let left: Vec<&str> =
                    text.lines().enumerate().filter(|(place, _)| place != line).map(|(_, line)| line).collect();
                fs::write(&files.failures, left.join("\n")).unwrap();
            }
            Event::Request { run } => {
                let text = fs::read_to_string(&files.failures).unwrap_or_default();
                fs::write(&files.failures, format!("{text}\n{run}\n")).unwrap();
            }
            Event::LeaveDraft { run } => {
                let draft = self.world.archive.join(format!("project=shop/.run_id={run}.draft"));
                fs::create_dir_all(&draft).unwrap();
                fs::write(draft.join("records.parquet.draft"), "half").unwrap();
            }
        }
    }

    fn call(&mut self, call: &Call) -> Option<JobReport> {
        let files = self.world.files(self.direction);
        let log = parse_run_records_from_file(&files.failures).unwrap();
        let listed = if let Stored::Present(list) = log { list.runs } else { BTreeSet::new() };
        let (outcome, events) = self.world.call(self.direction, call);
        // Struck runs are reported even by a call that is killed right after it.
        self.struck.extend(events.iter().filter_map(|line| line.strip_prefix("struck ")?.parse::<i64>().ok()));
        let report = outcome?.unwrap();
        self.check(&report, &listed);
        Some(report)
    }

    /// Checks the invariants after a call that returned; `listed` was in the log before it.
    fn check(&mut self, report: &JobReport, listed: &BTreeSet<RunId>) {
        let state = report.state;
        assert!(state.last_attempted_run >= self.highest.last_attempted_run, "{state:?} after {:?}", self.highest);
        assert!(state.last_contiguous_run >= self.highest.last_contiguous_run, "{state:?} after {:?}", self.highest);
        self.highest = state;
        let existing = self.existing();
        let arrived = self.arrived(&existing);
        let open: BTreeSet<i64> = report.open_failures.iter().map(|run| run.0).collect();
        let found = self.world.state(self.direction);
        let struck: BTreeSet<i64> = found.struck.iter().map(|run| run.0).collect();
        assert!(struck.is_subset(&self.struck), "{struck:?} were not all struck by an operator: {:?}", self.struck);
        for run in &existing {
            let is_open = open.contains(run);
            if *run <= state.last_attempted_run {
                let states = [arrived.contains(run), is_open, struck.contains(run)];
                let count = states.iter().filter(|is_it| **is_it).count();
                assert_eq!(count, 1, "run {run} is {states:?} (done, open, struck): {report:?}");
            } else {
                assert!(!is_open, "run {run} was not tried");
            }
            assert!(*run > state.last_contiguous_run || arrived.contains(run), "run {run} is a gap");
        }
        assert_eq!((found.truth, found.state_file), (state, Stored::Present(state)));
        let Stored::Present(list) = found.failure_log else { panic!("{:?}", found.failure_log) };
        let requested: BTreeSet<RunId> = list.runs.iter().copied().filter(|run| !open.contains(&run.0)).collect();
        assert!(requested.is_subset(listed), "{requested:?} were not all asked for: {listed:?}");
        assert!(open.iter().all(|run| list.runs.contains(&RunId(*run))), "{list:?} lacks some of {open:?}");
        assert_eq!(list.ignored_count, 0);
    }

    /// Once every run is restored and no call is killed, all runs arrive.
    fn end(mut self) {
        let altered = "UPDATE records SET end_line = 99 - end_line WHERE end_line > 50";
        change(&self.world.source, altered);
        self.call(&Call::of(Selection::New)).unwrap();
        // The operator requests the struck runs again.
        let files = self.world.files(self.direction);
        let log: Vec<String> = self.existing().iter().map(i64::to_string).collect();
        fs::write(&files.failures, log.join("\n")).unwrap();
        for selection in [Selection::New, Selection::OpenFailures] {
            let report = self.call(&Call::of(selection)).unwrap();
            assert!(report.failed.is_empty(), "{:?}", report.failed);
        }
        let existing = self.existing();
        assert_eq!(self.arrived(&existing), existing);
        assert_eq!(self.highest.last_contiguous_run, self.highest.last_attempted_run);
    }
}

proptest! {
    #![proptest_config(Config {
        cases: 24,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    })]

    #[test]
    fn no_run_is_forgotten(
        direction in prop_oneof![Just(Direction::Archive), Just(Direction::Import)],
        events in prop::collection::vec(events(), 1..24)
    ) {
        let mut watched = Watched::new(direction);
        for event in &events {
            watched.happen(event);
        }
        watched.end();
    }
}
