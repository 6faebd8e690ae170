//! What the latest snapshot of a tree says about its intents, for a run that goes on from there.

use std::sync::Arc;

use cds_model::QuestionKey;

use crate::RunId;

/// The latest snapshot of a part of a project that still has its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestSnapshot {
    /// Its number.
    pub run: RunId,
    /// Where its intents came from, without credentials.
    pub provider_url: String,
    /// The model that wrote them.
    pub model: String,
    /// Its records, in their order.
    pub records: Vec<KnownRecord>,
}

/// A record of the latest snapshot, without its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRecord {
    /// Its kind as a word; another program may use other words.
    pub kind: String,
    /// Relative to the root; the records of a file share the text.
    pub file_path: Arc<str>,
    /// Its declaration; `None` for files.
    pub signature: Option<String>,
    /// The first and the last line, 1-based and inclusive.
    pub lines: (u32, u32),
    /// The MD5 of its normalized code as stored.
    pub md5sum: String,
    /// Its sentence, if it has one.
    pub intent: Option<String>,
    /// The origin of the sentence, or of the last one that the definition had.
    pub origin: Option<IntentOrigin>,
}

/// Where a sentence came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentOrigin {
    /// A question to a model; whether its prompt had only a part of the code.
    Asked(QuestionKey, bool),
    /// It is derived from a definition without a body.
    Derived,
}

/// The last snapshot in which the code of a definition changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// Relative to the root.
    pub file_path: String,
    /// Its kind as a word.
    pub kind: String,
    /// Its qualified name.
    pub name: String,
    /// 1 for the first definition of this name and kind in its file.
    pub ordinal: u32,
    /// The snapshot.
    pub run: RunId,
}
