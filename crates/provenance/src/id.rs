//! The ids of git's objects.

use std::fmt;

use gix::{ObjectId, hash};

use crate::error::{Result, library};

/// The id of an object, of either hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(crate) ObjectId);

impl Id {
    /// Exactly as many hexadecimal digits as the hash has.
    pub(crate) fn from_hex(hash: hash::Kind, text: &[u8]) -> Option<Self> {
        (text.len() == hash.len_in_hex()).then(|| ObjectId::from_hex(text).ok().map(Self)).flatten()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The id of an object with that content.
pub(crate) fn id_of(hash: hash::Kind, kind: gix::objs::Kind, content: &[u8]) -> Result<ObjectId> {
    gix::objs::compute_hash(hash, kind, content).map_err(library)
}

#[cfg(test)]
mod tests {
    use gix::objs::Kind;

    use super::*;

    #[test]
    fn ids_are_those_of_git() {
        let empty = |hash| id_of(hash, Kind::Blob, b"").unwrap().to_string();
        assert_eq!(empty(hash::Kind::Sha1), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(empty(hash::Kind::Sha256), "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813");
        let id = Id::from_hex(hash::Kind::Sha1, b"4b825DC642cb6eb9a060e54bf8d69288fbee4904").unwrap();
        assert_eq!(id.0, id_of(hash::Kind::Sha1, Kind::Tree, b"").unwrap());
    }

    #[test]
    fn other_lengths_and_letters_are_refused() {
        let of = |hash, text: &str| Id::from_hex(hash, text.as_bytes());
        for text in ["", "4b825dc642cb6eb9a060e54bf8d69288fbee490", "4b825dc642cb6eb9a060e54bf8d69288fbee490g"] {
            assert_eq!(of(hash::Kind::Sha1, text), None, "{text}");
        }
        assert_eq!(of(hash::Kind::Sha256, &"0".repeat(40)), None);
    }
}
