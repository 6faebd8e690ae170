//! The ids of git's objects: SHA-1 or SHA-256 over a kind, a length and the content.

use std::fmt;

use ring::digest::{Algorithm, Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// Which hash a repository uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    /// The length of an id in bytes.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
        }
    }

    /// A hash over bytes that are no object.
    pub(super) fn plain(self) -> Context {
        Context::new(self.algorithm())
    }

    /// The beginning of the hash of an object of `size` bytes; its content is still to come.
    pub(super) fn object(self, kind: Kind, size: u64) -> Context {
        let mut context = self.plain();
        context.update(format!("{} {size}\0", kind.as_str()).as_bytes());
        context
    }

    /// The id of an object.
    pub(super) fn id_of(self, kind: Kind, content: &[u8]) -> ObjectId {
        let mut digest = self.object(kind, content.len() as u64);
        digest.update(content);
        ObjectId::from(digest.finish())
    }
}

/// The kinds of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    /// The word in front of a loose object.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    /// The kind of that word.
    pub(super) fn from_word(word: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob, Self::Tag].into_iter().find(|kind| kind.as_str().as_bytes() == word)
    }
}

/// The id of an object, of either hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ObjectId {
    bytes: [u8; 32],
    hash: Hash,
}

impl ObjectId {
    /// The id in the first bytes of `bytes`; none when they are too few.
    pub(super) fn from_bytes(hash: Hash, bytes: &[u8]) -> Option<Self> {
        let mut id = Self { bytes: [0; 32], hash };
        id.bytes[..hash.len()].copy_from_slice(bytes.get(..hash.len())?);
        Some(id)
    }

    /// Exactly as many hexadecimal digits as the hash has.
    pub(super) fn from_hex(hash: Hash, text: &[u8]) -> Option<Self> {
        if text.len() != hash.len() * 2 {
            return None;
        }
        let mut id = Self { bytes: [0; 32], hash };
        for (byte, pair) in id.bytes.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(id)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.hash.len()]
    }

    pub(super) fn hash(&self) -> Hash {
        self.hash
    }
}

impl From<Digest> for ObjectId {
    fn from(digest: Digest) -> Self {
        let hash = if digest.algorithm() == &SHA256 { Hash::Sha256 } else { Hash::Sha1 };
        let mut id = Self { bytes: [0; 32], hash };
        id.bytes[..hash.len()].copy_from_slice(digest.as_ref());
        id
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        let empty = |hash: Hash| hash.id_of(Kind::Blob, b"").to_string();
        assert_eq!(empty(Hash::Sha1), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(empty(Hash::Sha256), "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813");
        let text = "4b825DC642cb6eb9a060e54bf8d69288fbee4904";
        assert_eq!(ObjectId::from_hex(Hash::Sha1, text.as_bytes()), Some(Hash::Sha1.id_of(Kind::Tree, b"")));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "4b825dc642cb6eb9a060e54bf8d69288fbee490", "4b825dc642cb6eb9a060e54bf8d69288fbee490g"] {
            assert_eq!(ObjectId::from_hex(Hash::Sha1, text.as_bytes()), None, "{text}");
        }
        assert_eq!(ObjectId::from_bytes(Hash::Sha256, &[0; 20]), None);
    }
}
