//! What is written down about an invocation.

use std::path::Path;

use cds_model::LedgerId;
use cds_pipeline::{AccountPlan, SourcePlan};
use clap::Args;

use super::{DatabaseArguments, LockArguments, values::parse_notes};
use crate::provenance::{AnalyzedTree, Origin, is_source, origin, parse_code_ref, parse_project, project_name};

/// Where the accounts of an invocation are kept, and what they say.
#[derive(Debug, Args)]
pub(crate) struct TrackingArguments {
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,

    #[command(flatten)]
    pub(crate) lock: LockArguments,

    #[command(flatten)]
    pub(crate) account: AccountArguments,
}

/// What the user says about the project.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger options")]
pub(crate) struct ProjectArguments {
    /// Name of the project [default: the name of its repository, else of its folder]
    #[arg(long, value_name = "NAME", value_parser = unless_empty(parse_project), env = "CDS_PROJECT")]
    project: Option<String>,
}

impl ProjectArguments {
    /// What the project of the tree at `root` is called.
    pub(crate) fn name(&self, root: &Path) -> String {
        project_name(given(self.project.as_deref()), root)
    }
}

/// What the user says about the invocation itself.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger options")]
pub(crate) struct AccountArguments {
    #[command(flatten)]
    project: ProjectArguments,

    /// Commit of the tree [default: from its repository, else from the variables of the CI system]
    #[arg(long, value_name = "COMMIT", value_parser = unless_empty(parse_code_ref), env = "CDS_CODE_REF")]
    code_ref: Option<String>,

    /// Note to save with the run, at most 4,000 characters; line breaks become spaces
    #[arg(long, value_name = "TEXT", value_parser = parse_notes, default_value = "", hide_default_value = true, env = "CDS_NOTES")]
    notes: String,

    /// Id of this run in the ledger, a UUID [default: a new one]
    #[arg(long, value_name = "UUID", value_parser = parse_ledger_id)]
    ledger_id: Option<LedgerId>,
}

impl AccountArguments {
    /// Looks at the tree's repository for the project's name.
    pub(crate) fn plan(&self, source: &SourcePlan) -> AccountPlan {
        AccountPlan {
            given_id: self.ledger_id,
            project: self.project(source),
            notes: self.notes.clone(),
            request: None,
        }
    }

    /// What the project of the tree is called.
    pub(crate) fn project(&self, source: &SourcePlan) -> String {
        self.project.name(source.tree.root())
    }

    /// Where the tree comes from as it is now; nothing of its repository is executed.
    pub(crate) fn origin(&self, source: &SourcePlan) -> Origin {
        let (root, uses_ignore_files) = (source.tree.root(), source.options.use_ignore_files);
        let tree = AnalyzedTree { root, uses_ignore_files, is_source };
        origin(given(self.code_ref.as_deref()), &|name| std::env::var(name).ok(), tree)
    }
}

/// An empty variable, as CI systems set them, says nothing.
pub(super) fn unless_empty(
    parse: fn(&str) -> Result<String, String>,
) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync + 'static {
    move |text| if text.is_empty() { Ok(String::new()) } else { parse(text) }
}

pub(super) fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// A UUID with hyphens.
pub(crate) fn parse_ledger_id(text: &str) -> Result<LedgerId, String> {
    text.parse().map_err(|()| "accepted is a UUID such as 019a9f3e-1c2b-7def-8123-456789abcdef".to_owned())
}
