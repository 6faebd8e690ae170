//! The analysis of a whole tree.

use std::sync::{Arc, Mutex, PoisonError};

use cds_model::{
    Analysis, AnalyzedFile, AnalyzerError, NotReadReason, ReadFile, SourceInput, SourceText, Symbol, SymbolKind,
    SyntaxSpan,
};
use rayon::prelude::*;

use crate::{
    Analyzer, Problem, SourceTree,
    analyzers::Analyzers,
    content_hash::content_hash,
    decode::decode,
    left_out::ending,
    read::{ReadError, read},
    walk::{Candidate, Listing},
};

/// A file of more bytes is parsed while no other of this kind is.
const LARGE_FILE: usize = 512 * 1024;

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
    let Listing { candidates, mut errors, mut left_out } = tree.list(options.use_ignore_files);
    let large = Mutex::new(());
    let outcomes: Vec<Outcome> = candidates
        .par_iter()
        .with_max_len(1)
        .map_init(Analyzers::default, |analyzers, candidate| {
            if is_cancelled() {
                Outcome::default()
            } else {
                analyze_file(analyzers.of(candidate.language), candidate, options, &large, is_cancelled)
            }
        })
        .collect();
    let mut analysis = Analysis { files: Vec::with_capacity(outcomes.len()), ..Analysis::default() };
    for (candidate, Outcome { file, error, input, not_read }) in candidates.iter().zip(outcomes) {
        if let Some(reason) = not_read {
            left_out.add(reason, ending(candidate.path.file_name().unwrap_or_default()));
        }
        analysis.files.extend(file);
        errors.extend(error);
        analysis.inputs.extend(input);
    }
    errors.sort();
    analysis.errors = errors;
    analysis.not_read = left_out.rows();
    analysis
}

#[derive(Default)]
struct Outcome {
    file: Option<ReadFile>,
    error: Option<AnalyzerError>,
    /// The file as it was read; none only where the analysis was cancelled before.
    input: Option<SourceInput>,
    /// Why there is no text of it.
    not_read: Option<NotReadReason>,
}

fn analyze_file(
    analyzer: &mut dyn Analyzer,
    candidate: &Candidate,
    options: &AnalysisOptions,
    large: &Mutex<()>,
    is_cancelled: &dyn Fn() -> bool,
) -> Outcome {
    let path: Arc<str> = Arc::from(candidate.name.as_str());
    let error = |line, reason| Some(AnalyzerError { file_path: candidate.name.clone(), line, reason });
    let bytes = match read(&candidate.path, options.max_file_size.min(u64::from(u32::MAX / 2))) {
        Ok(bytes) => bytes,
        Err(cause) => {
            let reason = cause.to_string();
            let input = Some(SourceInput { file_path: path, content: Err(reason.clone()) });
            let not_read = Some(match cause {
                ReadError::TooLarge { .. } => NotReadReason::TooLarge,
                ReadError::Io(_) | ReadError::NotRegular => NotReadReason::Unreadable,
            });
            return Outcome { file: None, error: error(None, reason), input, not_read };
        }
    };
    let source_hash = content_hash(&bytes);
    let input = Some(SourceInput { file_path: Arc::clone(&path), content: Ok(source_hash) });
    match decode(bytes) {
        Ok(text) => {
            // A parse can take two hundred times as much memory as its text: of large files, one at a time.
            let _turn = (text.len() > LARGE_FILE).then(|| large.lock().unwrap_or_else(PoisonError::into_inner));
            let source = SourceText::new(text);
            let (symbols, spans, problem) = analyze_text(analyzer, &source, is_cancelled);
            let error = problem.and_then(|problem| error(Some(problem.line), problem.reason));
            let (language, grammar) = (candidate.language.id, analyzer.version());
            let file = AnalyzedFile { path, source, symbols, spans };
            let file = ReadFile { source_hash, language, grammar, file };
            Outcome { file: Some(file), error, input, not_read: None }
        }
        Err(cause) => {
            let not_read = Some(NotReadReason::Unreadable);
            Outcome { file: None, error: error(cause.line(), cause.to_string()), input, not_read }
        }
    }
}

fn analyze_text(
    analyzer: &mut dyn Analyzer,
    source: &SourceText,
    is_cancelled: &dyn Fn() -> bool,
) -> (Vec<Symbol>, Vec<SyntaxSpan>, Option<Problem>) {
    let findings = analyzer.analyze(source, is_cancelled);
    let whole = Symbol { kind: SymbolKind::File, signature: None, start_line: 1, end_line: source.line_count() };
    let mut symbols = Vec::with_capacity(findings.symbols.len() + 1);
    symbols.push(whole);
    symbols.extend(findings.symbols);
    (symbols, findings.spans, findings.problem)
}
