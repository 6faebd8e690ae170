//! The one-writer lock: a file beside what it protects, locked by the one process that may write.
//!
//! The lock of the kernel decides, and it is gone with its process, however that ends. What the file says only informs:
//! who holds it, since when, and in which stage. The file is never deleted, so that all contenders meet at one file, and
//! only the holder changes what it says. Nothing here knows what is protected.

mod block;
mod error;
mod file;
mod held;
mod holder;
mod lost;
mod monitor;
mod place;
mod status;

pub use error::LockError;
pub use held::FileLock;
pub use holder::LockHolder;
pub use lost::{LockLost, LossReason};
pub use monitor::{LockMonitor, WATCH_INTERVAL};
pub use place::lock_path;
pub use status::{LockStatus, get_pid, is_lock_file_valid, lock_status};
