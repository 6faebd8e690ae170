//! Objects that a pack holds as the difference from another.

use anyhow::{Context as _, Result, ensure};

use super::LARGEST_OBJECT;

/// The object that `delta` makes of `base`.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> Result<Vec<u8>> {
    let mut delta = Reader(delta);
    let base_size = delta.size()?;
    ensure!(base_size == base.len() as u64, "its base has another size");
    let size = delta.size()?;
    ensure!(size <= LARGEST_OBJECT, "it has more than {LARGEST_OBJECT} bytes");
    let size = usize::try_from(size)?;
    let mut object = Vec::with_capacity(size);
    while let Some(instruction) = delta.next() {
        let piece = if instruction & 0x80 == 0 {
            ensure!(instruction != 0, "its difference has an instruction that is not known");
            delta.take(usize::from(instruction))?
        } else {
            let start = delta.number(instruction, 4)?;
            let length = match delta.number(instruction >> 4, 3)? {
                0 => 0x1_0000,
                length => length,
            };
            base.get(start..start.saturating_add(length))
                .context("its difference copies what its base does not have")?
        };
        ensure!(piece.len() <= size - object.len(), "its difference gives more than it says");
        object.extend_from_slice(piece);
    }
    ensure!(object.len() == size, "its difference gives less than it says");
    Ok(object)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (piece, rest) = self.0.split_at_checked(length).context("its difference ends too early")?;
        self.0 = rest;
        Ok(piece)
    }

    /// Seven bits a byte, the lowest first.
    fn size(&mut self) -> Result<u64> {
        let mut size = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.next().context("its difference ends too early")?;
            size |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(size);
            }
        }
        anyhow::bail!("its difference has a size that is too large")
    }

    /// A number of up to `byte_count` bytes, the lowest first; only those are there whose bit is set.
    fn number(&mut self, bits: u8, byte_count: u8) -> Result<usize> {
        let mut number = 0;
        for at in (0..byte_count).filter(|at| bits & (1 << at) != 0) {
            number |= usize::from(self.next().context("its difference ends too early")?) << (8 * at);
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_inserts_make_the_object() {
        // Sizes 10 and 7; copy 4 bytes from 2; insert 3.
        assert_eq!(apply(b"0123456789", &[10, 7, 0x91, 2, 4, 3, b'a', b'b', b'c']).unwrap(), b"2345abc");
        // No length is the longest one.
        let base = vec![7; 0x1_0000];
        assert_eq!(apply(&base, &[0x80, 0x80, 4, 0x80, 0x80, 4, 0x80]).unwrap(), base);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let base = b"0123456789";
        for delta in [
            &[][..],
            &[10],
            &[9, 1, 1, b'a'],
            &[10, 1, 0],
            &[10, 2, 1, b'a'],
            &[10, 1, 2, b'a', b'b'],
            &[10, 5, 5, b'a'],
            &[10, 4, 0x91, 8, 4],
            &[10, 4, 0x91, 8],
            &[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            &[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(apply(base, delta).is_err(), "{delta:?}");
        }
    }
}
