//! A self-contained page: no server, no network, no other file.
//!
//! The page is fixed text around data. The data are JSON in elements that no browser runs, with every `<` escaped, so
//! that nothing in them can end the element; the program of the page puts them on the screen as text. A policy in the
//! page forbids everything but this program and this style, which are named by their hashes. Code stands in chunks of
//! its own that are parsed when a reader opens them, so that a page of thousands of groups opens at once.

mod code;
mod data;
mod policy;
mod rows;

use std::io::{self, Write};

use serde::Serialize;

use self::{code::CodeTable, rows::RowsTable};
use super::Findings;
use cds_terminal::safe_json;

const PROGRAM: &str = concat!(include_str!("rows.js"), include_str!("page.js"));
const STYLE: &str = include_str!("page.css");

/// Writes the page.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    let mut code = CodeTable::default();
    let mut rows = RowsTable::default();
    let report = data::report(findings, &mut code, &mut rows);
    write!(
        writer,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>Duplicates</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<noscript><p>This report is drawn by a program inside of it, which needs JavaScript.</p></noscript>\n",
        policy::of(PROGRAM, STYLE),
    )?;
    write_data(writer, "report", &report)?;
    for (index, chunk) in code.chunks().enumerate() {
        write_data(writer, &format!("code-{index}"), &chunk)?;
    }
    for (index, chunk) in rows.chunks().enumerate() {
        write_data(writer, &format!("rows-{index}"), &chunk)?;
    }
    write!(writer, "<script>{PROGRAM}</script>\n</body>\n</html>\n")
}

fn write_data(writer: &mut dyn Write, id: &str, value: &impl Serialize) -> io::Result<()> {
    write!(writer, "<script type=\"application/json\" id=\"{id}\">")?;
    safe_json::to_writer(&mut WithoutMarkup(&mut *writer), value)?;
    writeln!(writer, "</script>")
}

/// Passes JSON on with every `<` as an escape; outside of strings JSON has none.
struct WithoutMarkup<'a>(&'a mut dyn Write);

impl Write for WithoutMarkup<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for (index, part) in bytes.split(|byte| *byte == b'<').enumerate() {
            if index > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests;
