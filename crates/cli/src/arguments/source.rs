//! Which tree is read.

use std::path::PathBuf;

use anyhow::Context as _;
use cds_analyzer::{AnalysisOptions, SourceTree};
use cds_pipeline::SourcePlan;
use clap::Args;

use super::values::{parse_file_size, parse_threads};
use crate::failure::Failure;

/// What the user says about the tree.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
pub(crate) struct SourceArguments {
    /// Folder or *.py file to read
    #[arg(long, value_name = "SRC")]
    path: PathBuf,

    /// Read hidden files and files that ignore files exclude, too
    #[arg(long)]
    no_ignore: bool,

    /// Maximum size of a file; a larger one is reported as an analyzer error
    #[arg(long, value_name = "BYTES", default_value = "5MB", value_parser = parse_file_size, env = "CDS_MAX_FILE_SIZE")]
    max_file_size: u64,

    /// Number of threads that analyze; 0 uses one for each core
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_threads, allow_negative_numbers = true, env = "CDS_THREADS")]
    threads: usize,

    /// Parse every file again instead of taking the records of unchanged files from the database
    #[arg(long)]
    no_reuse: bool,
}

impl SourceArguments {
    pub(crate) fn plan(&self) -> Result<SourcePlan, Failure> {
        let tree = SourceTree::open(&self.path)
            .context("use --path")
            .map_err(|error| Failure::usage(error).with_hint("name an existing folder, or one *.py file"))?;
        Ok(SourcePlan {
            tree,
            options: AnalysisOptions { max_file_size: self.max_file_size, use_ignore_files: !self.no_ignore },
            threads: self.threads,
            may_reuse: !self.no_reuse,
            known_in: None,
        })
    }
}
