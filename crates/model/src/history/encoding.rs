//! The encoding behind every hash: each field with its type and length.

use ring::digest::{Context, SHA256};

use crate::Fingerprint;

/// One stored value, with the types of `SQLite`.
///
/// A hash covers one byte for the type (in parentheses), then the value:
///
/// - NULL (0): nothing
/// - integer (1): 8 bytes of two's complement
/// - real (2): 8 bytes of IEEE 754
/// - text (3) and blob (4): the byte count in 8 bytes, then the bytes
///
/// All numbers are big-endian.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldValue<'a> {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number; none of our own hashed columns has one.
    Real(f64),
    /// The bytes of a text; another program may have stored invalid UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> FieldValue<'a> {
    /// A text; NULL for `None`.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }
}

impl<'a> From<&'a str> for FieldValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

impl<'a> From<&'a Fingerprint> for FieldValue<'a> {
    fn from(Fingerprint(bytes): &'a Fingerprint) -> Self {
        Self::Blob(bytes)
    }
}

impl From<i64> for FieldValue<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for FieldValue<'_> {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

/// Hashes a purpose and then fields, one after the other.
#[derive(Clone)]
pub struct FieldHasher(Context);

impl FieldHasher {
    /// Starts a hash for things called `purpose`, so that different kinds of things never share a hash.
    pub fn new(purpose: &str) -> Self {
        let mut hasher = Self(Context::new(&SHA256));
        hasher.push(purpose.into());
        hasher
    }

    /// The hash over `fields` of a thing called `purpose`.
    pub fn hash<'a>(purpose: &str, fields: impl IntoIterator<Item = FieldValue<'a>>) -> Fingerprint {
        let mut hasher = Self::new(purpose);
        fields.into_iter().for_each(|field| hasher.push(field));
        hasher.finish()
    }

    /// Adds the next field.
    pub fn push(&mut self, value: FieldValue<'_>) {
        // Small fields are one update because each update costs more than its bytes.
        match value {
            FieldValue::Null => self.0.update(&[0]),
            FieldValue::Integer(number) => self.0.update(&head(1, number.to_be_bytes())),
            FieldValue::Real(number) => self.0.update(&head(2, number.to_bits().to_be_bytes())),
            FieldValue::Text(bytes) => self.push_bytes(3, bytes),
            FieldValue::Blob(bytes) => self.push_bytes(4, bytes),
        }
    }

    fn push_bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.0.update(&head(tag, (bytes.len() as u64).to_be_bytes()));
        self.0.update(bytes);
    }

    /// The hash over everything added so far.
    pub fn finish(self) -> Fingerprint {
        fingerprint(self.0)
    }
}

pub(super) fn fingerprint(context: Context) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    Fingerprint(bytes)
}

fn head(tag: u8, number: [u8; 8]) -> [u8; 9] {
    let mut bytes = [tag; 9];
    bytes[1..].copy_from_slice(&number);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(values: &[FieldValue<'_>]) -> String {
        FieldHasher::hash("test", values.iter().copied()).to_string()
    }

    #[test]
    fn encoding_matches_its_description() {
        // b = b'\x03' + (4).to_bytes(8, 'big') + b'test' + b'\x00' + b'\x01' + (-2).to_bytes(8, 'big', signed=True)
        //   + b'\x02' + struct.pack('>d', 1.5) + b'\x03' + (3).to_bytes(8, 'big') + 'ä1'.encode()
        //   + b'\x04' + (1).to_bytes(8, 'big') + b'\xff'
        // hashlib.sha256(b).hexdigest()
        let values = [
            FieldValue::Null,
            FieldValue::Integer(-2),
            FieldValue::Real(1.5),
            FieldValue::from("ä1"),
            FieldValue::Blob(&[0xff]),
        ];
        assert_eq!(hash(&values), "sha256:d00ef4b8442ce6d271da4b23247638f3c4698c0d0c618bbaec5b3be5af471999");
    }

    #[test]
    fn different_fields_encode_differently() {
        let text = |text| FieldValue::text(Some(text));
        let cases = [
            vec![],
            vec![FieldValue::Null],
            vec![text("")],
            vec![FieldValue::Blob(b"")],
            vec![FieldValue::Integer(0)],
            vec![FieldValue::Real(0.0)],
            vec![text("ab"), text("")],
            vec![text("a"), text("b")],
            vec![text(""), text("ab")],
            vec![text("ab")],
            vec![FieldValue::Blob(b"ab")],
        ];
        let hashes: std::collections::HashSet<_> = cases.iter().map(|values| hash(values)).collect();
        assert_eq!(hashes.len(), cases.len());
    }
}
