//! What version control says of a tree.
