//! The analysis of files that come as bytes, such as those of a commit.

use std::sync::Arc;

use cds_language::Language;
use cds_model::{NotReadReason, ReadFile};
use rayon::prelude::*;

use crate::{
    AnalysisOptions, KnownFiles, Problem,
    analyze::{Outcome, Pass},
    analyzers::Analyzers,
    read::ReadError,
};

/// A file to analyze.
#[derive(Debug)]
pub struct Blob {
    /// Relative to the root, with `/` as the separator.
    pub path: Arc<str>,
    /// What it is written in.
    pub language: &'static Language,
    /// Its content, or its size if that is above [`AnalysisOptions::max_file_size`].
    pub content: Result<Vec<u8>, u64>,
}

/// What was found in a file.
#[derive(Debug)]
pub struct AnalyzedBlob {
    /// The file; absent if it has no text.
    pub file: Option<ReadFile>,
    /// The line and the reason if something is missing.
    pub error: Option<(Option<u32>, String)>,
    /// Why it has no text.
    pub not_read: Option<NotReadReason>,
    /// The SHA-256 of its bytes, or why there are none.
    pub input: Option<Result<cds_model::Fingerprint, String>>,
}

/// Analyzes files of different contents, in parallel on the current rayon pool; the results are in their order.
///
/// Once `is_cancelled` says so, the result is worth nothing.
pub fn analyze_blobs(
    blobs: Vec<Blob>,
    options: &AnalysisOptions,
    known: &dyn KnownFiles,
    is_cancelled: &(dyn Fn() -> bool + Sync),
) -> Vec<AnalyzedBlob> {
    let pass = Pass::new(options, known, is_cancelled);
    let outcomes =
        blobs.into_par_iter().enumerate().with_max_len(1).map_init(Analyzers::default, |analyzers, (index, blob)| {
            if is_cancelled() {
                return Outcome::default();
            }
            let Blob { path, language, content } = blob;
            match content {
                Ok(bytes) => {
                    let analyzer = analyzers.of(language, &path);
                    pass.analyze_bytes(analyzer, index, path, language, bytes)
                }
                Err(size) => Outcome::unread(path, &ReadError::TooLarge { size, limit: pass.limit() }),
            }
        });
    outcomes.map(AnalyzedBlob::from).collect()
}

impl From<Outcome> for AnalyzedBlob {
    fn from(outcome: Outcome) -> Self {
        let Outcome { file, problem, error, input, not_read } = outcome;
        let problem = problem.map(|Problem { line, reason }| (Some(line), reason));
        Self { file, error: problem.or(error), not_read, input: input.map(|input| input.content) }
    }
}
