//! The analysis of a whole tree.

use std::sync::Arc;

use cds_model::{Analysis, AnalyzedFile, AnalyzerError, SourceText, Symbol, SymbolKind};
use rayon::prelude::*;

use crate::{
    Analyzer, Problem, PythonAnalyzer, SourceTree,
    decode::{DecodeError, decode},
    read::{ReadError, read},
    walk::Candidate,
};

/// What may be analyzed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnalysisOptions {
    /// Larger files are errors; bytes, below 4 GiB.
    pub max_file_size: u64,
    /// Whether ignore files and hidden names leave something out.
    pub use_ignore_files: bool,
}

impl Default for AnalysisOptions {
    /// Files of at most 5 MB, ignore files obeyed.
    fn default() -> Self {
        Self { max_file_size: 5_000_000, use_ignore_files: true }
    }
}

/// Finds the symbols of every source file of `tree`, in the order of the paths.
///
/// Once `is_cancelled` says so, no further file is read, and the result is worth nothing.
pub fn analyze(tree: &SourceTree, options: &AnalysisOptions, is_cancelled: &(dyn Fn() -> bool + Sync)) -> Analysis {
    let (candidates, mut errors) = tree.candidates(options.use_ignore_files);
    let outcomes: Vec<Outcome> = candidates
        .par_iter()
        .with_max_len(1)
        .map_init(PythonAnalyzer::new, |analyzer, candidate| {
            if is_cancelled() { Outcome::default() } else { analyze_file(analyzer, candidate, options, is_cancelled) }
        })
        .collect();
    let mut files = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        files.extend(outcome.file);
        errors.extend(outcome.error);
    }
    errors.sort();
    Analysis { files, errors }
}

#[derive(Default)]
struct Outcome {
    file: Option<AnalyzedFile>,
    error: Option<AnalyzerError>,
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum Unusable {
    Read(#[from] ReadError),
    Decode(#[from] DecodeError),
}

fn analyze_file(
    analyzer: &mut impl Analyzer,
    candidate: &Candidate,
    options: &AnalysisOptions,
    is_cancelled: &dyn Fn() -> bool,
) -> Outcome {
    let error = |line, reason| AnalyzerError { file_path: candidate.name.clone(), line, reason };
    match text_of(candidate, options) {
        Ok(text) => {
            let (file, problem) = analyze_text(analyzer, &candidate.name, text, is_cancelled);
            Outcome { file: Some(file), error: problem.map(|problem| error(Some(problem.line), problem.reason)) }
        }
        Err(unusable) => {
            let line = if let Unusable::Decode(cause) = &unusable { cause.line() } else { None };
            Outcome { file: None, error: Some(error(line, unusable.to_string())) }
        }
    }
}

fn text_of(candidate: &Candidate, options: &AnalysisOptions) -> Result<String, Unusable> {
    let limit = options.max_file_size.min(u64::from(u32::MAX / 2));
    Ok(decode(read(&candidate.path, limit)?)?)
}

fn analyze_text(
    analyzer: &mut impl Analyzer,
    name: &str,
    text: String,
    is_cancelled: &dyn Fn() -> bool,
) -> (AnalyzedFile, Option<Problem>) {
    let source = SourceText::new(text);
    let findings = analyzer.analyze(&source, is_cancelled);
    let whole = Symbol { kind: SymbolKind::File, signature: None, start_line: 1, end_line: source.line_count() };
    let mut symbols = Vec::with_capacity(findings.symbols.len() + 1);
    symbols.push(whole);
    symbols.extend(findings.symbols);
    (AnalyzedFile { path: Arc::from(name), source, symbols, spans: findings.spans }, findings.problem)
}
