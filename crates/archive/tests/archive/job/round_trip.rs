//! Runs survive the way through an archive unchanged.

use std::fs;

use cds_archive::{Direction, Selection, TableReader, read_manifest, verify_archive};

use super::world::{Call, World, assert_unaltered, change, numbers, reader, texts};

const RECORDS: &str = "SELECT format('%d %s', run_id, quote(kind) || quote(file_path) || quote(signature) || start_line
    || '-' || end_line || quote(CAST(raw_code AS BLOB)) || quote(normalized_code) || md5sum || quote(intent)
    || intent_status || quote(intent_error)) FROM records ORDER BY id";
const HISTORY: &str = "SELECT run_id || ' ' || transition || ' ' || metadata FROM unit_history ORDER BY sequence";
const ROOTS: &str = "SELECT run_id || ' ' || project || ' ' || snapshot_root || ' ' || run_hash FROM snapshot_chain
    ORDER BY sequence";
const RUNS: &str = "SELECT id || started_at || root_path || status || record_count FROM runs ORDER BY id";

/// The accounts of an invocation that asked about the second record of run 2.
const ACCOUNTS: &str = "
INSERT INTO runs_ledger (run_id, subject, started_at, status, snapshot_id, command, tool_version, host, pid,
                         code_ref_note, trace_id)
VALUES ('019a9f3f-0000-7000-8000-000000000002', 'shop', '2026-11-20T09:20:00.120Z', 'completed', 2, 'cds persist',
        '0.1.0', 'ci', 7, 'none', 'trace');
INSERT INTO stage_runs (run_id, ledger_id, stage, status, source, code_ref_note, config_hash, started_at,
                        duration_seconds, trace_id)
VALUES ('019a9f3f-0000-7000-8000-0000000000a2', '019a9f3f-0000-7000-8000-000000000002', 'enrich', 'completed',
        'executed', 'none', 'sha256:00', '2026-11-20T09:20:10.000Z', 1.25, 'trace');
INSERT INTO telemetry (ledger_id, recorded_at, log_type, subject, event_details)
VALUES ('019a9f3f-0000-7000-8000-000000000002', '2026-11-20T09:20:11.000Z', 'llm_call', NULL, '{}');
INSERT INTO intent_cache VALUES ('q', 'Is it.', 'm', 'd', 3, NULL, 7, '2026-11-20T09:20:11.000Z');";

#[test]
fn database_round_trips_through_archive() {
    let world = World::with_runs(3);
    change(&world.source, ACCOUNTS);
    let report = world.archive(Selection::New);
    assert_eq!((report.done, report.record_count, report.failed.len()), (3, 9, 0));
    assert_eq!((report.state.last_contiguous_run, report.state.last_attempted_run), (3, 3));

    let (report, events) = world.import_archive("shop");
    let expected = ["start 1 with 3", "done 1 as 1 with 3", "start 2 with 3", "done 2 as 2 with 3", "start 3 with 3"];
    assert_eq!(events[..5], expected);
    assert_eq!((report.done, report.record_count), (3, 9));
    assert_unaltered(&world.target);
    for sql in [RUNS, RECORDS, HISTORY, ROOTS] {
        assert_eq!(texts(&world.target, sql), texts(&world.source, sql));
    }
    let accounts =
        "SELECT subject || snapshot_id || command FROM runs_ledger UNION ALL SELECT stage || duration_seconds
                    FROM stage_runs UNION ALL SELECT log_type || event_details FROM telemetry";
    assert_eq!(texts(&world.target, accounts), ["shop2cds persist", "enrich1.25", "llm_call{}"]);
    let head = texts(&world.source, "SELECT hash FROM snapshot_chain ORDER BY sequence DESC LIMIT 1").pop();
    assert_eq!(report.chain_head, head);
}

#[test]
fn second_job_changes_nothing() {
    let world = World::with_runs(2);
    world.archive(Selection::New);
    world.import_archive("shop");
    let before = fs::read(world.run_path("shop", 2).join("manifest.json")).unwrap();
    let (outcome, events) = world.call(Direction::Archive, &Call::default());
    let report = outcome.unwrap().unwrap();
    assert_eq!((report.done, report.already_there, events.len()), (0, 0, 0), "{events:?}");
    assert_eq!(world.archive(Selection::One(cds_persistence::RunId(2))).already_there, 1);
    assert_eq!(fs::read(world.run_path("shop", 2).join("manifest.json")).unwrap(), before);
    assert_eq!(world.import_archive("shop").1, Vec::<String>::new());
    assert_eq!(world.import(Selection::New).already_there, 2, "the same runs, from their own database");
    assert_eq!(texts(&world.target, "SELECT count(*) || '' FROM runs"), ["2"]);
    assert_eq!(texts(&world.target, "SELECT count(*) || '' FROM transfer_log WHERE status = 'succeeded'"), ["4"]);
}

#[test]
fn returning_run_is_recognised() {
    let world = World::with_runs(2);
    world.archive(Selection::New);
    // The archive is imported into the database that its runs came from.
    fs::copy(&world.source, &world.target).unwrap();
    let (report, events) = world.import_archive("shop");
    assert_eq!((report.done, report.already_there), (0, 2), "{events:?}");
    assert_eq!(events[1], "there 1 as Some(1)");
}

#[test]
fn projects_have_separate_state() {
    let world = World::new();
    for project in ["shop", "mill", "shop", "mill"] {
        world.save(project);
    }
    let only = |project| Call { project: Some(project), ..Call::default() };
    let (outcome, _) = world.call(Direction::Archive, &only("shop"));
    let report = outcome.unwrap().unwrap();
    assert_eq!((report.done, report.state.last_contiguous_run, report.state.last_attempted_run), (2, 1, 3));
    assert_eq!(numbers(&report.open_failures), [2], "the skipped run is open");
    let (outcome, _) = world.call(Direction::Archive, &Call { selection: Selection::OpenFailures, ..only("mill") });
    assert_eq!(outcome.unwrap().unwrap().done, 1);
    let report = world.archive(Selection::New);
    assert_eq!((report.done, report.state.last_contiguous_run, report.state.last_attempted_run), (1, 4, 4));
    for (project, run) in [("shop", 1), ("mill", 2), ("shop", 3), ("mill", 4)] {
        assert!(world.run_path(project, run).is_dir());
    }
    assert_eq!(world.import_archive("mill").0.done, 2);
    assert_eq!(world.import_archive("shop").0.done, 2);
    assert_unaltered(&world.target);
}

/// A database of another program: only runs and records, both runs equal.
fn bare(path: &std::path::Path) {
    fs::remove_file(path).unwrap();
    let sql = "
        CREATE TABLE runs (id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
            root_path TEXT NOT NULL, provider_url TEXT NOT NULL, model TEXT NOT NULL, scope TEXT NOT NULL,
            progress_batch_size INTEGER NOT NULL, status TEXT NOT NULL, analyzer_error_count INTEGER NOT NULL,
            intent_failed_count INTEGER NOT NULL, record_count INTEGER NOT NULL);
        CREATE TABLE records (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(id), kind TEXT NOT NULL,
            file_path TEXT NOT NULL, signature TEXT, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL,
            raw_code TEXT NOT NULL, normalized_code TEXT NOT NULL, md5sum TEXT NOT NULL, intent TEXT,
            intent_status TEXT NOT NULL, intent_error TEXT);
        INSERT INTO runs VALUES (4, '2026-11-20T09:20:00.000Z', '2026-11-20T09:21:00.000Z', '/srv/mill/', 'builtin:',
            'm', 'all', 10, 'completed', 0, 0, 1), (8, '2026-11-20T09:20:00.000Z', '2026-11-20T09:21:00.000Z',
            '/srv/mill/', 'builtin:', 'm', 'all', 10, 'completed', 0, 0, 1);
        INSERT INTO records VALUES (70, 4, 'function', 'a.py', 'def f():', 1, 2, 'x', 'x',
            '9dd4e461268c8034f5c8564e155c67a6', 'Is x.', 'success', NULL), (71, 8, 'function', 'a.py', 'def f():', 1,
            2, 'x', 'x', '9dd4e461268c8034f5c8564e155c67a6', 'Is x.', 'success', NULL);";
    change(path, sql);
}

#[test]
fn bare_runs_and_records_suffice() {
    for through_archive in [false, true] {
        let world = World::new();
        bare(&world.source);
        if through_archive {
            assert_eq!(world.archive(Selection::New).done, 2);
            let manifest = read_manifest(&world.run_path("mill", 8)).unwrap().unwrap();
            assert!(manifest.facts.is_root_computed && manifest.facts.snapshot_root.is_some());
            assert_eq!(world.import_archive("mill").0.done, 2);
        } else {
            assert_eq!(world.import(Selection::New).done, 2, "equal runs are still two runs");
        }
        assert_unaltered(&world.target);
        let records = "SELECT file_path || signature || intent || md5sum FROM records ORDER BY id";
        assert_eq!(texts(&world.target, records), texts(&world.source, records));
        assert_eq!(texts(&world.target, "SELECT DISTINCT project FROM units"), ["mill"]);
        let (again, events) =
            if through_archive { world.import_archive("mill") } else { (world.import(Selection::New), Vec::new()) };
        assert_eq!((again.done, again.already_there), (0, 0), "{events:?}");
        assert_eq!(world.import(Selection::New).already_there, if through_archive { 2 } else { 0 });
    }
}

#[test]
fn run_directory_has_the_documented_files() {
    let world = World::with_runs(1);
    world.archive(Selection::New);
    let mut names: Vec<String> = fs::read_dir(world.run_path("shop", 1))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "errors.parquet",
        "manifest.json",
        "records.parquet",
        "run.parquet",
        "snapshot_chain.parquet",
        "unit_history.parquet",
    ];
    assert_eq!(names, expected, "only three tables may be empty");
    let table = TableReader::open(&world.run_path("shop", 1).join("records.parquet")).unwrap();
    assert_eq!(table.columns().last().unwrap().name, "content_hash");
    let manifest = read_manifest(&world.run_path("shop", 1)).unwrap().unwrap();
    let identity = reader(&world.source).run_identity(cds_persistence::RunId(1)).unwrap().unwrap();
    assert_eq!(
        (manifest.facts.run_key, manifest.facts.record_count, manifest.facts.is_root_computed),
        (identity.run_key, 3, false)
    );
    assert_eq!(manifest.facts.snapshot_root, identity.snapshot_root);
}

#[test]
fn verification_covers_records() {
    let world = World::with_runs(2);
    world.archive(Selection::New);
    let verify = || verify_archive(&world.archive, None, &mut |_| {}).unwrap();
    let found = verify();
    assert_eq!((found.runs, found.records, found.deviations.len()), (2, 6, 0), "{found:?}");
    assert!(found.bytes > 0 && found.strange.is_empty());
    // A forged root does not match the records.
    let path = world.run_path("shop", 2).join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let roots = texts(&world.source, "SELECT snapshot_root FROM snapshot_chain ORDER BY run_id");
    fs::write(&path, text.replace(&roots[1], &roots[0])).unwrap();
    let found = verify();
    assert_eq!(found.deviations.len(), 1);
    assert!(found.deviations[0].1.starts_with("the records have the root "), "{}", found.deviations[0].1);
    assert_eq!(verify_archive(&world.archive, Some("mill"), &mut |_| {}).unwrap().runs, 0);
    let (report, events) = world.import_archive("shop");
    assert_eq!((report.done, report.failed.len()), (1, 1), "{events:?}");
}
