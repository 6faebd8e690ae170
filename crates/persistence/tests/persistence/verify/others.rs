//! What is as it was written, what cannot be verified, and what is refused or called off.

use std::{fs, ops::ControlFlow};

use cds_persistence::{DeviationKind, Error, KeepRule, Persistence, RunId, VerifyQuery};

use super::{grown, pruned, verify, verify_all};
use crate::{
    reader::read,
    samples::{CONTRACT, at, make_database, mixed, number, open, save, traced, workplace},
};

#[test]
fn what_nobody_touched_is_unaltered_before_and_after_a_pruning() {
    for (make, runs, records) in [(grown as fn(&std::path::Path), 7, 43), (pruned, 3, 13)] {
        let (_directory, path) = workplace();
        make(&path);
        let bytes = fs::read(&path).unwrap();
        let found = verify_all(&path);
        assert!(found.is_unaltered(), "{:#?}", found.deviations);
        assert_eq!(found.run_count, runs);
        let stored = number(&path, "SELECT count(*) FROM records");
        assert_eq!((stored, found.record_count), (i64::try_from(records).unwrap(), records));
        assert_eq!(found.history_count, u64::try_from(number(&path, "SELECT count(*) FROM unit_history")).unwrap());
        assert_eq!((found.unverified_run_count, found.unverified.len()), (0, 0));
        assert!(found.byte_count > 0);
        let runs = if runs == 7 { 1..=7 } else { 5..=7 };
        for run in runs {
            let found = verify(&path, &VerifyQuery { run: Some(RunId(run)), ..VerifyQuery::default() });
            assert!(found.is_unaltered() && found.run_count == 1, "{run}: {:#?}", found.deviations);
            assert!(found.snapshot_root.is_some());
        }
        assert!(fs::read(&path).unwrap() == bytes);
    }
}
