//! The proof of a snapshot, and the code hashes of its records.

use std::path::Path;

use cds_model::{RecordHashes, RunSnapshot, record_fields};
use cds_persistence::{Counted, KeepRule, Persistence as _, RunId, SavedRun, SqliteReader};
use rusqlite::Connection;

use crate::samples::{answer, asked, at, mixed, open, plain_only, save, traced, waiting, workplace};

fn reader(path: &Path) -> SqliteReader {
    SqliteReader::open(path, &waiting(0)).unwrap()
}

/// Saves a snapshot of `shop`.
fn save_traced(path: &Path, snapshot: RunSnapshot) -> SavedRun {
    save(path, &traced(snapshot, "shop")).unwrap()
}

fn counted(counts: &[(&str, u64)]) -> Vec<Counted> {
    counts.iter().map(|&(name, count)| Counted { name: name.to_owned(), count }).collect()
}

#[test]
fn states_have_code_hashes() {
    let (_folder, path) = workplace();
    let snapshot = mixed();
    save(&path, &snapshot).unwrap();
    let states = reader(&path).states(RunId(1)).unwrap();
    assert_eq!(states.len(), 4);
    for (state, record) in states.iter().zip(&snapshot.records) {
        assert_eq!((&*state.file_path, state.kind.as_str()), (&*record.file_path, record.kind.as_str()));
        assert_eq!((state.start_line, state.end_line), (record.start_line, record.end_line));
        assert_eq!(state.signature.as_deref(), record.signature.as_deref());
        assert_eq!(state.code, RecordHashes::of(&record_fields(record, &record.md5sum.to_string())).code);
    }
    assert_eq!(states[2].code, states[3].code, "the same code in another location and of another kind");
    assert_eq!(reader(&path).states(RunId(2)).unwrap(), []);
}

#[test]
fn proof_can_be_recomputed() {
    let (_folder, path) = workplace();
    let saved = save_traced(&path, asked());
    let proof = saved.proof.unwrap();
    let again = reader(&path).recompute_proof(saved.run_id).unwrap().unwrap();
    let row = reader(&path).chain_rows(&[saved.run_id]).unwrap().remove(&saved.run_id).unwrap();
    assert_eq!((again.record_count, again.snapshot_root), (4, proof.snapshot_root));
    assert_eq!(row.snapshot_root, proof.snapshot_root.to_string());
    assert_eq!(
        (row.run_hash.as_str(), &row.hash),
        (again.run_hash.to_string().as_str(), &proof.chain_head.to_string())
    );
    assert_eq!(row.link().hash(), proof.chain_head);

    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE records SET intent = 'Something else.' WHERE id = 3", []).unwrap();
    let altered = reader(&path).recompute_proof(saved.run_id).unwrap().unwrap();
    assert_ne!(altered.snapshot_root, proof.snapshot_root);
    assert_eq!(altered.run_hash, again.run_hash);
    connection.execute("UPDATE record_questions SET is_cut = 0", []).unwrap();
    assert_ne!(reader(&path).recompute_proof(saved.run_id).unwrap().unwrap().run_hash, again.run_hash);
    connection.execute_batch("DROP TABLE enrichments").unwrap();
    drop(connection);
    assert_eq!(reader(&path).recompute_proof(saved.run_id).unwrap(), None);
}

#[test]
fn transitions_belong_to_one_snapshot() {
    let (_folder, path) = workplace();
    let runs: Vec<RunId> = [mixed(), mixed(), mixed()]
        .into_iter()
        .enumerate()
        .map(|(number, mut snapshot)| {
            if number == 2 {
                snapshot.records.pop();
                snapshot.records[1].raw_code = "class A:\n    x = 1".into();
            }
            save_traced(&path, snapshot).run_id
        })
        .collect();
    let reader = reader(&path);
    let rows = reader.chain_rows(&runs).unwrap();
    let found: Vec<_> = runs.iter().map(|run| reader.transitions_of(&rows[run]).unwrap()).collect();
    assert_eq!(found, [counted(&[("added", 4)]), counted(&[]), counted(&[("changed", 1), ("removed", 1)])]);
}

#[test]
fn latest_snapshot_of_part_exists() {
    let (_folder, path) = workplace();
    let part = |project: &str, part: &str| {
        let mut snapshot = traced(mixed(), project);
        snapshot.history.as_mut().unwrap().part = part.to_owned();
        save(&path, &snapshot).unwrap().run_id
    };
    let runs = [part("shop", ""), part("shop", "orders"), part("shop", ""), part("other", "")];
    let latest = |project: &str, part: &str| reader(&path).latest_snapshot_of(project, part).unwrap();
    assert_eq!(latest("shop", ""), Some(runs[2]));
    assert_eq!(latest("shop", "orders"), Some(runs[1]));
    assert_eq!((latest("shop", "order"), latest("third", "")), (None, None));
    let mut persistence = open(&path).unwrap();
    persistence.prune_runs(&[KeepRule::Since(at(1 << 40))], at(2_000_000_000)).unwrap();
    persistence.close().unwrap();
    assert_eq!((latest("shop", ""), latest("other", "")), (None, Some(runs[3])));
    let rows = reader(&path).chain_rows(&runs).unwrap();
    assert_eq!(rows.len(), 4, "the row of a pruned snapshot stays");
    assert_eq!(rows[&runs[0]].event, "snapshot");
}

#[test]
fn digests_come_from_used_answers() {
    let (_folder, path) = workplace();
    let run = save(&path, &asked()).unwrap().run_id;
    let other = save(&path, &mixed()).unwrap().run_id;
    assert_eq!(reader(&path).model_digests(run).unwrap(), [""; 0], "no answer is stored");
    let mut persistence = open(&path).unwrap();
    persistence.keep_answers(&[answer(1), answer(2)], at(1)).unwrap();
    persistence.close().unwrap();
    assert_eq!(reader(&path).model_digests(run).unwrap(), ["aa11"]);
    assert_eq!(reader(&path).model_digests(other).unwrap(), [""; 0]);
}

#[test]
fn missing_tables_give_no_proof() {
    if plain_only() {
        return;
    }
    let (_folder, path) = workplace();
    save(&path, &mixed()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("DROP TABLE record_hashes; DROP TABLE unit_history; DROP TABLE units; DROP TABLE snapshot_chain")
        .unwrap();
    drop(connection);
    let reader = reader(&path);
    assert!(reader.chain_rows(&[RunId(1)]).unwrap().is_empty());
    assert_eq!(reader.latest_snapshot_of("shop", "").unwrap(), None);
    assert_eq!(reader.states(RunId(1)).unwrap().len(), 4);
    assert_eq!(reader.recompute_proof(RunId(1)).unwrap().unwrap().record_count, 4);
}
