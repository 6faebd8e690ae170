//! Hash chains: each row holds the hash of the row before it, so an altered, removed or inserted row is detected.

use super::{
    Transition,
    encoding::{FieldHasher, FieldValue},
};
use crate::Fingerprint;

/// The previous hash of the first row.
pub const CHAIN_START: Fingerprint = Fingerprint([0; 32]);

/// One row of `unit_history` without its own hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLink<'a> {
    /// Its number, from 1 without gaps.
    pub sequence: i64,
    /// The definition.
    pub unit_id: i64,
    /// The snapshot that recorded it.
    pub run_id: i64,
    /// The transition of the definition, as stored.
    pub transition: &'a str,
    /// The previous content hash of the record, as stored.
    pub previous_content_hash: Option<&'a str>,
    /// The new content hash of the record, as stored.
    pub content_hash: Option<&'a str>,
    /// Who made the change.
    pub actor: Option<&'a str>,
    /// Why.
    pub reasoning: Option<&'a str>,
    /// Further details, a JSON object.
    pub metadata: &'a str,
    /// When it was recorded.
    pub recorded_at: &'a str,
    /// The hash of the row before, as stored.
    pub previous_hash: &'a str,
}

impl HistoryLink<'_> {
    /// The hash over all of these fields in this order.
    pub fn hash(&self) -> Fingerprint {
        let mut hasher = FieldHasher::new("cds history 1");
        for value in [
            self.sequence.into(),
            self.unit_id.into(),
            self.run_id.into(),
            self.transition.into(),
            FieldValue::text(self.previous_content_hash),
            FieldValue::text(self.content_hash),
            FieldValue::text(self.actor),
            FieldValue::text(self.reasoning),
            self.metadata.into(),
            self.recorded_at.into(),
            self.previous_hash.into(),
        ] {
            hasher.push(value);
        }
        hasher.finish()
    }

    /// The transition; `None` if another program stored an unknown word.
    pub fn known_transition(&self) -> Option<Transition> {
        self.transition.parse().ok()
    }
}

/// One row of `snapshot_chain` without its own hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainLink<'a> {
    /// Its number, from 1 without gaps.
    pub sequence: i64,
    /// `snapshot` or `pruned`.
    pub event: &'a str,
    /// The snapshot.
    pub run_id: i64,
    /// The project.
    pub project: &'a str,
    /// The part of the project.
    pub part: &'a str,
    /// When it happened.
    pub recorded_at: &'a str,
    /// How many records the snapshot has, or had.
    pub record_count: i64,
    /// The root of the Merkle tree over the content hashes of its records.
    pub snapshot_root: &'a str,
    /// The hash over the run's row, analyzer errors, questions and enrichment account.
    pub run_hash: &'a str,
    /// The number of the last row of `unit_history` at that time; 0 if there was none.
    pub history_sequence: i64,
    /// The hash of that row.
    pub history_hash: &'a str,
    /// The hash of the row before, as stored.
    pub previous_hash: &'a str,
}

impl ChainLink<'_> {
    /// The event of a snapshot that was written.
    pub const SNAPSHOT: &'static str = "snapshot";
    /// The event of a snapshot that was pruned.
    pub const PRUNED: &'static str = "pruned";

    /// The hash over all of these fields in this order.
    pub fn hash(&self) -> Fingerprint {
        let mut hasher = FieldHasher::new("cds chain 1");
        for value in [
            self.sequence.into(),
            self.event.into(),
            self.run_id.into(),
            self.project.into(),
            self.part.into(),
            self.recorded_at.into(),
            self.record_count.into(),
            self.snapshot_root.into(),
            self.run_hash.into(),
            self.history_sequence.into(),
            self.history_hash.into(),
            self.previous_hash.into(),
        ] {
            hasher.push(value);
        }
        hasher.finish()
    }
}
