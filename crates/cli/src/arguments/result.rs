//! How a list of records is shown, and where.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use cds_terminal::{safe_json, screen::Screen};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use super::DatabaseArguments;
use crate::{failure::Failure, output::Output};

/// What the user says about the result.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output options")]
pub(crate) struct ResultArguments {
    /// Output format
    #[arg(long, value_enum, default_value_t = ResultFormat::Table, env = "CDS_FORMAT")]
    format: ResultFormat,

    /// Write the output to this file instead of stdout; it is written whole or not at all
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The forms of a list of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultFormat {
    /// Columns that fit the terminal
    Table,
    /// One object with every field
    Json,
}

/// The version of every JSON object that a command prints. Fields are only ever added; a change of meaning raises it.
pub(crate) const SCHEMA_VERSION: u32 = 1;

impl ResultFormat {
    /// Writes an answer in this form.
    pub(crate) fn write(
        self,
        writer: &mut dyn Write,
        json: impl FnOnce() -> Value,
        table: impl FnOnce(&mut dyn Write, &Screen) -> io::Result<()>,
    ) -> io::Result<()> {
        match self {
            Self::Json => write_object(writer, json()),
            Self::Table => table(writer, &Screen::of_stdout()),
        }
    }
}

/// Writes an object with the version of its schema, on one line.
pub(crate) fn write_object(writer: &mut dyn Write, mut object: Value) -> io::Result<()> {
    if let Value::Object(fields) = &mut object {
        fields.entry("schema_version").or_insert_with(|| SCHEMA_VERSION.into());
    }
    safe_json::to_writer(writer, &object)?;
    writeln!(writer)
}

/// A row as JSON.
pub(crate) fn object(row: &impl Serialize) -> Value {
    serde_json::to_value(row).expect("rows have text as keys, and nothing else can fail")
}

impl ResultArguments {
    /// The format, and a place that can be written as far as can be known now, and is no file of the database.
    pub(crate) fn plan(&self, database: &DatabaseArguments) -> Result<(ResultFormat, Output), Failure> {
        Ok((self.format, Output::open(self.output.as_deref(), database.plan_if_given()?.as_ref())?))
    }
}
