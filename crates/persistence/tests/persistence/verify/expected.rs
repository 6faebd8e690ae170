//! Roots and chain hashes that were stored outside of the file.

use std::path::Path;

use cds_model::{Fingerprint, RunSnapshot};
use cds_persistence::{DeviationKind, KeepRule, Persistence, RunId, SnapshotProof, Verification, VerifyQuery};

use super::{verify, verify_all};
use crate::samples::{at, faultless, make_database, mixed, open, traced, workplace};

/// Saves all snapshots, and returns their proofs.
fn save_all(path: &Path, snapshots: &[RunSnapshot]) -> Vec<SnapshotProof> {
    let mut persistence = open(path).unwrap();
    let proofs = snapshots.iter().map(|snapshot| persistence.save(snapshot).unwrap().proof.unwrap()).collect();
    persistence.close().unwrap();
    proofs
}

fn expecting(path: &Path, run: Option<i64>, expected: Fingerprint) -> Verification {
    verify(path, &VerifyQuery { run: run.map(RunId), expected: Some(expected), ..VerifyQuery::default() })
}

fn is_met(path: &Path, run: Option<i64>, expected: Fingerprint) -> bool {
    let found = expecting(path, run, expected);
    assert!(found.deviations.iter().all(|deviation| deviation.kind == DeviationKind::Expected), "{found:#?}");
    found.is_unaltered()
}

#[test]
fn roots_and_chain_hashes_are_found() {
    let (_directory, path) = workplace();
    let proofs = save_all(&path, &[traced(mixed(), "shop"), traced(faultless(), "shop")]);
    assert_ne!(proofs[0].snapshot_root, proofs[1].snapshot_root);
    for run in [None, Some(1), Some(2)] {
        for proof in &proofs {
            assert!(is_met(&path, run, proof.chain_head));
        }
        assert_eq!(is_met(&path, run, proofs[0].snapshot_root), run != Some(2));
        assert_eq!(is_met(&path, run, proofs[1].snapshot_root), run != Some(1));
        assert!(!is_met(&path, run, Fingerprint([7; 32])));
    }
    let found = expecting(&path, Some(2), proofs[0].snapshot_root);
    let (field, recomputed) = (&found.deviations[0].field, &found.deviations[0].recomputed);
    assert_eq!(field.as_deref(), Some(&*proofs[0].snapshot_root.to_string()));
    assert_eq!(recomputed.as_deref(), Some(&*proofs[1].snapshot_root.to_string()));
    assert_eq!(found.chain_head, Some(proofs[1].chain_head));
    assert_eq!(verify_all(&path).chain_head, Some(proofs[1].chain_head));
}

#[test]
fn forged_file_fails_only_expected_hash() {
    let (_directory, path) = workplace();
    let proofs = save_all(&path, &[traced(mixed(), "shop")]);
    let (_other_directory, other) = workplace();
    let mut forged = traced(mixed(), "shop");
    forged.records[3].raw_code = "def one():\n    return 2".into();
    save_all(&other, &[forged]);
    assert!(verify_all(&other).is_unaltered());
    assert!(!is_met(&other, None, proofs[0].snapshot_root) && !is_met(&other, None, proofs[0].chain_head));
}

#[test]
fn truncated_chain_fails_expected_hash() {
    let (_directory, path) = workplace();
    let first = save_all(&path, &[traced(mixed(), "shop")]).remove(0);
    let bytes = std::fs::read(&path).unwrap();
    let second = save_all(&path, &[traced(faultless(), "shop")]).remove(0);
    std::fs::write(&path, bytes).unwrap();
    assert!(verify_all(&path).is_unaltered());
    assert!(is_met(&path, None, first.chain_head));
    assert!(!is_met(&path, None, second.chain_head) && !is_met(&path, None, second.snapshot_root));
}

#[test]
fn pruned_root_is_still_found() {
    let (_directory, path) = workplace();
    let proofs = save_all(&path, &[traced(mixed(), "shop"), traced(faultless(), "shop")]);
    let mut persistence = open(&path).unwrap();
    let head = persistence.prune_runs(&[KeepRule::Last(1)], at(0)).unwrap().chain_head.unwrap();
    persistence.close().unwrap();
    for hash in [proofs[0].snapshot_root, proofs[0].chain_head, proofs[1].chain_head, head] {
        assert!(is_met(&path, None, hash));
    }
    assert_eq!(verify_all(&path).chain_head, Some(head));
}

#[test]
fn unprovable_root_is_not_found() {
    let (_directory, path) = workplace();
    let proofs = save_all(&path, &[traced(mixed(), "shop")]);
    make_database(&path, "UPDATE records SET raw_code = 'x' WHERE id = 3");
    let found = expecting(&path, None, proofs[0].snapshot_root);
    let kinds: Vec<DeviationKind> = found.deviations.iter().map(|deviation| deviation.kind).collect();
    assert_eq!(kinds, [DeviationKind::Record, DeviationKind::Root, DeviationKind::Expected]);
}
