//! The log of transfers, and how a transferred run is recognised.

use cds_persistence::{KeepRule, Persistence, Presence, RunId, Transfer, TransferOutcome};

use super::{identity, import, import_all, source};
use crate::{
    reader::read,
    samples::{at, mixed, open, save, traced, workplace},
};

fn transfer(run: i64, key: &str, outcome: TransferOutcome) -> Transfer {
    Transfer {
        direction: "archive",
        peer: "/srv/archive".to_owned(),
        run_id: RunId(run),
        run_key: Some(key.to_owned()),
        local_run_id: None,
        snapshot_root: None,
        outcome,
        at: at(run),
    }
}

#[test]
fn last_attempts_are_listed() {
    let (_directory, path) = workplace();
    let mut persistence = open(&path).unwrap();
    let failed = || TransferOutcome::Failed("no room".to_owned());
    assert!(persistence.transfers("archive", "/srv/archive").unwrap().is_empty());
    for (run, key, outcome) in [
        (2, "b", failed()),
        (1, "a", TransferOutcome::Succeeded),
        (2, "b", failed()),
        (3, "c", TransferOutcome::Removed("pruned".to_owned())),
        (2, "other", failed()),
    ] {
        persistence.log_transfer(&transfer(run, key, outcome)).unwrap();
    }
    let rows = persistence.transfers("archive", "/srv/archive").unwrap();
    let found = rows.iter().map(|row| (row.run_id.0, row.attempt, row.is_done, row.is_removed, row.error.as_deref()));
    let expected =
        [(1, 1, true, false, None), (2, 1, false, false, Some("no room")), (3, 1, false, true, Some("pruned"))];
    assert_eq!(found.collect::<Vec<_>>(), expected, "attempts count for one key");
    assert!(persistence.transfers("import", "/srv/archive").unwrap().is_empty());
    assert!(persistence.transfers("archive", "/srv").unwrap().is_empty());
    persistence.close().unwrap();
    let reader = read(&path).unwrap();
    assert_eq!(reader.transfers("archive", "/srv/archive").unwrap(), rows);
    assert_eq!(reader.transfer_peers("archive").unwrap(), ["/srv/archive"]);
    assert!(reader.transfer_peers("import").unwrap().is_empty());
}

#[test]
fn imported_run_is_recognised() {
    let (_directory, from) = workplace();
    source(&from);
    let (_other, to) = workplace();
    save(&to, &traced(mixed(), "shop")).unwrap();
    let reader = read(&from).unwrap();
    let mut target = open(&to).unwrap();
    assert_eq!(target.presence_of(&identity(&reader, 3)).unwrap(), Presence::Absent);
    assert_eq!(import(&mut target, &reader, 3).unwrap().run_id, RunId(2));
    assert_eq!(target.presence_of(&identity(&reader, 3)).unwrap(), Presence::Here(RunId(2)));
    assert_eq!(target.presence_of(&identity(&reader, 4)).unwrap(), Presence::Absent);
    import(&mut target, &reader, 4).unwrap();
    let rows = target.transfers("import", "/srv/other.sqlite").unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.run_id.0, row.local_run_id.unwrap().0)).collect::<Vec<_>>(),
        [(3, 2), (4, 3)]
    );
    import(&mut target, &reader, 5).unwrap();
    target.prune_runs(&[KeepRule::Last(1)], at(2_000_000_000)).unwrap();
    assert_eq!(target.presence_of(&identity(&reader, 4)).unwrap(), Presence::Pruned, "it was here and is pruned");
    assert_eq!(target.presence_of(&identity(&reader, 5)).unwrap(), Presence::Here(RunId(4)));
}

#[test]
fn own_run_is_recognised() {
    let (_directory, from) = workplace();
    source(&from);
    let copy = from.with_file_name("copy.sqlite");
    std::fs::copy(&from, &copy).unwrap();
    let reader = read(&copy).unwrap();
    let persistence = open(&from).unwrap();
    for run in 1..=7 {
        // Run 3 has an account; the others are identified through the chain.
        assert_eq!(persistence.presence_of(&identity(&reader, run)).unwrap(), Presence::Here(RunId(run)));
    }
    let (_other, to) = workplace();
    import_all(&to, &reader);
    let mut again = open(&from).unwrap();
    let back = read(&to).unwrap();
    assert_eq!(
        again.presence_of(&identity(&back, 5)).unwrap(),
        Presence::Here(RunId(5)),
        "even after coming back from elsewhere"
    );
    again.save(&traced(mixed(), "shop")).unwrap();
    assert_eq!(open(&to).unwrap().presence_of(&identity(&read(&from).unwrap(), 8)).unwrap(), Presence::Absent);
}
