//! Signals that would end the process in the middle of a write.

use std::sync::{Arc, atomic::AtomicBool};

/// Makes a write beyond the limit of file sizes an error like any other, so that the database can roll back.
#[cfg(unix)]
pub(crate) fn survive_file_size_limit() {
    // Without a handler the process runs all the same; it just dies at the limit.
    let _ = signal_hook::flag::register(libc::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Elsewhere there is no such signal.
#[cfg(not(unix))]
pub(crate) fn survive_file_size_limit() {}
