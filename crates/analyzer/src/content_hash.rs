//! What identifies the exact bytes of a file, for the accounts of a run.

use cds_model::Fingerprint;
use ring::digest::{SHA256, digest};

/// The SHA-256 of the whole content of a file.
pub(crate) fn content_hash(bytes: &[u8]) -> Fingerprint {
    Fingerprint(digest(&SHA256, bytes).as_ref().try_into().expect("a SHA-256 has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_other_tools() {
        // `sha256sum` of the same bytes.
        for (bytes, sha256) in [
            (b"".as_slice(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (b"def f():\n    return 1\n", "5b76d0962c09ab4ee309fac65fad3568c97abdec983b405146ae3e86a235e352"),
            (b"x = '\xe9'\r\n\0", "56e4dea3153247aa23411448df3320aa70743703be882a2f62ad605d26607019"),
        ] {
            assert_eq!(content_hash(bytes).to_string(), format!("sha256:{sha256}"));
        }
    }
}
