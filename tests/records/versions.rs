//! Records change only together with the version of what made them: a snapshot reuses the records of an earlier one where
//! bytes and version are the same.

use cds_analyzer::{AnalysisOptions, NothingKnown, SourceTree, analyze};
use cds_model::{MerkleTree, RecordHashes, record_fields};
use cds_model_builder::{Built, build};

use crate::fixture;

/// The samples below `fixtures/`.
const SAMPLES: [&str; 4] = ["definitions", "demo", "duplicates", "shop"];

/// What the samples give with the present versions. Where the records changed: raise the version of the rules in the
/// analyzer of the language, or the one of the normalization. Where only a sample was added or edited, do not.
const PRESENT: &str = "tree-sitter 0.27.1 python 0.25.0 rules 1 normal 1: \
                       sha256:5de492247783a762c85e861cc935f661af5762088c5d53d7c49d7792d8c3e586";

#[test]
fn changed_records_have_a_new_version() {
    let mut tree = MerkleTree::default();
    let mut analyzers = std::collections::BTreeSet::new();
    for name in SAMPLES {
        let source = SourceTree::open(&fixture(name)).unwrap();
        let options = AnalysisOptions { use_ignore_files: false, ..AnalysisOptions::default() };
        let Built { records, source_files } = build(analyze(&source, &options, &NothingKnown, &|| false).files);
        for record in &records {
            tree.push(RecordHashes::of(&record_fields(record, &record.md5sum.to_string())).content);
        }
        analyzers.extend(source_files.iter().map(|file| file.analyzer.to_string()));
    }
    let shown = format!("{}: {}", Vec::from_iter(analyzers).join(", "), tree.root());
    assert_eq!(shown, PRESENT, "read what stands above PRESENT before you change it");
}

#[test]
fn version_names_the_locked_grammar() {
    let lock = std::fs::read_to_string(fixture("../Cargo.lock")).unwrap();
    let locked = |package: &str| {
        let start = lock.find(&format!("name = \"{package}\"\nversion = \"")).unwrap();
        lock[start..].split('"').nth(3).unwrap().to_owned()
    };
    let source = SourceTree::open(&fixture("demo")).unwrap();
    let analysis = analyze(&source, &AnalysisOptions::default(), &NothingKnown, &|| false);
    let grammar = analysis.files.first().unwrap().grammar;
    let expected = format!("tree-sitter {} python {} rules ", locked("tree-sitter"), locked("tree-sitter-python"));
    assert!(grammar.starts_with(&expected), "{grammar} is not {expected}");
}
