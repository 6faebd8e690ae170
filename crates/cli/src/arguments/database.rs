//! Which database is used.

use std::{path::PathBuf, time::Duration};

use cds_persistence::OpenOptions;
use clap::Args;

use super::values::parse_duration;

/// What the user says about the database.
#[derive(Debug, Args)]
pub(crate) struct DatabaseArguments {
    /// The SQLite file; a command that writes creates it if missing, its folder is not created
    #[arg(long, value_name = "FILE", env = "CDS_DB_PATH")]
    pub(crate) db_path: PathBuf,

    /// How long to wait for a database that another process holds
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration, env = "CDS_BUSY_TIMEOUT")]
    busy_timeout: Duration,
}

impl DatabaseArguments {
    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions { busy_timeout: self.busy_timeout }
    }
}
