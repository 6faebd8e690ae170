//! Records as JSON: a contract, changed only by adding fields.

use std::io::{self, Write};

use cds_model::{AnalyzerError, Record};
use cds_terminal::safe_json;
use serde::Serialize;

use crate::arguments::SCHEMA_VERSION;

#[derive(Serialize)]
struct RecordFields<'a> {
    kind: &'a str,
    file_path: &'a str,
    signature: Option<&'a str>,
    start_line: u32,
    end_line: u32,
    raw_code: &'a str,
    normalized_code: &'a str,
    md5sum: String,
    intent: Option<&'a str>,
    intent_status: &'a str,
    intent_error: Option<&'a str>,
}

#[derive(Serialize)]
struct ErrorFields<'a> {
    file_path: &'a str,
    line: Option<u32>,
    reason: &'a str,
}

impl<'a> From<&'a Record> for RecordFields<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            kind: record.kind.as_str(),
            file_path: &record.file_path,
            signature: record.signature.as_deref(),
            start_line: record.start_line,
            end_line: record.end_line,
            raw_code: &record.raw_code,
            normalized_code: &record.normalized_code,
            md5sum: record.md5sum.to_string(),
            intent: record.intent.text(),
            intent_status: record.intent.status().as_str(),
            intent_error: record.intent.error(),
        }
    }
}

impl<'a> From<&'a AnalyzerError> for ErrorFields<'a> {
    fn from(error: &'a AnalyzerError) -> Self {
        Self { file_path: &error.file_path, line: error.line, reason: &error.reason }
    }
}

/// Writes `{"schema_version":1,"records":[…],"errors":[…]}`, one record or error a line.
pub(crate) fn write(writer: &mut dyn Write, records: &[Record], errors: &[AnalyzerError]) -> io::Result<()> {
    write!(writer, "{{\"schema_version\":{SCHEMA_VERSION},\"records\":[")?;
    write_list(writer, records.iter().map(RecordFields::from))?;
    write!(writer, "],\"errors\":[")?;
    write_list(writer, errors.iter().map(ErrorFields::from))?;
    writeln!(writer, "]}}")
}

fn write_list(writer: &mut dyn Write, items: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    for (index, item) in items.enumerate() {
        writer.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        safe_json::to_writer(&mut *writer, &item)?;
    }
    Ok(())
}
