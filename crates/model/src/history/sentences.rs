//! What the history says of an intent, whoever wrote it.
//!
//! A sentence that the embedded provider derived is a stopgap: it never takes the place of one that a model wrote. A run of
//! that provider leaves a model's sentence as it is known, and its own sentences all count as one.

use std::sync::LazyLock;

use super::encoding::{FieldHasher, FieldValue};
use crate::{Fingerprint, IntentStatus};

/// What the hash over an intent and its status is called.
pub(super) const PURPOSE: &str = "cds intent 1";

static DERIVED: LazyLock<Fingerprint> = LazyLock::new(|| without_sentence("derived"));
static NONE: LazyLock<[Fingerprint; 2]> =
    LazyLock::new(|| [IntentStatus::Failed, IntentStatus::Skipped].map(|status| without_sentence(status.as_str())));

/// The hash that stands for every derived sentence.
pub fn derived_intent() -> Fingerprint {
    *DERIVED
}

/// The hash of the intent as the history goes on with it.
///
/// `stored` is that of the record, `known` what the history had before, and `is_derived` says that the run asked the
/// embedded provider.
pub fn told_intent(is_derived: bool, known: Option<Fingerprint>, stored: Fingerprint) -> Fingerprint {
    match known {
        _ if !is_derived => stored,
        Some(known) if known == stored || is_models(known) => known,
        _ if NONE.contains(&stored) => stored,
        _ => *DERIVED,
    }
}

/// Whether it is the hash of a sentence that no derived one replaces.
fn is_models(hash: Fingerprint) -> bool {
    hash != *DERIVED && !NONE.contains(&hash)
}

/// As [`RecordHashes`](super::RecordHashes) hashes a record without a sentence.
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
    fn a_derived_sentence_replaces_no_other() {
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
            // Of a version that kept the sentence itself.
            (Some(own), own, own),
        ] {
            assert_eq!(told_intent(true, known, stored), expected);
        }
        for known in [None, Some(model), Some(derived), Some(failed)] {
            for stored in [model, other, failed, skipped] {
                assert_eq!(told_intent(false, known, stored), stored, "a model's word is taken");
            }
        }
    }
}
