//! The commit of a tree, and how well it describes the tree.

use std::sync::atomic::AtomicBool;

use cds_model::CodeRef;

use crate::{
    changes::{AnalyzedTree, Change, ChangeKind},
    commit::Authorship,
    repository::Repository,
};

/// Where a tree comes from, as its repository says.
#[derive(Debug, Default)]
pub struct Origin {
    /// Its commit, with `-dirty` when the tree surely differs from it; the note says what is known.
    pub code_ref: CodeRef,
    /// Who made that commit, where the tree is as it was committed. What was changed since then has no author yet.
    pub authorship: Authorship,
}

impl Repository {
    /// Where `tree`, which lies in this repository, comes from. What is not known is said in the note.
    ///
    /// `stopped` says why an interrupt came.
    pub fn origin(&self, tree: AnalyzedTree<'_>, interrupt: &AtomicBool, stopped: &str) -> Origin {
        let known = |commit, note: String| Origin { code_ref: CodeRef { commit, note }, ..Origin::default() };
        let commit = match self.head() {
            Ok(commit) => commit,
            Err(error) => return known(None, error.to_string()),
        };
        match self.first_change(&commit, tree, interrupt) {
            Ok(None) => Origin {
                authorship: self.authorship(&commit, interrupt).unwrap_or_default(),
                ..known(Some(commit.to_string()), "read from the repository".to_owned())
            },
            Ok(Some(change)) => {
                let note = format!("read from the repository; {}", described(&change));
                known(Some(format!("{commit}-dirty")), note)
            }
            Err(error) => {
                let why = if error.is_interrupt() { stopped.to_owned() } else { error.to_string() };
                let note = format!("read from the repository; whether it is dirty is not known: {why}");
                known(Some(commit.to_string()), note)
            }
        }
    }
}

fn described(change: &Change) -> String {
    let what = match change.kind {
        ChangeKind::Staged => "is staged otherwise than it is committed",
        ChangeKind::Changed => "is changed",
        ChangeKind::Untracked => "is not tracked",
    };
    let path = if change.path.is_empty() { "." } else { &change.path };
    format!("dirty, since {path} {what}")
}
