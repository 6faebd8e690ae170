//! Signals, kills, a second archiver and a full disk during an archive.

use std::{fs, process::Command, time::Instant};

use super::{ARCHIVE, FAILURES, PROJECT, STATE, archive, archived, arguments, place_with_runs, state};
use crate::{
    PATIENCE,
    place::{DATABASE, Outcome, Place},
    running::Running,
};

/// Enough functions to catch an archive in the middle of a run.
const MANY: usize = 20_000;
const DRAFT: &str = ".run_id=2.draft";

/// A place with a small run and a large one.
fn place_with_a_large_run() -> Place {
    let place = place_with_runs(1);
    place.write("tree/functions.py", crate::place::functions(MANY));
    place.persist("builtin:", &["--project", PROJECT, "--max-file-size", "100MB"]).succeeded();
    place
}

/// An archiver stopped by SIGSTOP in the middle of the second run.
fn caught(place: &Place) -> Running {
    let has_begun =
        |table: &str| place.path(&format!("{ARCHIVE}/project={PROJECT}/{DRAFT}/{table}.parquet.draft")).exists();
    let database = place.read(DATABASE);
    let undo = || {
        fs::remove_dir_all(place.path(ARCHIVE)).expect("an archiver leaves it");
        for name in [STATE, FAILURES] {
            fs::remove_file(place.path(name)).expect("an archiver leaves it");
        }
        place.write(DATABASE, &database);
    };
    // The errors follow the records directly, long before the last table.
    Running::catch(|| place.command(&arguments(&[])), || has_begun("records") && !has_begun("errors"), undo)
}

#[test]
fn killed_archive_run_is_retried() {
    let place = place_with_a_large_run();
    caught(&place).kill();
    assert_eq!(archived(&place), [DRAFT, "run_id=1"], "half of a run has no name that an engine looks at");
    place.cds(&["archive", "--to", ARCHIVE, "--verify"]).succeeded();
    let outcome = archive(&place, &[]).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=1 records=20001 "), "{outcome:#?}");
    assert_eq!(archived(&place), ["run_id=1", "run_id=2"]);
    assert_eq!(state(&place), (2, 2, String::new()));
    place.database().check_integrity();
    place.cds(&["archive", "--to", ARCHIVE, "--verify"]).succeeded();
}

#[test]
fn signal_ends_archive_within_run() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let place = place_with_a_large_run();
        let running = caught(&place);
        running.signal(signal);
        running.signal("CONT");
        let outcome = running.wait().exited_with(code).stderr_has(&["error: interrupted"]);
        assert!(outcome.stdout.starts_with("archived runs=1 "), "finished work is reported: {outcome:#?}");
        assert_eq!(archived(&place), ["run_id=1"], "no draft is left");
        assert_eq!(state(&place), (1, 1, String::new()), "a run that was called off was not tried");
        archive(&place, &[]).succeeded();
        assert_eq!(archived(&place), ["run_id=1", "run_id=2"]);
    }
}

#[test]
fn second_archiver_is_refused() {
    let place = place_with_a_large_run();
    fs::copy(place.path(DATABASE), place.path("copy.sqlite")).unwrap();
    let running = caught(&place);
    let pid = format!("process {} on ", running.id());
    // First the same database, then another one: the archive has its own lock.
    for database in [DATABASE, "copy.sqlite"] {
        let start = Instant::now();
        let outcome = place.cds(&["archive", "--db-path", database, "--to", ARCHIVE]).exited_with(1);
        assert!(start.elapsed() < PATIENCE / 4);
        assert_eq!(outcome.stdout, "");
        outcome.stderr_has(&["it is held by ", &pid, ", since ", "command archive", "--lock-timeout"]);
    }
    running.signal("CONT");
    running.wait().succeeded();
    assert_eq!(archived(&place), ["run_id=1", "run_id=2"]);
    archive(&place, &["--verify"]).succeeded();
    // A run archived from another database is not archived again.
    let arguments = ["archive", "--db-path", "copy.sqlite", "--to", ARCHIVE, "--state-dir", "tree"];
    let outcome = place.cds(&arguments).succeeded();
    assert!(outcome.stdout.starts_with("archived runs=0 ") && outcome.stdout.contains(" already=2 "), "{outcome:#?}");
}

#[test]
fn waiting_archiver_gets_its_turn() {
    let place = place_with_a_large_run();
    fs::copy(place.path(DATABASE), place.path("copy.sqlite")).unwrap();
    let running = caught(&place);
    let arguments =
        ["archive", "--db-path", "copy.sqlite", "--to", ARCHIVE, "--state-dir", "tree", "--lock-timeout", "60s"];
    let second = Running::start(&mut place.command(&arguments));
    running.signal("CONT");
    running.wait().succeeded();
    second.wait().succeeded();
}

#[test]
fn concurrent_archivers_create_one_archive() {
    for _ in 0..3 {
        let place = place_with_runs(3);
        fs::copy(place.path(DATABASE), place.path("copy.sqlite")).unwrap();
        // Twice the same database, and another one that keeps its state files in the same folder.
        let archivers = [DATABASE, DATABASE, "copy.sqlite"].map(|database| {
            let arguments = ["archive", "--db-path", database, "--to", ARCHIVE, "--lock-timeout", "60s"];
            Running::start(&mut place.command(&arguments))
        });
        for archiver in archivers {
            archiver.wait().succeeded();
        }
        assert_eq!(archived(&place), ["run_id=1", "run_id=2", "run_id=3"]);
        assert_eq!(state(&place), (3, 3, String::new()));
        assert!(!place.names().iter().any(|name| name.contains(".draft")), "{:?}", place.names());
    }
}

#[test]
fn vanished_archive_is_not_recreated() {
    let place = place_with_a_large_run();
    let running = caught(&place);
    fs::rename(place.path(ARCHIVE), place.path("moved")).unwrap();
    running.signal("CONT");
    running.wait().exited_with(1);
    assert!(!place.path(ARCHIVE).exists());
    archive(&place, &[]).exited_with(1).stderr_has(&["it is missing, though 1 run was moved to it"]);
    fs::rename(place.path("moved"), place.path(ARCHIVE)).unwrap();
    archive(&place, &[]).succeeded();
    archive(&place, &["--retry-failed"]).succeeded();
    assert_eq!(archived(&place), ["run_id=1", "run_id=2"]);
    assert_eq!(state(&place), (2, 2, String::new()));
    place.cds(&["archive", "--to", ARCHIVE, "--verify"]).succeeded();
}

#[test]
fn unwritable_archive_is_named() {
    let place = place_with_runs(1);
    // A file in the place of the project's folder stops every user, the superuser included.
    fs::create_dir(place.path(ARCHIVE)).unwrap();
    place.write(&format!("{ARCHIVE}/project={PROJECT}"), "");
    archive(&place, &[]).exited_with(1).stderr_has(&["error: failed to archive ", "project=shop"]);
    fs::remove_file(place.path(&format!("{ARCHIVE}/project={PROJECT}"))).unwrap();
    archive(&place, &["--retry-failed"]).succeeded();
    archive(&place, &[]).succeeded();
    assert_eq!(archived(&place), ["run_id=1"]);
}

#[test]
fn full_disk_leaves_no_partial_file() {
    let place = place_with_a_large_run();
    fs::create_dir(place.path(ARCHIVE)).unwrap();
    // A small file system that only this script can see.
    let script = "
        mount -t tmpfs -o size=256k none archive || exit 77
        \"$0\" archive --db-path cds.sqlite --to archive; echo \"first $?\"
        find archive -name '*.parquet*' | grep -c . ; df archive >&2
        mount -o remount,size=100m archive || exit 77
        \"$0\" archive --db-path cds.sqlite --to archive --retry-failed; echo \"retry $?\"
        \"$0\" archive --db-path cds.sqlite --to archive; echo \"again $?\"
        \"$0\" archive --to archive --verify; echo \"verify $?\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_cds")]);
    command.current_dir(place.path("."));
    let Ok(output) = command.output() else { return skip("there is no unshare") };
    let outcome = Outcome::from(output);
    if !outcome.stdout.contains("first ") {
        return skip(&outcome.stderr);
    }
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines.contains(&"first 1"), "{outcome:#?}");
    let outcome = outcome.stderr_has(&["error: failed to archive ", "No space left on device"]);
    for line in ["retry 0", "again 0", "verify 0"] {
        assert!(outcome.stdout.contains(line), "{outcome:#?}");
    }
    assert!(outcome.stdout.contains("verified runs=2 records=20004 "), "{outcome:#?}");
    assert_eq!(state(&place), (2, 2, String::new()));
}

fn skip(why: &str) {
    use std::io::Write as _;
    // Bypasses the test runner's capture, which would hide the message.
    let line = format!("SKIPPED: no small file system could be mounted: {}\n", why.trim());
    std::io::stderr().write_all(line.as_bytes()).expect("stderr takes a line");
}
