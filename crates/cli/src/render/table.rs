//! Records as a table that fits the terminal: one line a record, cut where there is no room.

use std::io::{self, Write};

use cds_model::{IntentStatus, Record};
use unicode_width::UnicodeWidthStr as _;

pub(crate) use cds_terminal::screen::width;
use cds_terminal::{
    columns::{cut_end, cut_start},
    text::one_line,
};

const GAP: usize = 2;
/// Width from which on the whole fingerprint is shown.
const WIDE: usize = 150;
const SHORT_MD5: usize = 8;

/// Writes kind, file, lines, signature and md5 of each record, and the intent if `with_intents`.
pub(crate) fn write(writer: &mut dyn Write, records: &[Record], with_intents: bool, width: usize) -> io::Result<()> {
    let md5_width = if width >= WIDE { 32 } else { SHORT_MD5 };
    let rows: Vec<[String; 5]> = records.iter().map(|record| cells(record, md5_width)).collect();
    let header = ["KIND", "FILE", "LINES", "SIGNATURE", "MD5"].map(str::to_owned);
    let mut widths = [0; 5];
    for row in rows.iter().chain([&header]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let intent_width = fit(&mut widths, width, with_intents);
    write_row(writer, &header, &widths, with_intents.then_some("INTENT"), intent_width)?;
    for (row, record) in rows.iter().zip(records) {
        let intent = with_intents.then(|| intent_cell(record));
        write_row(writer, row, &widths, intent.as_deref(), intent_width)?;
    }
    Ok(())
}

fn cells(record: &Record, md5_width: usize) -> [String; 5] {
    [
        record.kind.to_string(),
        one_line(&record.file_path),
        format!("{}-{}", record.start_line, record.end_line),
        record.signature.as_deref().map(one_line).unwrap_or_default(),
        record.md5sum.to_string()[..md5_width].to_owned(),
    ]
}

fn intent_cell(record: &Record) -> String {
    match record.intent.status() {
        IntentStatus::Success => one_line(record.intent.text().unwrap_or_default()),
        IntentStatus::Failed => format!("failed: {}", one_line(record.intent.error().unwrap_or_default())),
        IntentStatus::Skipped => "-".to_owned(),
    }
}

/// Shrinks file and signature until everything fits `width`; returns what is left for the intent.
fn fit(widths: &mut [usize; 5], width: usize, with_intents: bool) -> usize {
    let [kind, file, lines, signature, md5] = *widths;
    let column_count = if with_intents { 6 } else { 5 };
    let fixed = kind + lines + md5 + GAP * (column_count - 1);
    let free = width.saturating_sub(fixed);
    let intent = if with_intents { free.saturating_sub(file + signature).max(free / 2) } else { 0 };
    let shared = free - intent;
    // The file gets what it needs up to half of what there is, the signature the rest.
    let file =
        if file + signature <= shared { file } else { file.min((shared / 2).max(shared.saturating_sub(signature))) };
    widths[1] = file;
    widths[3] = signature.min(shared - file);
    intent
}

fn write_row(
    writer: &mut dyn Write,
    cells: &[String; 5],
    widths: &[usize; 5],
    intent: Option<&str>,
    intent_width: usize,
) -> io::Result<()> {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // The end of a path says more than its beginning.
        let cut = if column == 1 { cut_start(cell, *width) } else { cut_end(cell, *width) };
        line.push_str(&cut);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cut.width()) + GAP));
    }
    line.push_str(&cut_end(intent.unwrap_or_default(), intent_width));
    writeln!(writer, "{}", line.trim_end())
}

#[cfg(test)]
mod tests {
    use cds_model::{Intent, Md5Sum, SymbolKind};

    use super::*;

    fn record(path: &str, signature: &str) -> Record {
        Record {
            kind: SymbolKind::Function,
            file_path: path.into(),
            signature: Some(signature.into()),
            start_line: 10,
            end_line: 20,
            raw_code: "".into(),
            normalized_code: "".into(),
            md5sum: Md5Sum([0xab; 16]),
            intent: Intent::Success("Adds two numbers and gives their sum back to the caller.".to_owned()),
            question: None,
        }
    }

    fn table(width: usize, with_intents: bool) -> String {
        let records = [
            record("a.py", "def add(a, b):"),
            record("a/very/long/path/to/some/module_of_the_project.py", "def 加算(\n    数,\x1b[31m\n    other):"),
        ];
        let mut output = Vec::new();
        write(&mut output, &records, with_intents, width).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn it_looks_as_reviewed() {
        insta::assert_snapshot!("table_80", table(80, false));
        insta::assert_snapshot!("table_120_with_intents", table(120, true));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in 40..200 {
            for line in table(width, true).lines().chain(table(width, false).lines()) {
                assert!(line.width() <= width, "{width}: {line}");
            }
        }
    }
}
