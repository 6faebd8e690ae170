//! Builds one record for each symbol, and names what made the records of each file.

use std::sync::Arc;

use cds_model::{AnalyzedFile, Intent, Md5Sum, ReadFile, Record, SourceFile};
use rayon::prelude::*;

use crate::normalize::{self, CodeLines};

/// The records of a tree.
#[derive(Debug, Default)]
pub struct Built {
    /// In the order of the files and of the symbols in each file; without intents.
    pub records: Vec<Record>,
    /// The files, in their order.
    pub source_files: Vec<SourceFile>,
}

/// Builds the records of `files`. The records of a file share its text.
pub fn build(files: Vec<ReadFile>) -> Built {
    let built: Vec<(SourceFile, Vec<Record>)> = files.into_par_iter().map(build_read_file).collect();
    let mut records = Vec::with_capacity(built.iter().map(|(_, records)| records.len()).sum());
    let mut source_files = Vec::with_capacity(built.len());
    for (source_file, of_file) in built {
        source_files.push(source_file);
        records.extend(of_file);
    }
    Built { records, source_files }
}

fn build_read_file(read: ReadFile) -> (SourceFile, Vec<Record>) {
    let records = build_file(&read.file);
    let source_file = SourceFile {
        file_path: read.file.path,
        source_hash: read.source_hash,
        language: Arc::from(read.language),
        analyzer: Arc::from(analyzer_name(read.grammar)),
        record_count: u32::try_from(records.len()).unwrap_or(u32::MAX),
    };
    (source_file, records)
}

/// What makes the records of a file: its grammar with the rules, and the normalization, with their versions.
pub fn analyzer_name(grammar: &str) -> String {
    format!("{grammar} normal {}", normalize::VERSION)
}

/// Builds the records of one file.
pub fn build_file(file: &AnalyzedFile) -> Vec<Record> {
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
