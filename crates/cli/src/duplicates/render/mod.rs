//! What was found in each of its forms, one file each.
//!
//! Every form shows the same groups in the same order. What comes from code, files or models is made safe for whatever
//! reads the form.

mod align;
mod copies;
mod csv;
pub(crate) mod diff;
mod fields;
mod github;
mod gitlab;
mod html;
mod json;
mod markdown;
mod ndjson;
mod sarif;
mod table;

use std::io::{self, Write};

pub(crate) use copies::left_out;

use super::Findings;
use crate::{arguments::DupFormat, render::screen::Screen};

/// Writes `findings` in the form that was asked for; only the table looks at the screen.
pub(crate) fn write(format: DupFormat, writer: &mut dyn Write, findings: &Findings, screen: &Screen) -> io::Result<()> {
    match format {
        DupFormat::Table => table::write(writer, findings, screen),
        DupFormat::Json => json::write(writer, findings),
        DupFormat::Ndjson => ndjson::write(writer, findings),
        DupFormat::Csv => csv::write(writer, findings),
        DupFormat::Markdown => markdown::write(writer, findings),
        DupFormat::Sarif => sarif::write(writer, findings),
        DupFormat::Gitlab => gitlab::write(writer, findings),
        DupFormat::Github => github::write(writer, findings),
        DupFormat::Html => html::write(writer, findings),
    }
}
