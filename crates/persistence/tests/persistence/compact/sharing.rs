//! What a run adds to a compact database, and what pruning frees.

use std::collections::BTreeSet;

use cds_model::Intent;
use cds_persistence::{KeepRule, Layout, Persistence as _};
use rusqlite::Connection;

use super::{open_as, rows, save_all, snapshot, sources};
use crate::{
    samples::{asked, at, mixed, number, texts, traced, workplace},
    verify::verify_all,
};

const SHARED: [&str; 4] = ["shared_records", "shared_contents", "shared_texts", "shared_text_pieces"];

fn counts(path: &std::path::Path) -> [i64; 4] {
    SHARED.map(|table| number(path, &format!("SELECT count(*) FROM {table}")))
}

#[test]
fn unchanged_run_adds_one_row() {
    let (_directory, path) = workplace();
    let snapshot = snapshot(&sources());
    save_all(&path, Layout::Compact, std::slice::from_ref(&snapshot));
    let before = counts(&path);
    save_all(&path, Layout::Compact, &[snapshot.clone(), snapshot]);
    assert_eq!(counts(&path), before);
    let connection = Connection::open(&path).unwrap();
    let parts = texts(
        &connection,
        "SELECT first_record_id || ' ' || run_id || ' ' || first_shared_id || ' ' || record_count FROM run_records",
    );
    assert_eq!(parts, ["1 1 1 18", "19 2 1 18", "37 3 1 18"]);
    let files = texts(&connection, "SELECT run_id || ' ' || first_file_id || ' ' || file_count FROM run_files");
    assert_eq!(files, ["1 1 3", "2 1 3", "3 1 3"]);
}

#[test]
fn equal_files_share_their_code() {
    let (_directory, path) = workplace();
    save_all(&path, Layout::Compact, &[snapshot(&sources())]);
    // Four methods in exact and in normalized form, the gaps between them, and six codes that consist of these.
    assert_eq!(number(&path, "SELECT count(*) FROM shared_texts WHERE text IS NULL"), 4);
    assert_eq!(number(&path, "SELECT count(*) FROM shared_texts WHERE text LIKE '%value_4%'"), 8);
}

#[test]
fn changed_method_adds_few_rows() {
    let (_directory, path) = workplace();
    let mut sources = sources();
    let first = snapshot(&sources);
    sources[1].methods[2].1 = 30;
    let second = snapshot(&sources);
    save_all(&path, Layout::Compact, &[first]);
    let last = number(&path, "SELECT max(id) FROM shared_texts");
    save_all(&path, Layout::Compact, &[second]);
    let added = |what: &str| number(&path, &format!("SELECT sum(text {what}) FROM shared_texts WHERE id > {last}"));
    // The method itself in both forms, and the class and the file that hold it.
    assert_eq!((added("IS NOT NULL"), added("IS NULL")), (2, 4));
    // Its file, class and the method are new; the other methods keep their contents.
    assert_eq!(counts(&path)[..2], [18 + 6, 18 + 3]);
    assert_eq!(number(&path, "SELECT count(*) FROM run_records WHERE run_id = 2"), 3);
}

#[test]
fn changed_intent_keeps_the_code() {
    let (_directory, path) = workplace();
    let first = snapshot(&sources());
    let mut second = first.clone();
    second.records[3].intent = Intent::Success("Says something else.".to_owned());
    save_all(&path, Layout::Compact, &[first]);
    let [records, contents, texts, pieces] = counts(&path);
    save_all(&path, Layout::Compact, &[second]);
    assert_eq!(counts(&path), [records + 6, contents + 1, texts, pieces]);
}

#[test]
fn questions_are_shared_with_contents() {
    let (_directory, path) = workplace();
    let asked = traced(asked(), "shop");
    save_all(&path, Layout::Compact, &[asked.clone(), asked]);
    assert_eq!(number(&path, "SELECT count(*) FROM record_questions"), 6);
    assert_eq!(number(&path, "SELECT count(*) FROM shared_contents WHERE question IS NOT NULL"), 3);
}

#[test]
fn run_without_history_shares_only_texts() {
    let (_directory, path) = workplace();
    save_all(&path, Layout::Compact, &[mixed(), mixed()]);
    assert_eq!(number(&path, "SELECT count(*) FROM record_hashes"), 0);
    assert_eq!(counts(&path)[..2], [8, 4]);
}

/// Pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// Random edits, renames, removals and prunings: both layouts have the same rows, and pruning leaves nothing behind.
#[test]
fn layouts_have_equal_rows() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let (_directory, plain) = workplace();
        let (_other, compact) = workplace();
        let mut sources = sources();
        for step in 0..10 {
            for _ in 0..dice.roll(3) {
                let file = dice.roll(sources.len());
                let methods = &mut sources[file].methods;
                match dice.roll(5) {
                    0 => methods.push(("extra", 50 + step)),
                    1 if methods.len() > 1 => drop(methods.remove(dice.roll(4) % methods.len())),
                    2 => sources[file].path = ["pkg/a.py", "pkg/b.py", "pkg/c.py", "pkg/d.py"][(file + 1) % 4],
                    3 => methods.swap(0, 1),
                    _ => methods[0].1 += 1,
                }
                sources.sort_by_key(|source| source.path);
                sources.dedup_by_key(|source| source.path);
            }
            for source in &mut sources {
                if source.methods.len() < 2 {
                    source.methods.push(("again", step));
                }
            }
            let prune = (dice.roll(4) == 0).then(|| dice.roll(3) + 1);
            for (path, layout) in [(&plain, Layout::Plain), (&compact, Layout::Compact)] {
                let mut persistence = open_as(path, layout);
                persistence.save(&snapshot(&sources)).unwrap();
                if let Some(count) = prune {
                    persistence.prune_runs(&[KeepRule::Last(count)], at(2_000_000_000)).unwrap();
                }
                persistence.close().unwrap();
            }
            assert_eq!(rows(&plain), rows(&compact), "seed {seed}, step {step}");
            check_nothing_is_left(&compact);
        }
        assert!(verify_all(&compact).is_unaltered());
        assert_eq!(verify_all(&compact).chain_head, verify_all(&plain).chain_head);
    }
}

/// Asserts that every shared row is needed, and every needed row is there.
pub(super) fn check_nothing_is_left(path: &std::path::Path) {
    let connection = Connection::open(path).unwrap();
    let ids = |sql: &str| -> BTreeSet<i64> {
        connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for (stored, needed) in [
        (
            "SELECT id FROM shared_records",
            "SELECT shared.id FROM shared_records AS shared JOIN run_records AS part
             ON shared.id BETWEEN part.first_shared_id AND part.first_shared_id + part.record_count - 1",
        ),
        ("SELECT id FROM shared_contents", "SELECT content_id FROM shared_records"),
        (
            "SELECT id FROM shared_files",
            "SELECT file.id FROM shared_files AS file JOIN run_files AS part
             ON file.id BETWEEN part.first_file_id AND part.first_file_id + part.file_count - 1",
        ),
        ("SELECT text_id FROM shared_text_pieces", "SELECT id FROM shared_texts WHERE text IS NULL"),
        (
            "SELECT id FROM shared_texts",
            "SELECT raw_text FROM shared_contents UNION SELECT normalized_text FROM shared_contents
             UNION SELECT piece_id FROM shared_text_pieces",
        ),
    ] {
        assert_eq!(ids(stored), ids(needed), "{stored}");
    }
}
