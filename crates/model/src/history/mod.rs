//! Definitions followed over time, and the hashes that prove what a snapshot held.
//!
//! A *unit* is a definition: project, part of the project, file, kind and qualified name. What becomes of it from one
//! snapshot to the next is a [`Transition`]. Every hash is SHA-256 over an encoding in which nothing can be taken for
//! something else, see [`FieldValue`]; `docs/schema.md` describes them for other programs.

mod chain;
mod content;
mod encoding;
mod matching;
mod merkle;
mod namesakes;
mod sentences;
mod transition;
mod unread;

pub use chain::{CHAIN_START, ChainLink, HistoryLink};
pub use content::{FIELD_SUM_BYTES, RECORD_FIELDS, RecordHashes, record_fields};
pub use encoding::{FieldHasher, FieldValue};
pub use matching::{Followed, Matching, UnitKey, match_units};
pub use merkle::MerkleTree;
pub use namesakes::{Declarations, match_namesakes};
pub use sentences::{derived_intent, told_intent};
pub use transition::{HistoryContext, Transition, TransitionCounts};
pub use unread::UnreadPaths;
