//! Builds one record for each symbol.

use std::sync::Arc;

use cds_model::{AnalyzedFile, Intent, Md5Sum, Record};
use rayon::prelude::*;

use crate::normalize::CodeLines;

/// Builds the records of `files`, in the order of the files and of the symbols in each file.
///
/// The records share the text of their file. They have no intent yet.
pub fn build(files: Vec<AnalyzedFile>) -> Vec<Record> {
    let records: Vec<Vec<Record>> = files.into_par_iter().map(|file| build_file(&file)).collect();
    let mut all = Vec::with_capacity(records.iter().map(Vec::len).sum());
    all.extend(records.into_iter().flatten());
    all
}

fn build_file(file: &AnalyzedFile) -> Vec<Record> {
    let lines = CodeLines::new(&file.source, &file.spans);
    let mut normalized = String::new();
    let mut records = Vec::with_capacity(file.symbols.len());
    for symbol in &file.symbols {
        normalized.clear();
        lines.normalize(symbol.start_line, symbol.end_line, &mut normalized);
        records.push(Record {
            kind: symbol.kind,
            file_path: Arc::clone(&file.path),
            signature: symbol.signature.clone(),
            start_line: symbol.start_line,
            end_line: symbol.end_line,
            raw_code: file.source.slice(file.source.line_range(symbol.start_line, symbol.end_line)),
            md5sum: Md5Sum(md5::compute(&normalized).0),
            normalized_code: Arc::from(normalized.as_str()),
            intent: Intent::Skipped,
            question: None,
        });
    }
    records
}
