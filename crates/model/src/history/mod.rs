//! Definitions followed over time, and the hashes that prove the content of a snapshot.
//!
//! A *definition* (a *unit* in the database) is identified by project, part of the project, file, kind and qualified
//! name. A [`Transition`] says how it changed from one snapshot to the next. Every hash is SHA-256 over an unambiguous
//! encoding, see [`FieldValue`]. `docs/schema.md` describes the hashes for other programs.

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
pub use sentences::{derived_intent, followed_intent, not_asked_intent};
pub use transition::{HistoryContext, Transition, TransitionCounts};
pub use unread::UnreadPaths;
