//! Which tree is read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use cds_analyzer::{AnalysisOptions, FileSelection, SourceTree, built_in_languages};
use cds_language::Language;
use cds_pipeline::SourcePlan;
use clap::Args;

use super::values::{parse_file_size, parse_threads};
use crate::failure::Failure;

/// What the user says about the tree.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
pub(crate) struct SourceArguments {
    #[command(flatten)]
    path: PathArguments,

    #[command(flatten)]
    files: FileArguments,

    /// Fail if no file can be read
    #[arg(long)]
    fail_on_empty: bool,
}

/// Which files are read, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
pub(crate) struct FileArguments {
    /// Read hidden files and files that ignore files exclude, too
    #[arg(long)]
    pub(crate) no_ignore: bool,

    /// Read only files of these languages, such as python,typescript; see cds languages
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = parse_language, env = "CDS_LANGUAGES")]
    languages: Vec<&'static Language>,

    /// Read only files whose path matches this pattern of an ignore file; repeatable
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,

    /// Leave out files whose path matches this pattern of an ignore file; repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,

    /// Maximum size of a file; a larger one is reported as an analyzer error
    #[arg(long, value_name = "BYTES", default_value = "5MB", value_parser = parse_file_size, env = "CDS_MAX_FILE_SIZE")]
    pub(crate) max_file_size: u64,

    /// Number of threads that analyze; 0 uses one for each core
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_threads, allow_negative_numbers = true, env = "CDS_THREADS")]
    pub(crate) threads: usize,

    /// Parse every file again instead of taking the records of unchanged files from the database
    #[arg(long)]
    pub(crate) no_reuse: bool,
}

/// The tree, in the place where people put it or by name.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
struct PathArguments {
    /// Folder or source file to read
    #[arg(value_name = "PATH", conflicts_with = "path")]
    place: Option<PathBuf>,

    /// The same as PATH
    #[arg(long, value_name = "PATH")]
    path: Option<PathBuf>,
}

impl PathArguments {
    /// The path, and the argument that has it.
    fn given(&self) -> Option<(&Path, &'static str)> {
        let place = self.place.as_deref().map(|path| (path, "PATH"));
        place.or(self.path.as_deref().map(|path| (path, "--path")))
    }
}

impl SourceArguments {
    pub(crate) fn plan(&self) -> Result<SourcePlan, Failure> {
        let given = self.path.given().ok_or_else(|| {
            Failure::usage(anyhow!("read a tree: no PATH is given"))
                .with_hint("name a folder, . for the current one; --path does the same")
        })?;
        self.plan_of(given)
    }

    /// The same; the current folder if no path is given.
    pub(crate) fn plan_here(&self) -> Result<SourcePlan, Failure> {
        self.plan_of(self.path.given().unwrap_or((Path::new("."), "PATH")))
    }

    /// The tree at this path, with the other choices.
    fn plan_of(&self, (path, argument): (&Path, &str)) -> Result<SourcePlan, Failure> {
        let tree = SourceTree::open(path).with_context(|| format!("use {argument}")).map_err(|error| {
            Failure::usage(error).with_hint("name an existing folder, or one file of a language of cds languages")
        })?;
        let selection = self.files.selection()?;
        Ok(SourcePlan {
            tree: tree.selecting(selection),
            options: self.files.options(),
            threads: self.files.threads,
            may_reuse: !self.files.no_reuse,
            known_in: None,
            requires_files: self.fail_on_empty,
        })
    }
}

impl FileArguments {
    /// The files that are wanted.
    pub(crate) fn selection(&self) -> Result<FileSelection, Failure> {
        FileSelection::new(self.languages.clone(), &self.include, &self.exclude)
            .context("use --include and --exclude")
            .map_err(|error| Failure::usage(error).with_hint("write a pattern as in a .gitignore file"))
    }

    /// How they are read.
    pub(crate) const fn options(&self) -> AnalysisOptions {
        AnalysisOptions { max_file_size: self.max_file_size, use_ignore_files: !self.no_ignore }
    }
}

/// The language of a name, as `cds languages` lists them.
fn parse_language(name: &str) -> Result<&'static Language, String> {
    let names = || built_in_languages().map(|language| language.id).collect::<Vec<_>>().join(", ");
    built_in_languages().find(|language| language.id == name).ok_or_else(|| format!("the languages are {}", names()))
}
