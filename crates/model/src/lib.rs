//! The vocabulary of `cds`: source files, symbols, records, intents, runs and the accounts of runs.
//!
//! This crate does no I/O, starts no thread and reads no clock. All other crates of the workspace share these types.
//! None of them depends on a parser, a provider or a database.

mod accounts;
mod analyzed_file;
mod enrichment;
mod hex;
mod history;
mod intent;
mod md5sum;
mod not_read;
mod question;
mod record;
mod run;
mod scope;
mod secrets;
mod source;
mod timestamp;
mod unit;
mod words;

pub use accounts::{
    AccountStatus, CodeRef, Fingerprint, Heartbeat, LedgerId, RunDetails, RunEnd, RunRole, RunStart, SnapshotAccount,
    Stage, StageEnd, StageRunId, StageSource, StageStart, TelemetryCounts, TelemetryEntry, TelemetryType,
};
pub use analyzed_file::{
    Analysis, AnalyzedFile, AnalyzerError, FileContent, Indentation, ReadFile, SourceFile, SourceInput, SpanKind,
    Symbol, SymbolKind, SyntaxSpan,
};
pub use enrichment::EnrichmentAccount;
pub use history::{
    CHAIN_START, ChainLink, Declarations, FIELD_SUM_BYTES, FieldHasher, FieldValue, Followed, HistoryContext,
    HistoryLink, Matching, MerkleTree, RECORD_FIELDS, RecordHashes, Transition, TransitionCounts, UnitKey, UnreadPaths,
    derived_intent, followed_intent, match_namesakes, match_units, not_asked_intent, record_fields,
};
pub use intent::{Intent, IntentStatus};
pub use md5sum::Md5Sum;
pub use not_read::{NotRead, NotReadReason};
pub use question::{AskedQuestion, KeptAnswer, QuestionKey};
pub use record::Record;
pub use run::{RunSettings, RunSnapshot, RunStatus};
pub use scope::{Scope, UnknownScope};
pub use secrets::masked;
pub use source::{SourceSlice, SourceText};
pub use timestamp::Timestamp;
pub use unit::{NameOf, UNNAMED, UnitName, UnitRow, last_word, unit_names, word_before_bracket};
