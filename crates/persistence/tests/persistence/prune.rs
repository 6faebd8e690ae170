//! Pruning of snapshots and their dependent rows, and the diagnosis of a database and its location.

use std::{fs, path::Path};

use cds_model::Timestamp;
use cds_persistence::{
    Access, Error, FORMAT_VERSION, Format, InvocationFilter, KeepRule, Persistence, PruneVerdict, examine_location,
};

use crate::{
    reader::read,
    runs::{ledger_id, ledger_row, shorts, six_runs, telemetry_row},
    samples::{
        CONTRACT, asked, chain_about, dump, layout, make_database, mixed, names_in, number, open, plain_only, save,
        workplace,
    },
};

fn kept(verdicts: &[PruneVerdict]) -> Vec<i64> {
    verdicts.iter().filter(|verdict| verdict.is_kept).map(|verdict| verdict.run_id.0).collect()
}

fn row_counts(path: &Path) -> [i64; 7] {
    ["runs", "records", "record_questions", "analyzer_errors", "enrichments", "telemetry", "runs_ledger"]
        .map(|table| number(path, &format!("SELECT count(*) FROM {table}")))
}

#[test]
fn pruning_removes_dependents_and_keeps_ledger() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let telemetry = [2, 2, 4, 5].map(|number| telemetry_row(number, "STAGE", "NULL", "{}"));
    make_database(&path, &telemetry.concat());
    assert_eq!(row_counts(&path), [5, 20, 3, 10, 1, 4, 6]);

    // Shop has 2 snapshots, mill has 4; those without an account belong to their root path.
    let rules = [KeepRule::Last(1), KeepRule::Since(Timestamp::from_unix_milliseconds(i64::MAX))];
    let before = dump(&path);
    let plan = read(&path).unwrap().plan_prune(&rules).unwrap();
    assert_eq!(dump(&path), before);
    assert_eq!(kept(&plan), [5, 4, 2]);
    assert_eq!((plan[0].project.as_str(), plan[0].ledger_id.clone()), ("/srv/code", None));
    assert_eq!((plan[3].project.as_str(), plan[3].ledger_id.clone()), ("shop", Some(ledger_id(2))));
    assert_eq!((plan[2].reason.as_str(), plan[3].reason.as_str()), ("no rule keeps it", "the last of project shop"));
    assert_eq!((plan[0].record_count, plan[0].started_at.as_str()), (4, "2026-11-20T09:20:00.120Z"));

    let mut persistence = open(&path).unwrap();
    assert_eq!(persistence.prune_runs(&rules, cds_model::Timestamp::from_unix_milliseconds(0)).unwrap().verdicts, plan);
    assert_eq!(row_counts(&path), [3, 12, 3, 6, 1, 4, 6]);
    let verdicts =
        persistence.prune_runs(&[KeepRule::Last(0)], cds_model::Timestamp::from_unix_milliseconds(0)).unwrap().verdicts;
    assert_eq!(kept(&verdicts), [5]);
    assert_eq!(verdicts[0].reason, "the newest of all: its number must not be given again");
    assert_eq!(row_counts(&path), [1, 4, 0, 2, 0, 1, 6]);
    assert_eq!(number(&path, "SELECT count(*) FROM stage_runs"), 5);

    // The ledger mentions snapshot 9, so the next number is 10.
    assert_eq!(persistence.save(&mixed()).unwrap().run_id.0, 10);
    let reader = read(&path).unwrap();
    assert_eq!(shorts(&reader, &InvocationFilter::default()), ["S10", "L6", "L5", "S5", "L4", "L3", "L2", "L1"]);
    let pruned = reader.resolve_run("2").unwrap();
    assert_eq!((pruned.snapshot, pruned.llm_calls), (None, Some(4)));
}

#[test]
fn old_telemetry_without_snapshot_is_pruned() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let telemetry = [1, 2, 3, 4, 5, 6].map(|number| telemetry_row(number, "STAGE", "NULL", "{}"));
    make_database(&path, &telemetry.concat());
    let left = || -> Vec<u8> {
        (1..=6)
            .filter(|&run| {
                let sql = format!("SELECT count(*) FROM telemetry WHERE ledger_id = '{}'", ledger_id(run));
                number(&path, &sql) == 1
            })
            .collect()
    };
    let mut persistence = open(&path).unwrap();
    persistence.prune_runs(&[], cds_model::Timestamp::from_unix_milliseconds(0)).unwrap();
    assert_eq!(left(), [1, 2, 3, 4, 5, 6], "without a rule nothing is removed");
    // No snapshot is removed, and the oldest one with an account is that of the second run.
    assert_eq!(
        kept(
            &persistence
                .prune_runs(&[KeepRule::Last(9)], cds_model::Timestamp::from_unix_milliseconds(0))
                .unwrap()
                .verdicts
        ),
        [5, 4, 3, 2, 1]
    );
    assert_eq!(left(), [2, 3, 4, 5, 6]);
    // By its clock, the fourth run began first; the third has not ended.
    make_database(&path, "UPDATE runs_ledger SET subject = 'mill' WHERE snapshot_id = 2");
    assert_eq!(
        kept(
            &persistence
                .prune_runs(&[KeepRule::Last(1)], cds_model::Timestamp::from_unix_milliseconds(0))
                .unwrap()
                .verdicts
        ),
        [5, 4]
    );
    assert_eq!(left(), [3, 4, 5, 6]);
    make_database(&path, "UPDATE runs_ledger SET status = 'failed' WHERE status = 'running'");
    persistence.prune_runs(&[KeepRule::Last(1)], cds_model::Timestamp::from_unix_milliseconds(0)).unwrap();
    assert_eq!(left(), [4, 5, 6]);
    assert_eq!(number(&path, "SELECT count(*) FROM runs_ledger"), 6);
}

#[test]
fn rules_combine_and_none_keeps_all() {
    let rules = |days: i64| KeepRule::Since(Timestamp::from_unix_milliseconds((20_777 + days) * 86_400_000));
    for (rules, expected) in [
        (vec![], vec![4, 3, 2, 1]),
        (vec![KeepRule::Last(2)], vec![4, 3]),
        (vec![KeepRule::Daily(2)], vec![4, 2]),
        (vec![rules(-1)], vec![4, 3, 2]),
        (vec![rules(99)], vec![4]),
        (vec![KeepRule::Last(1), rules(0)], vec![4, 3]),
    ] {
        let (_directory, path) = workplace();
        for _ in 0..4 {
            save(&path, &mixed()).unwrap();
        }
        make_database(
            &path,
            "UPDATE runs SET started_at = CASE id WHEN 1 THEN '2026-11-01T00:00:00.000Z'
             WHEN 2 THEN '2026-11-19T23:59:59.999Z' ELSE '2026-11-20T00:00:00.000Z' END",
        );
        let verdicts =
            open(&path).unwrap().prune_runs(&rules, cds_model::Timestamp::from_unix_milliseconds(0)).unwrap().verdicts;
        assert_eq!(kept(&verdicts), expected, "{rules:?}");
        assert_eq!(
            number(&path, "SELECT count(DISTINCT run_id) FROM records"),
            number(&path, "SELECT count(*) FROM runs")
        );
        assert_eq!(usize::try_from(number(&path, "SELECT count(*) FROM runs")).unwrap(), expected.len());
    }
}

#[test]
fn snapshot_of_open_run_is_kept() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    save(&path, &mixed()).unwrap();
    save(&path, &mixed()).unwrap();
    make_database(&path, &ledger_row(1, "shop", "2026", "running", "1"));
    let verdicts = open(&path)
        .unwrap()
        .prune_runs(&[KeepRule::Last(0)], cds_model::Timestamp::from_unix_milliseconds(0))
        .unwrap()
        .verdicts;
    assert_eq!(kept(&verdicts), [3, 1]);
    assert_eq!(verdicts[2].reason, "its run has not ended");
}

#[test]
fn failed_pruning_removes_nothing() {
    if plain_only() {
        return;
    }
    for (trigger, expected) in [
        ("AFTER DELETE ON runs WHEN OLD.id = 1 BEGIN SELECT RAISE(FAIL, 'no more'); END", "no more"),
        ("BEFORE DELETE ON runs WHEN OLD.id = 1 BEGIN SELECT RAISE(IGNORE); END", "ignored the row"),
        ("BEFORE DELETE ON records WHEN OLD.id = 3 BEGIN SELECT RAISE(IGNORE); END", "FOREIGN KEY constraint failed"),
    ] {
        let (_directory, path) = workplace();
        for _ in 0..3 {
            save(&path, &asked()).unwrap();
        }
        make_database(&path, &format!("CREATE TRIGGER refuse {trigger}"));
        let before = dump(&path);
        let mut persistence = open(&path).unwrap();
        let error =
            persistence.prune_runs(&[KeepRule::Last(1)], cds_model::Timestamp::from_unix_milliseconds(0)).unwrap_err();
        let text = chain_about(&path, &error);
        assert!(text.starts_with("prune the snapshots") && text.contains(expected), "{text}");
        assert_eq!(dump(&path), before);
        make_database(&path, "DROP TRIGGER refuse");
        assert_eq!(
            kept(
                &persistence
                    .prune_runs(&[KeepRule::Last(1)], cds_model::Timestamp::from_unix_milliseconds(0))
                    .unwrap()
                    .verdicts
            ),
            [3]
        );
    }
}

#[test]
fn foreign_database_can_be_pruned() {
    let (_directory, path) = workplace();
    let run = "INSERT INTO runs VALUES (NULL, 'x', 'x', '/x', 'builtin:', 'm', 'all', 1, 'completed', 0, 0, 1);
INSERT INTO records VALUES (NULL, last_insert_rowid(), 'file', 'a', NULL, 1, 1, 'x', 'x', 'x', NULL, 'skipped', NULL);";
    make_database(&path, &format!("{CONTRACT}{run}{run}"));
    let before = dump(&path);
    let mut persistence = open(&path).unwrap();
    assert_eq!(
        kept(
            &persistence
                .prune_runs(&[KeepRule::Last(2)], cds_model::Timestamp::from_unix_milliseconds(0))
                .unwrap()
                .verdicts
        ),
        [2, 1]
    );
    assert_eq!(dump(&path), before);
    assert_eq!(
        kept(
            &persistence
                .prune_runs(&[KeepRule::Daily(1)], cds_model::Timestamp::from_unix_milliseconds(0))
                .unwrap()
                .verdicts
        ),
        [2]
    );
    assert_eq!(number(&path, "SELECT min(run_id) FROM records"), 2);
}

#[test]
fn compacting_shrinks_file_and_keeps_order() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let mut large = mixed();
    large.records[0].raw_code = "x = 1\n".repeat(100_000).as_str().into();
    save(&path, &large).unwrap();
    make_database(&path, &format!("DELETE FROM stage_runs; DELETE FROM runs_ledger WHERE run_id = '{}'", ledger_id(1)));
    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap();
    let order = shorts(&read(&path).unwrap(), &InvocationFilter::default());
    persistence.prune_runs(&[KeepRule::Last(1)], cds_model::Timestamp::from_unix_milliseconds(0)).unwrap();
    let (before, after) = persistence.vacuum().unwrap();
    assert!(before > 600_000 && after < 400_000, "{before} and {after}");
    assert_eq!(fs::metadata(&path).unwrap().len(), after);
    let left: Vec<String> = shorts(&read(&path).unwrap(), &InvocationFilter::default());
    let expected: Vec<String> =
        order.into_iter().filter(|name| !["S1", "S3", "S5", "S10"].contains(&name.as_str())).collect();
    assert_eq!(left, expected);
    assert_eq!(persistence.vacuum().unwrap(), (after, after));
}

#[test]
fn compacting_reports_a_blocking_reader() {
    let (_directory, path) = workplace();
    save(&path, &mixed()).unwrap();
    let mut persistence = open(&path).unwrap();
    persistence.save(&mixed()).unwrap();
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM runs").unwrap();
    persistence.prune_runs(&[KeepRule::Last(1)], cds_model::Timestamp::from_unix_milliseconds(0)).unwrap();
    assert!(matches!(persistence.vacuum(), Err(Error::CheckpointPending { .. })));
    reader.execute_batch("COMMIT").unwrap();
    persistence.vacuum().unwrap();
}

#[test]
fn diagnosis_describes_a_database() {
    let (_directory, path) = workplace();
    six_runs(&path);
    let diagnosis = read(&path).unwrap().diagnose().unwrap();
    assert_eq!((diagnosis.access, diagnosis.journal_mode.as_str()), (Access::Immutable, "wal"));
    assert_eq!(
        (diagnosis.run_count, diagnosis.record_count, diagnosis.dangling_row_count),
        (Some(5), Some(20), Some(0))
    );
    assert_eq!(
        (diagnosis.page_size, diagnosis.format_version, diagnosis.known_format_version),
        (8192, Format::of_layout(layout()).version(), FORMAT_VERSION)
    );
    assert_eq!(diagnosis.page_count * diagnosis.page_size, fs::metadata(&path).unwrap().len());
    assert_eq!((diagnosis.damage.len(), diagnosis.missing_tables.len()), (0, 0));

    make_database(&path, "PRAGMA foreign_keys = OFF; DELETE FROM runs WHERE id = 1; DROP TABLE telemetry");
    let _writer = open(&path).unwrap();
    let diagnosis = read(&path).unwrap().diagnose().unwrap();
    assert_eq!((diagnosis.access, diagnosis.journal_mode.as_str()), (Access::Shared, "wal"));
    // Four records, or the one part that has them.
    let count = if plain_only() { 6 } else { 10 };
    assert_eq!((diagnosis.dangling_row_count, diagnosis.missing_tables), (Some(count), vec!["telemetry"]));
}

#[test]
fn damage_is_a_finding() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    let mut snapshot = mixed();
    snapshot.records = (0..40).flat_map(|_| snapshot.records.clone()).collect();
    snapshot.records[0].raw_code = "x = 1\n".repeat(10_000).as_str().into();
    save(&path, &snapshot).unwrap();
    let page = number(&path, "SELECT rootpage FROM sqlite_schema WHERE name = 'idx_records_md5sum'");
    let mut bytes = fs::read(&path).unwrap();
    let start = usize::try_from(page - 1).unwrap() * 8192;
    bytes[start..start + 8192].fill(0xab);
    fs::write(&path, bytes).unwrap();
    let diagnosis = read(&path).unwrap().diagnose().unwrap();
    assert!(!diagnosis.damage.is_empty() && diagnosis.damage.len() <= 10, "{diagnosis:?}");
    assert_eq!(diagnosis.run_count, Some(1));
}

#[test]
fn examining_a_location_leaves_nothing() {
    let (directory, path) = workplace();
    let report = examine_location(&path);
    assert!(report.refusal.is_none() && !report.is_present && report.is_file_writable, "{report:?}");
    assert!(report.folder_error.is_none() && report.is_fit_for_log, "{report:?}");
    assert_eq!(report.folder, fs::canonicalize(directory.path()).unwrap());
    #[cfg(target_os = "linux")]
    assert!(report.free_bytes.is_some_and(|bytes| bytes > 0) && report.file_system.is_some(), "{report:?}");
    assert_eq!(names_in(directory.path()), [""; 0]);

    save(&path, &mixed()).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(examine_location(&path).is_present);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    assert!(!examine_location(&path).is_file_writable);
    assert!(fs::read(&path).unwrap() == bytes && names_in(directory.path()) == ["code.sqlite"]);

    let missing = directory.path().join("none/code.sqlite");
    let report = examine_location(&missing);
    assert!(matches!(report.refusal, Some(Error::MissingDirectory { .. })), "{report:?}");
    assert!(report.folder_error.is_some() && !report.is_present, "{report:?}");
    assert!(matches!(examine_location(directory.path()).refusal, Some(Error::NotARegularFile { .. })));
    assert!(matches!(examine_location(Path::new(":memory:")).refusal, Some(Error::InvalidName { .. })));
}
