//! From a tree to a snapshot.
