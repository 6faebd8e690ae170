//! Runs that should be in the archive and are not.

use cds_archive::{Direction, Selection, list_runs, missing_runs};
use cds_persistence::RunId;

use super::world::{Call, World, reader};

fn missing(world: &World, project: Option<&str>) -> Vec<(i64, String)> {
    let peer = world.peer(Direction::Archive);
    let found = missing_runs(&reader(&world.source), &peer, &world.archive, project).unwrap();
    found.into_iter().map(|(run, why)| (run.0, why)).collect()
}

#[test]
fn nothing_is_missing_before_or_after() {
    let world = World::with_runs(3);
    assert!(missing(&world, None).is_empty(), "none was tried");
    world.call(Direction::Archive, &Call::default()).0.unwrap().unwrap();
    assert!(missing(&world, None).is_empty());
}

#[test]
fn removed_and_skipped_runs_are_missing() {
    let world = World::with_runs(4);
    world.call(Direction::Archive, &Call::of(Selection::One(RunId(1)))).0.unwrap().unwrap();
    world.call(Direction::Archive, &Call::of(Selection::One(RunId(3)))).0.unwrap().unwrap();
    let skipped = "it is not archived: it was skipped; the next call without options archives it".to_owned();
    assert_eq!(missing(&world, None), [(2, skipped.clone())]);

    let lying = list_runs(&world.archive).unwrap().runs;
    let third = lying.iter().find(|run| run.run == RunId(3)).unwrap();
    std::fs::remove_dir_all(&third.path).unwrap();
    let found = missing(&world, Some("shop"));
    let [second, (3, why)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(*second, (2, skipped));
    assert!(why.starts_with("it was archived at ") && why.ends_with(" and is no longer there"), "{why}");
    assert!(missing(&world, Some("another")).is_empty());
}
