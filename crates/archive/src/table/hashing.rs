//! Hashes a file while it is written, so that it need not be read again.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use ring::digest::{Context, SHA256};

/// Passes all bytes on, and counts and hashes them.
pub(crate) struct HashingWriter<W> {
    inner: W,
    context: Context,
    byte_count: u64,
}

impl<W: Write> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, context: Context::new(&SHA256), byte_count: 0 }
    }

    pub(crate) fn inner(&self) -> &W {
        &self.inner
    }

    /// The number of bytes written so far.
    pub(crate) fn byte_count(&self) -> u64 {
        self.byte_count
    }

    /// The SHA-256 of these bytes, as 64 lower-case hexadecimal digits.
    pub(crate) fn sha256(&self) -> String {
        hex(self.context.clone().finish().as_ref())
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.context.update(&bytes[..written]);
        self.byte_count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Formats bytes as lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
