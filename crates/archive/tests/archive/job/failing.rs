//! Runs that fail: each with its own reason, and open until it is done or removed.

use std::{
    fs::{self, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
};

use cds_archive::{Direction, Error, Recovery, Selection, Stored, recover};
use cds_model::{Intent, Timestamp};
use cds_persistence::{KeepRule, Persistence, RunId};

use super::world::{Call, World, assert_unaltered, change, numbers, reader, snapshot, texts, writer};

/// Run twice, it restores the run.
const FLIP_2: &str = "UPDATE records SET end_line = 99 - end_line WHERE run_id = 2;";
const ALTER_2: &str = "UPDATE records SET intent = 'Lies.' WHERE run_id = 2 AND intent IS NOT NULL;";
const DIRECTIONS: [Direction; 2] = [Direction::Archive, Direction::Import];

fn log(world: &World, direction: Direction) -> String {
    fs::read_to_string(world.files(direction).failures).unwrap()
}

#[test]
fn failed_run_is_open_until_retried() {
    for direction in DIRECTIONS {
        let world = World::with_runs(3);
        let intents = "SELECT intent FROM records WHERE run_id = 2 AND intent IS NOT NULL";
        let whole = texts(&world.source, intents);
        change(&world.source, ALTER_2);
        let call = |selection| world.call(direction, &Call::of(selection)).0.unwrap().unwrap();
        let report = call(Selection::New);
        assert_eq!((report.done, report.failed.len(), report.stopped_by), (2, 1, None));
        assert!(report.failed[0].1.contains("the run was written with sha256:"), "{:?}", report.failed);
        assert_eq!((report.state.last_contiguous_run, report.state.last_attempted_run), (1, 3));
        assert_eq!(log(&world, direction), "2\n");
        let state = world.state(direction);
        assert_eq!(state.open_failures, [(RunId(2), Some(report.failed[0].1.clone()))]);

        world.save("shop");
        let report = call(Selection::New);
        assert_eq!((report.done, report.failed.len()), (1, 0), "a normal call skips it");
        assert_eq!(call(Selection::OpenFailures).failed.len(), 1);
        for text in whole {
            change(
                &world.source,
                &format!(
                    "UPDATE records SET intent = '{text}' WHERE run_id = 2 AND raw_code = '{}'",
                    text.trim_start_matches("Is ").trim_end_matches('.')
                ),
            );
        }
        let report = call(Selection::OpenFailures);
        assert_eq!((report.done, report.state.last_contiguous_run, report.open_failures.len()), (1, 4, 0));
        assert_eq!(log(&world, direction), "");
        let attempts = "SELECT attempt || status FROM transfer_log WHERE run_id = 2 ORDER BY id";
        assert_eq!(texts(world.database(direction), attempts), ["1failed", "2failed", "3succeeded"]);
        if direction == Direction::Import {
            assert_unaltered(&world.target);
        }
    }
}

#[test]
fn pruned_run_is_no_open_failure() {
    for direction in DIRECTIONS {
        let world = World::with_runs(3);
        change(&world.source, ALTER_2);
        world.call(direction, &Call::default()).0.unwrap().unwrap();
        let mut source = writer(&world.source);
        source.prune_runs(&[KeepRule::Last(1)], Timestamp::from_unix_milliseconds(2_000_000_000_000)).unwrap();
        source.close().unwrap();
        let (outcome, events) = world.call(direction, &Call::of(Selection::OpenFailures));
        let report = outcome.unwrap().unwrap();
        assert_eq!((report.failed.len(), numbers(&report.removed)), (0, vec![2]));
        assert_eq!(events, ["removed 2"]);
        assert_eq!((report.state.last_contiguous_run, report.open_failures.len()), (3, 0));
        assert_eq!(log(&world, direction), "");
        let status = "SELECT status || error FROM transfer_log WHERE run_id = 2 ORDER BY id DESC LIMIT 1";
        assert_eq!(texts(world.database(direction), status), ["goneit is no longer in the source"]);
        assert!(world.call(direction, &Call::default()).1.is_empty(), "it is reported once");
    }
}

#[test]
fn removed_run_is_no_success() {
    for direction in DIRECTIONS {
        let world = World::with_runs(2);
        change(&world.source, ALTER_2);
        world.call(direction, &Call::default()).0.unwrap().unwrap();
        change(&world.source, "DELETE FROM runs WHERE id = 2");
        let report = world.call(direction, &Call::default()).0.unwrap().unwrap();
        assert_eq!((report.state.last_contiguous_run, report.state.last_attempted_run), (1, 2));
        assert_eq!((numbers(&report.removed), report.open_failures.len()), (vec![2], 0));
    }
}

/// The reasons why archiving and importing run 2 fail after `sql`.
fn reasons(sql: &str) -> [String; 2] {
    DIRECTIONS.map(|direction| {
        let world = World::with_runs(3);
        change(&world.source, sql);
        let report = world.call(direction, &Call::default()).0.unwrap().unwrap();
        assert_eq!((report.done, numbers(&report.open_failures)), (2, vec![2]), "{:?}", report.failed);
        assert!(!world.run_path("shop", 2).exists());
        report.failed[0].1.clone()
    })
}

#[test]
fn each_failure_has_a_reason() {
    let of_run = "WHERE id = (SELECT max(id) FROM records WHERE run_id = 2)";
    let [archived, imported] = reasons(&format!("UPDATE records SET raw_code = CAST(x'61ff' AS TEXT) {of_run}"));
    assert_eq!(archived, "read records.raw_code in row 3: it is not valid UTF-8");
    assert!(imported.contains("the records have the root"), "{imported}");
    let [archived, imported] = reasons(&format!("DELETE FROM records {of_run}"));
    assert_eq!(archived, "the run should have 3 records and has 2: it was altered or damaged");
    assert_eq!(imported, "runs has a row that does not fit: it should have 3 records, and 2 were read");
    let [archived, imported] = reasons(&format!("UPDATE records SET kind = x'00' {of_run}"));
    assert_eq!(archived, imported);
    assert_eq!(imported, "records has a row that does not fit: kind is not text");
    let [archived, imported] = reasons("UPDATE runs SET model = 'x' WHERE id = 2");
    assert_eq!(archived, imported);
    assert!(
        imported.starts_with("the run's row, its errors, questions or costs were altered or damaged"),
        "{imported}"
    );
}

#[test]
fn damaged_pages_fail_one_run() {
    for direction in DIRECTIONS {
        let world = World::with_runs(1);
        let mut source = writer(&world.source);
        let mut long = snapshot(2, "shop");
        long.records[2].intent = Intent::Success("Z".repeat(100_000));
        source.save(&long).unwrap();
        source.save(&snapshot(3, "shop")).unwrap();
        source.close().unwrap();
        change(&world.source, "PRAGMA journal_mode = DELETE");
        let mut file = OpenOptions::new().read(true).write(true).open(&world.source).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        // An overflow page full of the text; its first four bytes are the number of the next page.
        let page = bytes.chunks(8192).position(|page| page[4..].iter().all(|byte| *byte == b'Z')).unwrap();
        file.seek(SeekFrom::Start(page as u64 * 8192)).unwrap();
        file.write_all(&[0x7f, 0xff, 0xff, 0xf0]).unwrap();
        drop(file);
        let report = world.call(direction, &Call::default()).0.unwrap().unwrap();
        assert_eq!((report.done, numbers(&report.open_failures)), (2, vec![2]), "{:?}", report.failed);
        assert!(report.failed[0].1.contains("is damaged"), "{:?}", report.failed);
    }
}

#[test]
fn numbers_below_one_fail_once() {
    for direction in DIRECTIONS {
        let world = World::with_runs(2);
        change(
            &world.source,
            "DROP TRIGGER record_hashes_update; UPDATE runs SET id = -3 WHERE id = 1;
                               UPDATE records SET run_id = -3 WHERE run_id = 1",
        );
        let report = world.call(direction, &Call::default()).0.unwrap().unwrap();
        assert_eq!(report.failed, [(RunId(-3), "move run -3: run numbers must be 1 or higher".to_owned())]);
        assert_eq!((report.done, report.state.last_contiguous_run), (1, 2), "the other runs continue");
        assert_eq!(log(&world, direction), "");
        assert_eq!(numbers(&report.open_failures), [-3]);
        assert!(world.call(direction, &Call::default()).0.unwrap().unwrap().failed.is_empty());
        assert_eq!(world.call(direction, &Call::of(Selection::OpenFailures)).0.unwrap().unwrap().failed.len(), 1);
    }
}

#[test]
fn foreign_directory_is_left_unchanged() {
    let world = World::with_runs(3);
    fs::create_dir_all(world.run_path("shop", 1)).unwrap();
    fs::write(world.run_path("shop", 1).join("mine"), "x").unwrap();
    let report = world.archive(Selection::New);
    assert_eq!((report.done, numbers(&report.open_failures)), (2, vec![1]));
    assert!(report.failed[0].1.ends_with("run_id=1\": it has no manifest"), "{:?}", report.failed);
    assert_eq!(fs::read_dir(world.run_path("shop", 1)).unwrap().count(), 1);

    fs::remove_dir_all(world.run_path("shop", 1)).unwrap();
    fs::rename(world.run_path("shop", 2), world.run_path("shop", 1)).unwrap();
    let report = world.archive(Selection::OpenFailures);
    assert!(report.failed[0].1.contains("it holds another run, sha256:"), "{:?}", report.failed);
    fs::rename(world.run_path("shop", 1), world.run_path("shop", 2)).unwrap();
    assert_eq!(world.archive(Selection::OpenFailures).done, 1);
}

#[test]
fn vanished_archive_ends_the_job() {
    let world = World::with_runs(4);
    world.archive(Selection::One(RunId(1)));
    let away = world.folder.path().join("away");
    // A file instead of the archive directory: nothing can be written there.
    fs::rename(&world.archive, &away).unwrap();
    let (outcome, _) = world.call(Direction::Archive, &Call::default());
    assert!(matches!(outcome, Some(Err(Error::NoArchive { .. }))), "nothing is tried");
    fs::rename(&away, &world.archive).unwrap();
    fs::remove_dir_all(world.archive.join("project=shop")).unwrap();
    fs::write(world.archive.join("project=shop"), "").unwrap();
    let report = world.archive(Selection::New);
    assert_eq!((report.failed.len(), report.stopped_by), (3, None), "one bad directory does not end the job");
}

#[test]
fn replaced_source_is_imported_again() {
    let world = World::with_runs(3);
    assert_eq!(world.import(Selection::New).done, 3);
    let other = World::new();
    (0..2).for_each(|_| other.save("mill"));
    fs::copy(&other.source, &world.source).unwrap();
    let report = world.import(Selection::New);
    assert_eq!((report.done, report.already_there), (2, 0));
    assert_eq!((report.state.last_contiguous_run, report.state.last_attempted_run), (3, 3), "numbers never decrease");
    assert_eq!(world.import(Selection::New).done, 0);
    assert_eq!(texts(&world.target, "SELECT count(*) || '' FROM runs"), ["5"]);
}

#[test]
fn wrong_state_files_are_rebuilt() {
    for direction in DIRECTIONS {
        let world = World::with_runs(3);
        change(&world.source, ALTER_2);
        let name = direction.as_str();
        assert!(world.call(direction, &Call::default()).1[0].starts_with("start 1"), "new files are not reported");
        let files = world.files(direction);
        let (state, failures) = (fs::read(&files.state).unwrap(), fs::read(&files.failures).unwrap());
        for (content, expected) in [
            (None, "is missing"),
            (Some("{"), "is damaged (EOF while parsing an object at line 1 column 1)"),
            (
                Some(r#"{"last_contiguous_run":0,"last_attempted_run":0}"#),
                "says 0 and 0 where the database says 1 and 3 of this peer",
            ),
        ] {
            match content {
                Some(content) => fs::write(&files.state, content).unwrap(),
                None => fs::remove_file(&files.state).unwrap(),
            }
            fs::write(&files.failures, "2\nrun 7\n").unwrap();
            let (outcome, events) = world.call(direction, &Call::default());
            assert_eq!(events, [format!("{name}_state.json {expected}"), "line 2 is \"run 7\"".to_owned()]);
            assert_eq!(outcome.unwrap().unwrap().done, 0, "nothing starts from 0");
            assert_eq!(
                (fs::read(&files.state).unwrap(), fs::read(&files.failures).unwrap()),
                (state.clone(), failures.clone())
            );
        }
        fs::remove_file(&files.failures).unwrap();
        let events = world.call(direction, &Call::default()).1;
        assert_eq!(events, [format!("{name}_failures.log is missing")]);
        assert_eq!(fs::read(&files.failures).unwrap(), failures);
    }
}

#[test]
fn operator_edits_are_applied() {
    for direction in DIRECTIONS {
        let world = World::with_runs(3);
        change(&world.source, FLIP_2);
        let call = |selection| {
            let (outcome, events) = world.call(direction, &Call::of(selection));
            (outcome.unwrap().unwrap(), events)
        };
        let failures = world.files(direction).failures;
        assert_eq!(call(Selection::New).0.open_failures, [RunId(2)]);
        fs::write(&failures, "# looked at by Ada\n1\n").unwrap();
        let (report, events) = call(Selection::New);
        assert_eq!(events, ["struck 2"], "the request for 1 waits for --retry-failed");
        assert_eq!((report.open_failures, report.struck), (vec![], vec![RunId(2)]));
        assert_eq!((report.state.last_contiguous_run, report.state.last_attempted_run), (1, 3), "it is still a gap");
        assert_eq!(log(&world, direction), "# looked at by Ada\n1\n");

        let report = call(Selection::OpenFailures).0;
        assert_eq!((report.already_there, report.failed.len(), report.struck.len()), (1, 0, 0));
        assert_eq!(log(&world, direction), "# looked at by Ada\n");
        assert!(call(Selection::OpenFailures).1.is_empty(), "a struck run is not tried");
        assert_eq!(world.state(direction).struck, [RunId(2)]);

        // The operator adds run 2 again, and it fails again. The log that is then deleted is no edit.
        fs::write(&failures, "2\n77\n").unwrap();
        assert_eq!(call(Selection::OpenFailures).0.failed.len(), 1);
        assert_eq!(log(&world, direction), "2\n");
        fs::remove_file(&failures).unwrap();
        assert_eq!(call(Selection::New).0.open_failures, [RunId(2)]);
        // An unreadable log removes nothing.
        fs::write(&failures, "\u{0}\n").unwrap();
        assert_eq!(call(Selection::New).0.open_failures, [RunId(2)]);
        fs::write(&failures, "").unwrap();
        assert_eq!(call(Selection::New).0.struck, [RunId(2)]);
        change(&world.source, FLIP_2);
        assert_eq!(call(Selection::One(RunId(2))).0.state.last_contiguous_run, 3);
    }
}

#[test]
fn edit_during_a_call_is_applied() {
    let world = World::with_runs(3);
    change(&world.source, FLIP_2);
    world.archive(Selection::New);
    world.save("shop");
    let call = Call { log_text: Some("# by hand\n"), ..Call::default() };
    let (outcome, events) = world.call(Direction::Archive, &call);
    assert!(events.contains(&"struck 2".to_owned()), "{events:?}");
    let report = outcome.unwrap().unwrap();
    assert_eq!((report.done, report.struck, report.open_failures), (1, vec![RunId(2)], vec![]));
    assert_eq!(log(&world, Direction::Archive), "# by hand\n");
}

#[test]
fn recovery_reads_the_archive() {
    let world = World::with_runs(4);
    change(&world.source, &ALTER_2.replace("run_id = 2", "run_id = 3"));
    world.archive(Selection::New);
    let state = |world: &World| fs::read_to_string(world.files(Direction::Archive).state).unwrap();
    let before = (state(&world), log(&world, Direction::Archive));
    change(&world.source, "DELETE FROM transfer_log");
    fs::remove_dir_all(world.folder.path().join("archive_state")).unwrap();
    fs::create_dir(world.folder.path().join("archive_state")).unwrap();
    let leftover = world.archive.join("project=shop/.run_id=9.draft");
    fs::create_dir(&leftover).unwrap();
    let mut database = writer(&world.source);
    let source = reader(&world.source);
    let recovery = Recovery {
        database: &mut database,
        direction: Direction::Archive,
        peer: &world.peer(Direction::Archive),
        state: &world.files(Direction::Archive),
        existing: &[],
        archive: Some((&source, &world.archive)),
        now: &|| Timestamp::from_unix_milliseconds(0),
    };
    let found = recover(recovery).unwrap();
    assert_eq!(found.open_failures, [(RunId(3), None)], "it counts as skipped");
    assert_eq!((state(&world), log(&world, Direction::Archive)), before);
    assert_eq!(found.state_file, Stored::Present(found.truth));
    assert!(!leftover.exists());
}
