//! The content hashes of a record.

use super::{
    encoding::{FieldHasher, FieldValue},
    sentences::{PURPOSE, not_asked_intent},
};
use crate::{Fingerprint, IntentStatus, Record};

/// The stored fields of a record in hashing order: its columns without the two ids.
pub const RECORD_FIELDS: [&str; 11] = [
    "kind",
    "file_path",
    "signature",
    "start_line",
    "end_line",
    "raw_code",
    "normalized_code",
    "md5sum",
    "intent",
    "intent_status",
    "intent_error",
];

/// Bytes kept from the hash of each field.
pub const FIELD_SUM_BYTES: usize = 4;

/// Indexes of the fields that are the code itself, without its location and intent.
const CODE: [usize; 4] = [2, 5, 6, 7];
/// Indexes of the intent and its status. The error text is left out because it may change from call to call.
const INTENT: [usize; 2] = [8, 9];

/// The purpose of the hash over all fields.
const CONTENT: &str = "cds record 1";

/// The stored fields of `record`; `md5sum` is its MD5 as stored.
pub fn record_fields<'a>(record: &'a Record, md5sum: &'a str) -> [FieldValue<'a>; RECORD_FIELDS.len()] {
    [
        record.kind.as_str().into(),
        FieldValue::from(&*record.file_path),
        FieldValue::text(record.signature.as_deref()),
        record.start_line.into(),
        record.end_line.into(),
        record.raw_code.as_str().into(),
        FieldValue::from(&*record.normalized_code),
        md5sum.into(),
        FieldValue::text(record.intent.text()),
        record.intent.status().as_str().into(),
        FieldValue::text(record.intent.error()),
    ]
}

/// The hashes of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHashes {
    /// Over all stored fields: equal hashes mean equal records.
    pub content: Fingerprint,
    /// Over signature, exact and normalized code and MD5: equal hashes mean equal code, wherever it is.
    pub code: Fingerprint,
    /// Over the intent and its status; [`not_asked_intent`] for a record that was skipped for a reason.
    pub intent: Fingerprint,
    /// The first bytes of the hash of each field; they show which field was altered.
    pub field_sums: [u8; RECORD_FIELDS.len() * FIELD_SUM_BYTES],
}

impl RecordHashes {
    /// Hashes the fields of a record, in the order of [`RECORD_FIELDS`].
    pub fn of(fields: &[FieldValue<'_>; RECORD_FIELDS.len()]) -> Self {
        let mut content = FieldHasher::new(CONTENT);
        let mut field_sums = [0; RECORD_FIELDS.len() * FIELD_SUM_BYTES];
        let mut hashes = [Fingerprint([0; 32]); RECORD_FIELDS.len()];
        for ((value, sum), hash) in fields.iter().zip(field_sums.chunks_exact_mut(FIELD_SUM_BYTES)).zip(&mut hashes) {
            content.push(*value);
            let mut field = FieldHasher::new("cds field 1");
            field.push(*value);
            *hash = field.finish();
            sum.copy_from_slice(&hash.0[..FIELD_SUM_BYTES]);
        }
        let over = |purpose, places: &[usize]| {
            let mut together = FieldHasher::new(purpose);
            for place in places {
                together.push(FieldValue::Blob(&hashes[*place].0));
            }
            together.finish()
        };
        let intent = if is_not_asked(fields) { not_asked_intent() } else { over(PURPOSE, &INTENT) };
        Self { content: content.finish(), code: over("cds code 1", &CODE), intent, field_sums }
    }

    /// Computes only [`content`](Self::content), in half the time of [`of`](Self::of).
    pub fn content_of(fields: &[FieldValue<'_>; RECORD_FIELDS.len()]) -> Fingerprint {
        let mut content = FieldHasher::new(CONTENT);
        for value in fields {
            content.push(*value);
        }
        content.finish()
    }

    /// The names of the fields whose sums differ from `stored`; all names if `stored` has another length.
    pub fn altered_fields(&self, stored: &[u8]) -> Vec<&'static str> {
        let is_comparable = stored.len() == self.field_sums.len();
        let differs = |place: usize| {
            let range = place * FIELD_SUM_BYTES..(place + 1) * FIELD_SUM_BYTES;
            !is_comparable || stored[range.clone()] != self.field_sums[range]
        };
        (0..RECORD_FIELDS.len()).filter(|place| differs(*place)).map(|place| RECORD_FIELDS[place]).collect()
    }
}

/// Whether the run of a record asked nothing: it is skipped, and says why.
fn is_not_asked(fields: &[FieldValue<'_>; RECORD_FIELDS.len()]) -> bool {
    let [.., status, error] = fields;
    *status == IntentStatus::Skipped.as_str().into() && *error != FieldValue::Null
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [FieldValue<'static>; 11] = [
        FieldValue::Text(b"function"),
        FieldValue::Text(b"pkg/a.py"),
        FieldValue::Text(b"def f(x):"),
        FieldValue::Integer(3),
        FieldValue::Integer(4),
        FieldValue::Text(b"def f(x):\n    return x  # same"),
        FieldValue::Text(b"def f(x):\n    return x"),
        FieldValue::Text(b"0f9ff2c7f8c5a0d9f0a5d6c7b8a90123"),
        FieldValue::Text(b"Returns its argument."),
        FieldValue::Text(b"success"),
        FieldValue::Null,
    ];

    #[test]
    fn content_hash_matches_its_description() {
        assert_eq!(
            RecordHashes::of(&FIELDS).content.to_string(),
            "sha256:33921247944ce06e43f5bc5cc286aee459e3b67a2cb636bdc17be5817bd7d12e"
        );
    }

    #[test]
    fn every_altered_field_is_named() {
        let whole = RecordHashes::of(&FIELDS);
        assert_eq!(whole.altered_fields(&whole.field_sums), [""; 0]);
        for place in 0..FIELDS.len() {
            let mut fields = FIELDS;
            fields[place] = FieldValue::Text(b"other");
            let other = RecordHashes::of(&fields);
            assert_ne!(other.content, whole.content);
            assert_eq!(other.altered_fields(&whole.field_sums), [RECORD_FIELDS[place]]);
            assert_eq!(other.code != whole.code, CODE.contains(&place), "{}", RECORD_FIELDS[place]);
            assert_eq!(other.intent != whole.intent, INTENT.contains(&place), "{}", RECORD_FIELDS[place]);
        }
        assert_eq!(whole.altered_fields(b"short").len(), FIELDS.len());
    }

    #[test]
    fn reason_marks_skipped_record_as_not_asked() {
        let of = |status, error| {
            let mut fields = FIELDS;
            fields[8..].copy_from_slice(&[FieldValue::Null, FieldValue::Text(status), error]);
            RecordHashes::of(&fields).intent == not_asked_intent()
        };
        assert!(of(b"skipped", FieldValue::Text(b"why")));
        assert!(!of(b"skipped", FieldValue::Null) && !of(b"failed", FieldValue::Text(b"why")));
    }

    #[test]
    fn field_groups_match_column_names() {
        assert_eq!(CODE.map(|place| RECORD_FIELDS[place]), ["signature", "raw_code", "normalized_code", "md5sum"]);
        assert_eq!(INTENT.map(|place| RECORD_FIELDS[place]), ["intent", "intent_status"]);
    }
}
