//! Which database is used.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::anyhow;
use cds_language::name_of;
use cds_persistence::{DatabaseAddress, Layout, OpenOptions};
use cds_pipeline::DatabasePlan;
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};

use super::values::parse_duration;
use crate::{
    failure::{ADDRESS_HINT, Failure},
    same_file,
};

/// What the user says about the database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
pub(crate) struct DatabaseArguments {
    // Not demanded by the argument parser: where the database of a project is set, and what to do where it is not, is
    // said in one place for all commands.
    /// SQLite file with the snapshots; a command that writes creates it, but not its folder
    #[arg(long, value_name = "FILE", env = "CDS_DB_PATH", hide_env_values = true)]
    db_path: Option<PathBuf>,

    /// How long to wait while another process has the database locked
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration, env = "CDS_BUSY_TIMEOUT")]
    busy_timeout: Duration,

    /// Layout of a database that is created; in a compact one, snapshots share what is equal
    #[arg(long, value_name = "LAYOUT", value_parser = PossibleValuesParser::new(LAYOUTS).map(|word| layout(&word)), default_value = "plain", env = "CDS_LAYOUT", hide = true)]
    layout: Layout,
}

/// The words for the layouts. Only the commands that are likely to create a database show the option.
const LAYOUTS: [&str; 2] = [Layout::Plain.as_str(), Layout::Compact.as_str()];

fn layout(word: &str) -> Layout {
    word.parse().unwrap_or_default()
}

/// Shows the option of the layout in the help of a command.
pub(crate) fn shown_layout(argument: clap::Arg) -> clap::Arg {
    argument.hide(false)
}

/// Which run of the database is used.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
pub(crate) struct RunArguments {
    /// Run to use: latest, latest~1, a number or the start of an id
    #[arg(long, value_name = "RUN", default_value = "latest", allow_hyphen_values = true)]
    pub(crate) run: String,
}

impl DatabaseArguments {
    /// The database of a command that cannot do without one.
    pub(crate) fn plan(&self) -> Result<DatabasePlan, Failure> {
        self.plan_if_given()?.ok_or_else(|| {
            Failure::usage(anyhow!("use a database: none is configured"))
                .with_hint("name the file with --db-path FILE, or set CDS_DB_PATH; cds scan PATH needs none")
        })
    }

    /// The database of a command that can; never one that stdout or stderr goes to.
    pub(crate) fn plan_if_given(&self) -> Result<Option<DatabasePlan>, Failure> {
        let options =
            OpenOptions { busy_timeout: self.busy_timeout, name_of, layout: self.layout, may_lose_commits: false };
        let Some(path) = self.db_path.clone() else { return Ok(None) };
        check_is_path("--db-path", &path)?;
        same_file::refuse_streams(&path)?;
        Ok(Some(DatabasePlan { path, options }))
    }
}

/// Refuses the address of a server where a path is wanted, before anything is created, and without its password.
pub(crate) fn check_is_path(option: &str, path: &Path) -> Result<(), Failure> {
    let Some(address) = DatabaseAddress::of(path) else { return Ok(()) };
    let what = anyhow!("use {option} \"{address}\": it is the address of a database, not a path");
    Err(Failure::usage(what).with_hint(ADDRESS_HINT))
}

/// What the user says about the right to write, which one process has at a time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input options")]
pub(crate) struct LockArguments {
    /// How long to wait while another command writes to the same database
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration, env = "CDS_LOCK_TIMEOUT")]
    pub(crate) lock_timeout: Duration,
}
