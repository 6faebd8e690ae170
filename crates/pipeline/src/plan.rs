//! What was decided about an invocation before the work begins: which tree, who is asked, where it is written.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use cds_analyzer::{AnalysisOptions, SourceTree};
use cds_llm_client::{EnrichOptions, LlmClient, ProviderKind};
use cds_model::{LedgerId, Scope};
use cds_persistence::OpenOptions;
use tokio::runtime::Runtime;

/// A tree that is there, and how to read it.
#[derive(Debug)]
pub struct SourcePlan {
    /// The tree.
    pub tree: SourceTree,
    /// Which files of it are read.
    pub options: AnalysisOptions,
    /// Threads that analyze; 0 is one for each core.
    pub threads: usize,
    /// Whether records of unchanged files may come from a database.
    pub may_reuse: bool,
    /// The database whose snapshots may have them.
    pub known_in: Option<DatabasePlan>,
    /// Whether a tree without a file that can be read ends the work.
    pub requires_files: bool,
}

impl SourcePlan {
    /// The same where the database at `path` is not counted as a file of the tree.
    #[must_use]
    pub fn without(self, path: &Path) -> Self {
        Self { tree: self.tree.without(path), ..self }
    }

    /// The same with the records of unchanged files from the snapshots of a database, unless that was ruled out.
    #[must_use]
    pub fn reusing(self, database: Option<&DatabasePlan>) -> Self {
        Self { known_in: database.filter(|_| self.may_reuse).cloned(), ..self }
    }
}

/// Where the intents of a run come from.
pub enum Intents {
    /// A provider is asked.
    Asked(Box<IntentPlan>),
    /// No provider is looked at: what the latest snapshot has is kept.
    Kept(KeptPlan),
}

/// What a run that asks nothing says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptPlan {
    /// The kinds of records that would be asked about.
    pub scope: Scope,
    /// As the contract of the database has it.
    pub progress_batch_size: NonZeroU32,
}

/// Whose snapshots a run goes on from.
#[derive(Debug, Clone, Copy)]
pub struct Predecessor<'a> {
    /// The project.
    pub project: &'a str,
    /// The part of the project; empty for all of it.
    pub part: &'a str,
    /// The tree.
    pub root: &'a Path,
}

impl Intents {
    /// The provider, if one is asked.
    pub fn asked(&self) -> Option<&IntentPlan> {
        match self {
            Self::Asked(plan) => Some(plan),
            Self::Kept(_) => None,
        }
    }
}

/// A provider that can be asked, and what it is asked about.
pub struct IntentPlan {
    /// Where the connections of the client live.
    pub runtime: Runtime,
    /// Who is asked.
    pub client: Box<dyn LlmClient>,
    /// The interface of the provider.
    pub kind: ProviderKind,
    /// The address as the caller gave it, without credentials.
    pub address: String,
    /// Which records are asked about, and how patiently.
    pub options: EnrichOptions,
    /// Whether a provider that cannot be asked ends the work.
    pub requires_provider: bool,
    /// Whether a log gets fewer lines than there are batches.
    pub has_sparse_progress: bool,
}

/// Who is accounted for, and what for.
#[derive(Debug)]
pub struct AccountPlan {
    /// The id of the invocation; none for a new one.
    pub given_id: Option<LedgerId>,
    /// The project.
    pub project: String,
    /// A note of the caller; empty for none.
    pub notes: String,
    /// What the invocation was asked to do, as the ledger keeps it.
    pub request: Option<String>,
}

/// A database that was named; whether it is there is not known yet.
#[derive(Debug, Clone)]
pub struct DatabasePlan {
    /// The file.
    pub path: PathBuf,
    /// How it is opened.
    pub options: OpenOptions,
}
