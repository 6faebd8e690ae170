//! Analyzer and builder together, from Python text to records.
//!
//! The two crates do not depend on each other, so their joint behaviour is tested here.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod bad_input;
mod definitions;
mod languages;
mod layout;
mod normalization;
mod properties;
mod versions;

use std::path::{Path, PathBuf};

use cds_analyzer::{AnalysisOptions, NothingKnown, SourceTree, analyze};
use cds_model::{AnalyzerError, Record};

/// A folder below `fixtures/`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// The records and errors of a tree, with the default options.
fn records_of(path: &Path) -> (Vec<Record>, Vec<AnalyzerError>) {
    let tree = SourceTree::open(path).expect("the tree is there");
    let analysis = analyze(&tree, &AnalysisOptions::default(), &NothingKnown, &|| false);
    (cds_model_builder::build(analysis.files).records, analysis.errors)
}

/// The records of one text, without its errors.
fn records_of_text(text: impl AsRef<[u8]>) -> Vec<Record> {
    let folder = tempfile::tempdir().expect("a folder for the text");
    let path = folder.path().join("text.py");
    std::fs::write(&path, text).expect("the text can be written");
    records_of(&path).0
}

/// The records of one text that must have no errors.
fn sound_records_of_text(text: &str) -> Vec<Record> {
    let folder = tempfile::tempdir().expect("a folder for the text");
    std::fs::write(folder.path().join("text.py"), text).expect("the text can be written");
    let (records, errors) = records_of(folder.path());
    assert_eq!(errors, [], "{text}");
    records
}

/// `kind start-end` of each record, without the file's own.
fn outline(records: &[Record]) -> Vec<String> {
    records[1..].iter().map(|record| format!("{} {}-{}", record.kind, record.start_line, record.end_line)).collect()
}
