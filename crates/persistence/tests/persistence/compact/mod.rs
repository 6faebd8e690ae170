//! The compact layout: its rows are those of a plain database, and it stores what is equal once.

mod conversion;
mod others;
mod pages;
mod sharing;
mod tampering;

use std::{fmt::Write as _, path::Path, sync::Arc};

use cds_model::{Intent, Md5Sum, Record, RunSnapshot, SourceText, SymbolKind};
use cds_persistence::{Layout, OpenOptions, Persistence as _, SqlitePersistence};
use rusqlite::Connection;

use crate::samples::{mixed, source_file, texts, traced, waiting};

/// A method of the class of a file: its name, and what makes its body another one.
type Method = (&'static str, u32);

/// A file with one class.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: &'static str,
    pub(crate) methods: Vec<Method>,
}

/// Three files whose code is long enough to be shared in pieces.
pub(crate) fn sources() -> Vec<Source> {
    let methods = vec![("load", 1), ("store", 2), ("price", 3), ("close", 4)];
    ["pkg/a.py", "pkg/b.py", "pkg/c.py"].into_iter().map(|path| Source { path, methods: methods.clone() }).collect()
}

/// The snapshot of these files for project `shop`.
pub(crate) fn snapshot(sources: &[Source]) -> RunSnapshot {
    let mut snapshot = traced(mixed(), "shop");
    snapshot.records = sources.iter().flat_map(records).collect();
    snapshot.source_files = sources.iter().map(|source| source_file(source.path, 2)).collect();
    snapshot
}

fn records(source: &Source) -> Vec<Record> {
    let mut text = "import os\n\n\nclass Shop:\n".to_owned();
    let mut lines = vec![(SymbolKind::Class, 4, 0)];
    for (name, number) in &source.methods {
        let first = u32::try_from(text.lines().count()).unwrap() + 1;
        writeln!(text, "    def {name}(self):").unwrap();
        for step in 0..5 {
            writeln!(text, "        value_{step} = compute(self, {step}, {number})").unwrap();
        }
        text.push('\n');
        lines.push((SymbolKind::Method, first, first + 5));
    }
    let text = SourceText::new(text);
    lines[0].2 = text.line_count() - 1;
    lines.insert(0, (SymbolKind::File, 1, text.line_count()));
    lines
        .into_iter()
        .map(|(kind, first, last)| {
            let raw = text.slice(text.line_range(first, last));
            let normalized = normalized(&raw);
            Record {
                kind,
                file_path: source.path.into(),
                signature: (kind != SymbolKind::File).then(|| text.slice(text.line_range(first, first))),
                start_line: first,
                end_line: last,
                md5sum: Md5Sum(md5::compute(&*normalized).0),
                normalized_code: normalized,
                raw_code: raw,
                intent: Intent::Success(format!("Holds {first} in {}.", source.path)),
                question: None,
            }
        })
        .collect()
}

/// The code without empty lines and without the indent of its first line.
fn normalized(code: &str) -> Arc<str> {
    let indent = code.len() - code.trim_start_matches(' ').len();
    let lines: Vec<&str> =
        code.lines().filter(|line| !line.trim().is_empty()).map(|line| line.get(indent..).unwrap_or(line)).collect();
    lines.join("\n").into()
}

pub(crate) fn open_as(path: &Path, layout: Layout) -> SqlitePersistence {
    SqlitePersistence::open(path, &OpenOptions { layout, ..waiting(0) }).unwrap()
}

/// Saves these snapshots into a new database.
pub(crate) fn save_all(path: &Path, layout: Layout, snapshots: &[RunSnapshot]) {
    let mut persistence = open_as(path, layout);
    for snapshot in snapshots {
        persistence.save(snapshot).unwrap();
    }
    persistence.close().unwrap();
}

/// The rows of every table and view of the plain layout as text, in the order of their keys.
pub(crate) fn rows(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut lines = Vec::new();
    for table in [
        "runs",
        "records",
        "record_hashes",
        "record_questions",
        "source_files",
        "analyzer_errors",
        "not_read",
        "enrichments",
        "intent_cache",
        "units",
        "unit_history",
        "snapshot_chain",
    ] {
        let names = format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')");
        let row = texts(&connection, &names).join(" || ', ' || ");
        lines.extend(texts(&connection, &format!("SELECT '{table}: ' || {row} FROM {table} ORDER BY 1")));
    }
    lines
}
