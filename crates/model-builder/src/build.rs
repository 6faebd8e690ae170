//! Builds one record for each symbol, and names what made the records of each file.

use std::{collections::HashSet, sync::Arc};

use cds_model::{AnalyzedFile, FileContent, Intent, Md5Sum, ReadFile, Record, SourceFile};
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

/// Builds the records of `files`. The records of a file share its text, and those of a copy the text of its original.
pub fn build(files: Vec<ReadFile>) -> Built {
    let mut own: Vec<Vec<Record>> = files.par_iter().map(|file| own_records(&file.content)).collect();
    let mut source_files = Vec::with_capacity(files.len());
    let mut records = Vec::new();
    let originals: HashSet<usize> = files.iter().filter_map(original).collect();
    for (index, file) in files.into_iter().enumerate() {
        let start = records.len();
        match original(&file) {
            Some(original) => {
                let of_copy = |record: &Record| Record { file_path: Arc::clone(&file.path), ..record.clone() };
                records.extend(own.get(original).into_iter().flatten().map(of_copy));
            }
            None if originals.contains(&index) => records.extend_from_slice(&own[index]),
            None => records.append(&mut own[index]),
        }
        source_files.push(SourceFile {
            file_path: file.path,
            source_hash: file.source_hash,
            language: Arc::from(file.language),
            analyzer: Arc::from(analyzer_name(file.grammar)),
            record_count: u32::try_from(records.len() - start).unwrap_or(u32::MAX),
        });
    }
    Built { records, source_files }
}

fn original(file: &ReadFile) -> Option<usize> {
    if let FileContent::CopyOf(index) = file.content { Some(index) } else { None }
}

fn own_records(content: &FileContent) -> Vec<Record> {
    match content {
        FileContent::Parsed(file) => build_file(file),
        FileContent::Known(records) => records.clone(),
        FileContent::CopyOf(_) => Vec::new(),
    }
}

/// What makes the records of a file: its grammar with the rules, and the normalization, with their versions.
pub fn analyzer_name(grammar: &str) -> String {
    format!("{grammar} normal {}", normalize::VERSION)
}

/// Builds the records of one file.
pub fn build_file(file: &AnalyzedFile) -> Vec<Record> {
    let lines = CodeLines::new(&file.source, &file.spans, file.indentation);
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
