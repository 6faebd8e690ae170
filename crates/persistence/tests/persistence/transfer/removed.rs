//! Records were removed by other means, so that SQLite alone would assign their ids again.

use cds_persistence::{DeviationKind, Persistence};

use super::{import, source};
use crate::{
    reader::read,
    samples::{make_database, mixed, number, open, plain_only, save, traced, workplace},
    verify::verify_all,
};

const REMOVE_LAST: &str = "PRAGMA foreign_keys = OFF; DELETE FROM records WHERE run_id = 2 AND id > 6";

#[test]
fn removed_record_ids_are_not_reused() {
    if plain_only() {
        return;
    }
    let (_directory, path) = workplace();
    save(&path, &traced(mixed(), "shop")).unwrap();
    save(&path, &traced(mixed(), "shop")).unwrap();
    make_database(&path, REMOVE_LAST);
    assert_eq!(number(&path, "SELECT max(id) FROM records"), 6);
    let mut persistence = open(&path).unwrap();
    persistence.save(&traced(mixed(), "shop")).unwrap();
    persistence.save(&mixed()).unwrap();
    let (_other, from) = workplace();
    source(&from);
    import(&mut persistence, &read(&from).unwrap(), 3).unwrap();
    persistence.close().unwrap();
    assert_eq!(number(&path, "SELECT min(id) FROM records WHERE run_id = 3"), 9);
    assert_eq!(number(&path, "SELECT max(id) - min(id) FROM records WHERE run_id = 3"), 3, "they are consecutive");
    assert_eq!(number(&path, "SELECT min(id) FROM records WHERE run_id = 5"), 17);
    let runs: Vec<_> = verify_all(&path).deviations.into_iter().map(|found| (found.kind, found.run)).collect();
    assert!(runs.iter().any(|(kind, _)| *kind == DeviationKind::RecordCount), "{runs:?}");
    assert!(runs.iter().all(|(_, run)| run.is_none_or(|run| run.0 == 2)), "only the altered run deviates: {runs:?}");
}

#[test]
fn first_record_has_id_one() {
    let (_directory, path) = workplace();
    save(&path, &traced(mixed(), "shop")).unwrap();
    assert_eq!(number(&path, "SELECT min(id) FROM records"), 1);
}
