//! How a list of records is shown, and where.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::DatabaseArguments;
use crate::{failure::Failure, output::Output};

/// What the user says about the result.
#[derive(Debug, Args)]
pub(crate) struct ResultArguments {
    /// A table for people, or JSON with every field
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT")]
    format: ResultFormat,

    /// Write the result to this file, whole or not at all, instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms of a list of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultFormat {
    /// Columns that fit the terminal.
    Table,
    /// One object with every field.
    Json,
}

impl ResultArguments {
    /// The format, and a place that can be written as far as can be known now, and is no file of the database.
    pub(crate) fn plan(&self, database: &DatabaseArguments) -> Result<(ResultFormat, Output), Failure> {
        Ok((self.format, Output::open(self.output.as_deref(), database.plan_if_given()?.as_ref())?))
    }
}
