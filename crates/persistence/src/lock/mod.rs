//! The one-writer lock.
