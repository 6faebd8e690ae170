//! The one-writer lock: a file next to what it protects, locked by the one process that may write.
//!
//! The kernel's lock decides, and the kernel releases it when the process ends in any way. The content of the file only
//! informs: who holds the lock, since when, and in which stage. The file is never deleted, so that all contenders use
//! the same file, and only the holder changes its content. This module does not know what is protected.

mod block;
mod error;
mod file;
mod held;
mod holder;
mod lost;
mod monitor;
mod path;
mod status;

pub use error::LockError;
pub use held::FileLock;
pub use holder::LockHolder;
pub use lost::{LockLost, LossReason};
pub use monitor::{LockMonitor, WATCH_INTERVAL};
pub use path::lock_path;
pub use status::{LockStatus, get_pid, is_lock_file_valid, lock_status};
