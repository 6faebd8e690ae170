//! Rows and snapshots that the chain no longer covers.

use std::fs;

use cds_persistence::{DeviationKind, Error, Persistence as _, RunId, VerifyQuery};

use super::{grown, tree, verify, verify_all};
use crate::samples::{make_database, open, plain_only, workplace};

const LEDGER: &str = "
INSERT INTO runs_ledger (run_id, subject, started_at, status, snapshot_id, command, tool_version, host, pid,
                         code_ref_note, trace_id)
SELECT 'id of ' || id, 'shop', started_at, 'completed', id, 'persist', '0.1.0', '', 1, '', '' FROM runs;";

const DROPPED: &str = "
DROP TABLE record_hashes; DROP TABLE unit_history; DROP TABLE units; DROP TABLE snapshot_chain;";

fn deviations(path: &std::path::Path) -> Vec<(DeviationKind, Option<i64>)> {
    let deviations = verify_all(path).deviations;
    deviations.iter().map(|deviation| (deviation.kind, deviation.run.map(|run| run.0))).collect()
}

#[test]
fn ledger_snapshots_must_be_chained() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    grown(&path);
    make_database(&path, LEDGER);
    assert!(verify_all(&path).is_unaltered());

    let dropped = path.with_extension("dropped");
    fs::copy(&path, &dropped).unwrap();
    make_database(&dropped, DROPPED);
    let expected: Vec<_> = (1..=7).map(|run| (DeviationKind::Unsealed, Some(run))).collect();
    assert_eq!(deviations(&dropped), expected);

    // A foreign snapshot with the number of ours.
    make_database(
        &path,
        "INSERT INTO runs SELECT 50, started_at, finished_at, root_path, provider_url, model, scope,
                progress_batch_size, status, 0, 0, 0 FROM runs WHERE id = 7;
         UPDATE runs_ledger SET snapshot_id = 50 WHERE snapshot_id = 7",
    );
    assert_eq!(deviations(&path), [(DeviationKind::Unsealed, Some(50))]);
}

#[test]
fn expected_hash_ignores_unchained_run() {
    let (_directory, path) = workplace();
    grown(&path);
    let head = verify_all(&path).chain_head;
    make_database(&path, "INSERT INTO runs SELECT 50, 'x', 'x', '/x', 'p', 'm', 'all', 1, 'x', 0, 0, 0");
    let query = |run| VerifyQuery { run: Some(RunId(run)), expected: head, ..VerifyQuery::default() };
    assert!(verify(&path, &query(7)).is_unaltered());
    let found = verify(&path, &query(50));
    assert_eq!(found.deviations.iter().map(|found| found.kind).collect::<Vec<_>>(), [DeviationKind::Expected]);
}

#[test]
fn writer_warns_about_broken_proof() {
    if plain_only() {
        return;
    }
    for (edit, expected) in [
        ("SELECT 1", None),
        ("DROP TABLE record_hashes", Some("table record_hashes was missing")),
        ("DROP TRIGGER unit_history_update", Some("triggers of table unit_history were missing")),
        (
            "DROP TRIGGER snapshot_chain_update;
             UPDATE snapshot_chain SET record_count = 9 WHERE sequence = (SELECT max(sequence) FROM snapshot_chain);
             CREATE TRIGGER snapshot_chain_update BEFORE UPDATE ON snapshot_chain BEGIN SELECT 1; END",
            Some("row 7 of snapshot_chain is not as it was written"),
        ),
        (
            "DROP TRIGGER unit_history_delete;
             DELETE FROM unit_history WHERE sequence = (SELECT max(sequence) FROM unit_history);
             CREATE TRIGGER unit_history_delete BEFORE DELETE ON unit_history BEGIN SELECT 1; END",
            Some("the history does not end where the chain says"),
        ),
    ] {
        let (_directory, path) = workplace();
        grown(&path);
        make_database(&path, edit);
        let saved = open(&path).unwrap().save(&tree().snapshot("shop", "")).unwrap();
        let doubt = saved.warnings.iter().find_map(|warning| match warning {
            Error::Doubtful { what, .. } => Some(what.as_str()),
            _ => None,
        });
        assert_eq!(doubt, expected, "{edit}");
    }
}

#[test]
fn stray_rows_need_no_foreign_keys() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    grown(&path);
    make_database(
        &path,
        "PRAGMA foreign_keys = OFF;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'REFERENCES runs(id)', '') WHERE name = 'records';
         PRAGMA writable_schema = RESET;",
    );
    make_database(
        &path,
        "INSERT INTO records SELECT NULL, 777, kind, file_path, signature, start_line, end_line, raw_code,
                normalized_code, md5sum, intent, intent_status, intent_error FROM records WHERE id = 1",
    );
    assert_eq!(deviations(&path), [(DeviationKind::Stray, Some(777))]);
}
