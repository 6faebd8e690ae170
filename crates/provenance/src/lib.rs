//! What version control says of a tree: its commit, who made that, whether the tree differs from it, what the project
//! is called, and what a commit holds.
//!
//! Repositories are read, never run: no git process, no hook, no filter, no monitor. What is read may be hostile, so
//! that every file, object, chain and walk has a bound, and everything past it is a reason instead of an answer. The
//! caller stops a look that takes too long with an interrupt.
//!
//! `gix` decodes what git writes. It is used piece by piece, and not through its own type for a repository: that one
//! opens files without a bound, follows the repository's configuration, and reads the environment.

mod changes;
mod commit;
mod config;
mod conversion;
mod error;
mod files;
mod id;
mod index;
mod objects;
mod origin;
mod ownership;
mod place;
mod project;
mod references;
mod repository;
mod staged;
mod store;
#[cfg(test)]
mod tests;
mod tree;
mod untracked;
mod walk;
mod worktree;

pub use changes::{AnalyzedTree, Change, ChangeKind};
pub use commit::Authorship;
pub use error::{Error, Result};
pub use files::{path_from_git, path_to_git};
pub use id::Id;
pub use origin::Origin;
pub use ownership::SafeDirectories;
pub use place::{part_name, path_prefix};
pub use repository::Repository;
pub use store::{Commit, Store, TreeChange};
pub use tree::{CommitTree, CommittedFile, FileKind};
pub use walk::{Order, Walk};
