//! Verification proves everything that was written, and finds and names every alteration.

mod expected;
mod missing;
mod others;
mod tampering;

use std::{ops::ControlFlow, path::Path};

use cds_model::{AskedQuestion, RunSnapshot};
use cds_persistence::{KeepRule, Persistence, Verification, VerifyQuery};

use crate::{
    history::{Definition, File, Tree},
    reader::read,
    samples::{asked, at, key, make_database, open},
};

pub(crate) fn verify(path: &Path, query: &VerifyQuery) -> Verification {
    read(path).unwrap().verify(query, &|_| ControlFlow::Continue(())).unwrap()
}

pub(crate) fn verify_all(path: &Path) -> Verification {
    verify(path, &VerifyQuery::default())
}

fn function(name: &str, body: u32) -> Definition {
    Definition { name: name.to_owned(), body, intent: 1, methods: None }
}

fn tree() -> Tree {
    let mut tree = Tree::default();
    let class = Definition { methods: Some(vec![function("run", 1), function("stop", 2)]), ..function("Shop", 0) };
    let files =
        [("a.py", vec![class, function("load", 3)]), ("pkg/b.py", vec![function("store", 4), function("f", 5)])];
    for (number, (path, definitions)) in (0..).zip(files) {
        tree.files.insert(path.to_owned(), File { number, empty_lines: 0, definitions });
    }
    tree
}

/// The same with questions and an enrichment account.
fn with_questions(mut snapshot: RunSnapshot) -> RunSnapshot {
    for (number, record) in (0..).zip(&mut snapshot.records) {
        record.question = (number % 2 == 0).then(|| AskedQuestion { key: key(number), is_cut: number == 2 });
    }
    snapshot.enrichment = asked().enrichment;
    snapshot
}

/// A database of two projects and two parts with every transition: runs 1 to 7.
pub(crate) fn grown(path: &Path) {
    let mut persistence = open(path).unwrap();
    let mut tree = tree();
    let mut save = |tree: &Tree, project: &str, part: &str| {
        persistence.save(&with_questions(tree.snapshot(project, part))).unwrap();
    };
    save(&tree, "shop", "");
    save(&tree, "mill", "");
    tree.files.get_mut("a.py").unwrap().empty_lines = 2;
    tree.files.get_mut("a.py").unwrap().definitions[1].body = 30;
    tree.files.get_mut("pkg/b.py").unwrap().definitions[0].intent = 2;
    let lost = tree.files.get_mut("pkg/b.py").unwrap().definitions.pop().unwrap();
    save(&tree, "shop", "");
    let file = tree.files.remove("pkg/b.py").unwrap();
    tree.files.insert("pkg/c.py".to_owned(), file);
    save(&tree, "shop", "");
    let file = tree.files.remove("pkg/c.py").unwrap();
    tree.files.insert("pkg/b.py".to_owned(), file);
    tree.files.get_mut("pkg/b.py").unwrap().definitions.push(lost);
    tree.unreadable = vec!["a.py".to_owned(), "other".to_owned()];
    save(&tree, "shop", "");
    save(&tree, "shop", "pkg");
    tree.unreadable.clear();
    tree.files.get_mut("a.py").unwrap().definitions.remove(1);
    save(&tree, "shop", "");
    persistence.close().unwrap();
    // Without a log, so that tests can copy one file.
    make_database(path, "PRAGMA journal_mode = DELETE");
}

/// The same with the runs 1 to 4 pruned.
pub(crate) fn pruned(path: &Path) {
    grown(path);
    let mut persistence = open(path).unwrap();
    // The rule counts each part separately.
    let verdicts = persistence.prune_runs(&[KeepRule::Last(2)], at(2_000_000_000)).unwrap().verdicts;
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_kept).count(), 3);
    persistence.close().unwrap();
    make_database(path, "PRAGMA journal_mode = DELETE");
}
