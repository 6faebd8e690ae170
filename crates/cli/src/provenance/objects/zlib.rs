//! Inflating with a bound.

use std::io::{BufRead, Read as _};

use anyhow::{Context as _, Result, ensure};
use flate2::bufread::ZlibDecoder;

/// What the stream at the beginning of `input` holds, at most `limit` bytes.
pub(super) fn inflate(input: impl BufRead, limit: u64) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    // A stream can also be long without holding anything.
    let input = input.take(limit.saturating_mul(2) + (64 << 10));
    ZlibDecoder::new(input).take(limit + 1).read_to_end(&mut content).context("inflate it")?;
    ensure!(content.len() as u64 <= limit, "it has more than {limit} bytes");
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;

    #[test]
    fn nothing_grows_past_the_limit() {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert_eq!(inflate(&bomb[..], 1 << 20).unwrap().len(), 1 << 20);
        assert_eq!(inflate(&bomb[..], 1000).unwrap_err().to_string(), "it has more than 1000 bytes");
        assert!(inflate(&bomb[..bomb.len() / 2], 1 << 20).is_err());
        assert!(inflate(&b"no stream"[..], 1 << 20).is_err());
    }
}
