//! Which intent the history records when a model, the embedded provider, and runs that ask nothing take turns.
//!
//! A sentence of the embedded provider is a stopgap and never replaces the sentence of a model. A run of that provider
//! leaves a model's sentence as the history knows it, and all of its own sentences count as one. A record that was not
//! asked about leaves whatever the history knows.

use std::sync::LazyLock;

use super::encoding::{FieldHasher, FieldValue};
use crate::{Fingerprint, IntentStatus};

/// The purpose of the hash over an intent and its status.
pub(super) const PURPOSE: &str = "cds intent 1";

static DERIVED: LazyLock<Fingerprint> = LazyLock::new(|| without_sentence("derived"));
static NONE: LazyLock<[Fingerprint; 2]> =
    LazyLock::new(|| [IntentStatus::Failed, IntentStatus::Skipped].map(|status| without_sentence(status.as_str())));

/// The one hash for every derived sentence.
pub fn derived_intent() -> Fingerprint {
    *DERIVED
}

static NOT_ASKED: LazyLock<Fingerprint> = LazyLock::new(|| without_sentence("not asked"));

/// The one hash for every record that was not asked about.
pub fn not_asked_intent() -> Fingerprint {
    *NOT_ASKED
}

/// The hash of the intent that the history records.
///
/// `stored` is the hash of the record, `known` the one that the history had before. `is_derived` is true if the run
/// used the embedded provider.
pub fn followed_intent(is_derived: bool, known: Option<Fingerprint>, stored: Fingerprint) -> Fingerprint {
    match known {
        _ if stored == *NOT_ASKED => known.unwrap_or(NONE[1]),
        _ if !is_derived => stored,
        Some(known) if known == stored || is_models(known) => known,
        _ if NONE.contains(&stored) => stored,
        _ => *DERIVED,
    }
}

/// Whether the hash is that of a model's sentence, which no derived one replaces.
fn is_models(hash: Fingerprint) -> bool {
    hash != *DERIVED && !NONE.contains(&hash)
}

/// The hash of a missing sentence, as [`RecordHashes`](super::RecordHashes) computes it.
fn without_sentence(status: &str) -> Fingerprint {
    let fields = [FieldValue::Null, status.into()].map(|value| FieldHasher::hash("cds field 1", [value]));
    FieldHasher::hash(PURPOSE, fields.iter().map(|hash| FieldValue::Blob(&hash.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RECORD_FIELDS, RecordHashes};

    fn hash(sentence: Option<&str>, status: &str) -> Fingerprint {
        let mut fields = [FieldValue::Null; RECORD_FIELDS.len()];
        (fields[8], fields[9]) = (FieldValue::text(sentence), status.into());
        RecordHashes::of(&fields).intent
    }

    #[test]
    fn unasked_record_keeps_known_intent() {
        let (model, failed, skipped) = (hash(Some("M"), "success"), hash(None, "failed"), hash(None, "skipped"));
        for is_derived in [true, false] {
            for known in [model, failed, skipped, derived_intent()] {
                assert_eq!(followed_intent(is_derived, Some(known), not_asked_intent()), known);
            }
            assert_eq!(followed_intent(is_derived, None, not_asked_intent()), skipped);
        }
    }

    #[test]
    fn derived_sentence_never_replaces_model_sentence() {
        let (model, other, own) = (hash(Some("M"), "success"), hash(Some("O"), "success"), hash(Some("D"), "success"));
        let (failed, skipped) = (hash(None, "failed"), hash(None, "skipped"));
        let derived = derived_intent();
        for (known, stored, expected) in [
            (None, own, derived),
            (None, skipped, skipped),
            (Some(model), own, model),
            (Some(model), failed, model),
            (Some(model), skipped, model),
            (Some(derived), own, derived),
            (Some(failed), own, derived),
            (Some(skipped), own, derived),
            (Some(failed), failed, failed),
            // An earlier version kept the hash of the sentence itself.
            (Some(own), own, own),
        ] {
            assert_eq!(followed_intent(true, known, stored), expected);
        }
        for known in [None, Some(model), Some(derived), Some(failed)] {
            for stored in [model, other, failed, skipped] {
                assert_eq!(followed_intent(false, known, stored), stored, "a model's sentence wins");
            }
        }
    }
}
