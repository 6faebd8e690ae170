//! The output formats of the findings, one file each.
//!
//! Every format shows the same groups in the same order. Text from code, files or models is escaped for the reader of the
//! format.

pub mod align;
mod copies;
mod csv;
pub mod diff;
pub mod explain;
mod fields;
pub mod gates;
mod github;
mod gitlab;
mod html;
mod json;
mod markdown;
mod ndjson;
mod sarif;
mod table;

use std::io::{self, Write};

use cds_findings::Findings;
use cds_terminal::screen::Screen;
pub use copies::left_out;

/// The output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns that fit the terminal.
    Table,
    /// One object with every field.
    Json,
    /// One object a group, each on its line; the totals in the last.
    Ndjson,
    /// One row a member.
    Csv,
    /// A comment for a pull request.
    Markdown,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A code quality report of GitLab.
    Gitlab,
    /// Annotations of GitHub Actions.
    Github,
    /// One offline page.
    Html,
}

/// Writes `findings` in the wanted format; only the table uses the screen.
pub fn write(format: Format, writer: &mut dyn Write, findings: &Findings, screen: &Screen) -> io::Result<()> {
    match format {
        Format::Table => table::write(writer, findings, screen),
        Format::Json => json::write(writer, findings),
        Format::Ndjson => ndjson::write(writer, findings),
        Format::Csv => csv::write(writer, findings),
        Format::Markdown => markdown::write(writer, findings),
        Format::Sarif => sarif::write(writer, findings),
        Format::Gitlab => gitlab::write(writer, findings),
        Format::Github => github::write(writer, findings),
        Format::Html => html::write(writer, findings),
    }
}
