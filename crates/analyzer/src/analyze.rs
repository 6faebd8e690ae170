//! The analysis of a whole tree.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use cds_language::Language;
use cds_model::{
    Analysis, AnalyzedFile, AnalyzerError, FileContent, Fingerprint, Indentation, NotReadReason, ReadFile, Record,
    SourceInput, SourceText, Symbol, SymbolKind, SyntaxSpan,
};
use rayon::prelude::*;

use crate::{
    Analyzer, Problem, SourceTree,
    analyzers::Analyzers,
    content_hash::content_hash,
    decode::decode,
    left_out::ending,
    notebook::{self, Notebook, NotebookError},
    read::{ReadError, read},
    walk::{Candidate, Listing},
};

/// A file of more bytes is parsed while no other of this kind is.
const LARGE_FILE: usize = 512 * 1024;

/// How a file begins that stands for one in the store of Git LFS.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
const LFS_REASON: &str = "a pointer of Git LFS: the content of the file was not fetched";

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

/// Files whose records are known from an earlier analysis.
pub trait KnownFiles: Sync {
    /// The records of `file` without intents; `None` if they are not known, so that it has to be parsed.
    fn records_of(&self, file: &UnparsedFile<'_>) -> Option<Vec<Record>>;
}

/// Nothing is known: every file is parsed.
#[derive(Debug, Clone, Copy)]
pub struct NothingKnown;

impl KnownFiles for NothingKnown {
    fn records_of(&self, _file: &UnparsedFile<'_>) -> Option<Vec<Record>> {
        None
    }
}

/// A file that was read and decoded.
#[derive(Debug, Clone, Copy)]
pub struct UnparsedFile<'a> {
    /// Relative to the root, with `/` as the separator.
    pub path: &'a Arc<str>,
    /// The SHA-256 of its bytes before decoding.
    pub source_hash: Fingerprint,
    /// The id of its language.
    pub language: &'static str,
    /// The grammar and the rules that would find its symbols, with their versions.
    pub grammar: &'static str,
    /// The decoded text.
    pub source: &'a SourceText,
}

/// Finds the symbols of every source file of `tree`, in the order of the paths. Files that are `known`, and further
/// copies of a file, are not parsed.
///
/// Once `is_cancelled` says so, no further file is read, and the result is worth nothing.
pub fn analyze(
    tree: &SourceTree,
    options: &AnalysisOptions,
    known: &dyn KnownFiles,
    is_cancelled: &(dyn Fn() -> bool + Sync),
) -> Analysis {
    let Listing { candidates, mut errors, mut left_out } = tree.list(options.use_ignore_files);
    let pass = Pass::new(options, known, is_cancelled);
    let outcomes: Vec<Outcome> = candidates
        .par_iter()
        .enumerate()
        .with_max_len(1)
        .map_init(Analyzers::default, |analyzers, (index, candidate)| {
            if is_cancelled() {
                Outcome::default()
            } else {
                let analyzer = analyzers.of(candidate.language, &candidate.name);
                pass.analyze_file(analyzer, index, candidate)
            }
        })
        .collect();
    let mut analysis = Analysis { files: Vec::with_capacity(outcomes.len()), ..Analysis::default() };
    // The index among the files, by the one among the candidates.
    let mut indexes = Vec::with_capacity(outcomes.len());
    for outcome in &outcomes {
        indexes.push(indexes.last().map_or(0, |last| *last) + usize::from(outcome.file.is_some()));
    }
    let problems: Vec<Option<Problem>> = outcomes.iter().map(|outcome| outcome.problem.clone()).collect();
    for (candidate, Outcome { mut file, mut problem, error, input, not_read }) in candidates.iter().zip(outcomes) {
        if let Some(reason) = not_read {
            left_out.add(reason, ending(candidate.path.file_name().unwrap_or_default()));
        }
        if let Some(FileContent::CopyOf(original)) = file.as_mut().map(|file| &mut file.content) {
            problem.clone_from(&problems[*original]);
            *original = indexes[*original] - 1;
        }
        let problem = problem.map(|Problem { line, reason }| (Some(line), reason));
        errors.extend(problem.or(error).map(|(line, reason)| AnalyzerError {
            file_path: candidate.name.clone(),
            line,
            reason,
        }));
        analysis.files.extend(file);
        analysis.inputs.extend(input);
    }
    errors.sort();
    analysis.errors = errors;
    analysis.not_read = left_out.rows();
    analysis
}

/// The line and the reason of what is wrong with a file.
pub(crate) type FileError = (Option<u32>, String);

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) file: Option<ReadFile>,
    /// What is wrong with a parsed file.
    pub(crate) problem: Option<Problem>,
    /// Why there is no file, and where.
    pub(crate) error: Option<FileError>,
    /// The file as it was read; none only where the analysis was cancelled before.
    pub(crate) input: Option<SourceInput>,
    /// Why there is no text of it.
    pub(crate) not_read: Option<NotReadReason>,
}

/// One pass over the files of a tree.
pub(crate) struct Pass<'a> {
    options: &'a AnalysisOptions,
    known: &'a dyn KnownFiles,
    large: Mutex<()>,
    /// The candidate that is parsed for all of the same bytes and grammar.
    parsed: Mutex<HashMap<(Fingerprint, &'static str), usize>>,
    is_cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Outcome {
    /// A file whose bytes are not there.
    pub(crate) fn unread(path: Arc<str>, cause: &ReadError) -> Self {
        let reason = cause.to_string();
        let input = Some(SourceInput { file_path: path, content: Err(reason.clone()) });
        let not_read = Some(match cause {
            ReadError::TooLarge { .. } => NotReadReason::TooLarge,
            ReadError::Io(_) | ReadError::NotRegular => NotReadReason::Unreadable,
        });
        Self { error: Some((None, reason)), input, not_read, ..Self::default() }
    }
}

impl<'a> Pass<'a> {
    pub(crate) fn new(
        options: &'a AnalysisOptions,
        known: &'a dyn KnownFiles,
        is_cancelled: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        Self { options, known, large: Mutex::default(), parsed: Mutex::default(), is_cancelled }
    }

    /// The most bytes of a file.
    pub(crate) fn limit(&self) -> u64 {
        self.options.max_file_size.min(u64::from(u32::MAX / 2))
    }

    fn analyze_file(&self, analyzer: &mut dyn Analyzer, index: usize, candidate: &Candidate) -> Outcome {
        let path: Arc<str> = Arc::from(candidate.name.as_str());
        let bytes = match read(&candidate.path, self.limit()) {
            Ok(bytes) => bytes,
            Err(cause) => return Outcome::unread(path, &cause),
        };
        self.analyze_bytes(analyzer, index, path, candidate.language, bytes)
    }

    pub(crate) fn analyze_bytes(
        &self,
        analyzer: &mut dyn Analyzer,
        index: usize,
        path: Arc<str>,
        language: &'static Language,
        bytes: Vec<u8>,
    ) -> Outcome {
        let source_hash = content_hash(&bytes);
        let input = Some(SourceInput { file_path: Arc::clone(&path), content: Ok(source_hash) });
        if bytes.starts_with(LFS_POINTER) {
            let error = Some((None, LFS_REASON.to_owned()));
            return Outcome { error, input, not_read: Some(NotReadReason::Unreadable), ..Outcome::default() };
        }
        let (indentation, decoded) = (language.indentation(), text_of(language, &path, bytes));
        let (language, grammar) = (language.id, analyzer.version());
        match decoded {
            Ok((text, notebook)) => {
                let source = SourceText::new(text);
                let unparsed = UnparsedFile { path: &path, source_hash, language, grammar, source: &source };
                let (content, problem) = match self.without_parsing(&unparsed, index) {
                    Some(content) => (content, None),
                    None => self.parse(analyzer, Arc::clone(&path), source, indentation),
                };
                let problem = problem.map(|problem| in_cell(problem, notebook.as_ref()));
                let file = Some(ReadFile { source_hash, language, grammar, path, content });
                Outcome { file, problem, input, ..Outcome::default() }
            }
            Err(error) => {
                let reason = if error.is_some() { NotReadReason::Unreadable } else { NotReadReason::OtherLanguage };
                Outcome { error, input, not_read: Some(reason), ..Outcome::default() }
            }
        }
    }

    /// What is known of a file; `None` if it is for this candidate to parse it.
    fn without_parsing(&self, file: &UnparsedFile<'_>, index: usize) -> Option<FileContent> {
        if let Some(records) = self.known.records_of(file) {
            return Some(FileContent::Known(records));
        }
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        match *parsed.entry((file.source_hash, file.grammar)).or_insert(index) {
            original if original == index => None,
            original => Some(FileContent::CopyOf(original)),
        }
    }

    fn parse(
        &self,
        analyzer: &mut dyn Analyzer,
        path: Arc<str>,
        source: SourceText,
        indentation: Indentation,
    ) -> (FileContent, Option<Problem>) {
        // A parse can take two hundred times as much memory as its text: of large files, one at a time.
        let is_large = source.as_str().len() > LARGE_FILE;
        let _turn = is_large.then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        let (symbols, spans, problem) = analyze_text(analyzer, &source, self.is_cancelled);
        (FileContent::Parsed(AnalyzedFile { path, source, symbols, spans, indentation }), problem)
    }
}

/// The text of a file, and the notebook that it is the code of; else where and why there is none, or nothing for a notebook in
/// another language.
fn text_of(language: &Language, path: &str, bytes: Vec<u8>) -> Result<(String, Option<Notebook>), Option<FileError>> {
    let text = decode(language, bytes).map_err(|cause| Some((cause.line(), cause.to_string())))?;
    if !path.ends_with(notebook::ENDING) {
        return Ok((text, None));
    }
    match Notebook::of(&text) {
        Ok(mut notebook) => Ok((std::mem::take(&mut notebook.text), Some(notebook))),
        Err(NotebookError::OtherLanguage) => Err(None),
        Err(NotebookError::Broken(reason)) => Err(Some((None, reason))),
    }
}

/// The problem with the cell in which it shows, if it is one of a notebook.
fn in_cell(problem: Problem, notebook: Option<&Notebook>) -> Problem {
    match notebook.and_then(|notebook| notebook.place(problem.line)) {
        Some((cell, line)) => Problem { reason: format!("{} (line {line} of cell {cell})", problem.reason), ..problem },
        None => problem,
    }
}

fn analyze_text(
    analyzer: &mut dyn Analyzer,
    source: &SourceText,
    is_cancelled: &dyn Fn() -> bool,
) -> (Vec<Symbol>, Vec<SyntaxSpan>, Option<Problem>) {
    let findings = analyzer.analyze(source, is_cancelled);
    let whole =
        Symbol { kind: SymbolKind::File, signature: None, start_line: 1, end_line: source.line_count(), owner: None };
    let mut symbols = Vec::with_capacity(findings.symbols.len() + 1);
    symbols.push(whole);
    symbols.extend(findings.symbols);
    (symbols, findings.spans, findings.problem)
}
