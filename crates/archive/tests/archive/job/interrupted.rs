//! Jobs that are cancelled, and processes that are killed.

use cds_archive::{Direction, Error, Selection};
use cds_persistence::RunId;

use super::world::{Call, World, numbers, texts};

const DIRECTIONS: [Direction; 2] = [Direction::Archive, Direction::Import];

#[test]
fn cancelled_run_counts_as_not_tried() {
    for direction in DIRECTIONS {
        let mut ends = 0;
        for questions in 0.. {
            let world = World::with_runs(3);
            let report = world.call(direction, &Call { questions, ..Call::default() }).0.unwrap().unwrap();
            let done = i64::try_from(report.done).unwrap();
            assert_eq!((report.state.last_contiguous_run, report.state.last_attempted_run), (done, done));
            assert!(report.failed.is_empty() && report.open_failures.is_empty());
            assert_eq!(numbers(&world.state(direction).not_yet_tried), (done + 1..=3).collect::<Vec<_>>());
            if !report.is_interrupted {
                break;
            }
            ends += 1;
            let again = world.call(direction, &Call::default()).0.unwrap().unwrap();
            assert_eq!((again.done + report.done, again.state.last_contiguous_run), (3, 3));
        }
        assert!(ends > 6, "it checks between and within runs");
    }
}

#[test]
fn cancelled_retry_stays_open() {
    for direction in DIRECTIONS {
        let world = World::with_runs(2);
        world.call(direction, &Call::of(Selection::One(RunId(2)))).0.unwrap().unwrap();
        let call = Call { questions: 1, ..Call::of(Selection::OpenFailures) };
        let report = world.call(direction, &call).0.unwrap().unwrap();
        assert!(report.is_interrupted);
        assert_eq!(numbers(&report.open_failures), [1]);
        assert_eq!(world.call(direction, &Call::of(Selection::OpenFailures)).0.unwrap().unwrap().done, 1);
    }
}

#[test]
fn lost_lock_ends_the_job() {
    for direction in DIRECTIONS {
        let world = World::with_runs(2);
        let outcome = world.call(direction, &Call { may_commit: false, ..Call::default() }).0.unwrap();
        assert!(matches!(outcome, Err(Error::Withdrawn | Error::Database(_))), "{outcome:?}");
        assert!(!world.run_path("shop", 1).exists());
        assert_eq!(texts(&world.target, "SELECT count(*) || '' FROM runs"), ["0"]);
        assert_eq!(numbers(&world.state(direction).not_yet_tried), [1, 2]);
    }
}

#[test]
fn next_call_finishes_killed_job() {
    for direction in DIRECTIONS {
        let mut ends = 0;
        for life in 0.. {
            let world = World::with_runs(2);
            let outcome = world.call(direction, &Call { life, ..Call::default() }).0;
            let is_killed = outcome.is_none();
            let again = world.call(direction, &Call::default()).0.unwrap().unwrap();
            assert_eq!((again.state.last_contiguous_run, again.open_failures.len()), (2, 0), "after {life}");
            assert!(again.done + again.already_there <= 2);
            if direction == Direction::Import {
                assert_eq!(texts(&world.target, "SELECT count(*) || '' FROM runs"), ["2"], "after {life}");
            } else {
                assert!(world.run_path("shop", 1).is_dir() && world.run_path("shop", 2).is_dir());
                assert!(!world.archive.join("project=shop/.run_id=1.draft").exists());
            }
            if !is_killed {
                break;
            }
            ends += 1;
        }
        assert!(ends > 10, "{ends}");
    }
}
