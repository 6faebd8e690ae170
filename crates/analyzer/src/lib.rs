//! From a path to the symbols in its source files.
//!
//! Phases: [`SourceTree`] lists the files, each file is read and decoded, an [`Analyzer`] finds its definitions and the
//! spans that normalization needs. Files are analyzed in parallel on the current rayon pool; the result is in the order
//! of the paths, whatever the number of threads. Input that cannot be used is an [`cds_model::AnalyzerError`] beside
//! the result, never the end of the analysis. Every file that was found is listed with the hashes of its bytes, so that
//! a run can tell later what it read.
//!
//! Only this crate knows tree-sitter. It executes nothing from the tree, follows no symbolic link and keeps no state.

mod analyze;
mod analyzer;
mod analyzers;
mod blobs;
mod committed;
mod content_hash;
mod decode;
mod general;
mod grammars;
mod ignore_files;
mod left_out;
mod notebook;
mod parsing;
mod python;
mod read;
mod rows;
mod scripts;
mod selection;
mod walk;

pub use analyze::{AnalysisOptions, KnownFiles, NothingKnown, UnparsedFile, analyze};
pub use analyzer::{Analyzer, Findings, Problem};
pub use analyzers::{Analyzers, built_in_languages, is_built_in, version_of};
pub use blobs::{AnalyzedBlob, Blob, analyze_blobs};
pub use committed::{CommittedEntry, CommittedLeftOut, CommittedListing, CommittedSource, EntryKind, list_committed};
pub use decode::{DecodeError, decode};
pub use python::PythonAnalyzer;
pub use selection::{FileSelection, PatternError};
pub use walk::{SourceTree, TreeError};
