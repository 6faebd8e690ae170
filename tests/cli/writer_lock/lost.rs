//! A lock file that is deleted, replaced or overwritten while its lock is held: another process may be writing.

use std::{fs, time::Instant};

use super::Holder;
use crate::{
    PATIENCE,
    place::{DATABASE, LOCK, Outcome, Place, TREE},
};

/// Asserts that the holder prints and records one of `what` about its lock file.
#[track_caller]
fn check_gave_up(place: &Place, outcome: Outcome, what: &[&str]) {
    let outcome = outcome.exited_with(1).stderr_has(&["cds.sqlite.lock\" was ", "leave the lock file alone"]);
    assert_eq!(outcome.stdout, "");
    let shown = outcome.stderr.lines().find_map(|line| line.strip_prefix("error: ")).expect("an error");
    let beginning = format!("failed to keep the right to write: its lock file \"{}\" ", place.path(LOCK).display());
    let rest = shown.strip_prefix(&beginning).unwrap_or_else(|| panic!("{shown:?} begins with {beginning:?}"));
    let end = "; nothing more was written, answers up to then are kept";
    assert!(what.iter().any(|what| rest == format!("{what}{end}")), "{shown}");
    let database = place.database();
    assert_eq!(database.ends()[0], format!("failed: {shown}"));
    let closed_by = "SELECT coalesce(closed_by, '-') FROM runs_ledger ORDER BY rowid LIMIT 1";
    assert_eq!(database.texts(closed_by), ["-"], "it wrote that itself");
    database.check_integrity();
}

/// Asserts that `change` to the lock file ends the holder soon, and that the file stays as changed.
#[track_caller]
fn check(change: impl FnOnce(&Place), what: &str) {
    let mut holder = Holder::start(4);
    change(&holder.place);
    let left = fs::read(holder.place.path(LOCK)).ok();
    let start = Instant::now();
    holder.running.wait_for_line("the lock was lost");
    // Questions in flight are awaited and their answers kept.
    holder.gate.open();
    let Holder { place, server, running, .. } = holder;
    let outcome = running.wait();
    assert!(start.elapsed() < PATIENCE / 4, "it took {:?}", start.elapsed());
    check_gave_up(&place, outcome, &[what]);
    assert_eq!(fs::read(place.path(LOCK)).ok(), left);
    assert_eq!((server.generate_count(), server.answered_count()), (5, 5), "no question was sent any more");
    let database = place.database();
    assert_eq!((database.kept_count(), database.number("SELECT count(*) FROM runs")), (5, 0));
    let end = database.ends().remove(0);
    assert_eq!(database.latest_stages(), ["analyze completed", "build completed", &format!("enrich {end}")]);
    drop(database);

    let outcome = place.persist(&server.url(), &["--format", "json"]).succeeded();
    assert_eq!(outcome.costs(), [6, 1, 5, 0, 0, 1]);
    assert_eq!(place.database().ends().last().map(String::as_str), Some("completed"));
    place.check_is_tidy();
}

#[test]
fn deleted_lock_is_noticed() {
    check(|place| fs::remove_file(place.path(LOCK)).unwrap(), "was deleted");
}

#[test]
fn replaced_lock_is_noticed() {
    let replace = |place: &Place| {
        place.write("new", "");
        fs::rename(place.path("new"), place.path(LOCK)).unwrap();
    };
    check(replace, "was replaced");
}

#[test]
fn overwritten_lock_is_noticed() {
    let overwrite = |place: &Place| {
        let other = String::from_utf8(place.read(LOCK)).unwrap().replace("persist", "nothing");
        place.write(LOCK, other);
    };
    check(overwrite, "was overwritten");
}

#[test]
fn both_holders_report_correct_result() {
    let holder = Holder::start(1);
    fs::remove_file(holder.place.path(LOCK)).unwrap();
    let other = ["persist", "--path", TREE, "--db-path", DATABASE, "--provider-url", "builtin:"];
    let outcome = holder.place.cds(&other).succeeded();
    assert!(outcome.stdout.starts_with("persisted run_id=1 "), "{outcome:?}");
    let Holder { place, gate, running, .. } = holder;
    gate.open();
    // The monitor notices it between the two commands or later; otherwise the check right before the snapshot does.
    check_gave_up(&place, running.wait(), &["was deleted", "was replaced"]);
    assert_eq!(place.database().ends()[1..], ["completed"]);
    assert_eq!(place.database().number("SELECT count(*) FROM runs"), 1);
    place.check_is_tidy();
}
