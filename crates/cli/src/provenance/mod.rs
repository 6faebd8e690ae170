//! Where the analyzed tree comes from: its commit, who made that, whether the tree differs from it, and what the project
//! is called.
//!
//! Repositories are read, never run: no git process, no hook, no filter, no monitor. What is read may be hostile, so
//! that every file, object, chain and walk has a bound, and everything past it is a reason instead of an answer.

mod changes;
mod clock;
mod code_ref;
mod commit;
mod config;
mod files;
mod head;
mod id;
mod index;
mod objects;
mod prefix;
mod project;
mod repository;
mod shared;
mod staged;
#[cfg(test)]
mod tests;
mod untracked;
mod working_tree;

pub(crate) use code_ref::{AnalyzedTree, Origin, origin, parse_code_ref};
pub(crate) use commit::Authorship;
pub(crate) use prefix::{part_name, path_prefix};
pub(crate) use project::{parse_project, project_name};
pub(crate) use shared::is_tracked;
