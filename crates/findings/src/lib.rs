//! From a snapshot to duplicate findings.
