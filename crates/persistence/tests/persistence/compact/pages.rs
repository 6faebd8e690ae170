//! Every query of the pages gives the same rows in both layouts.

use std::{fs, path::Path};

use cds_persistence::{Layout, Persistence as _};
use rusqlite::Connection;

use super::{open_as, snapshot, sources};
use crate::{
    accepted::acceptance,
    runs::{six_runs, telemetry_row},
    samples::{answer, asked, at, make_database, texts, traced, workplace},
    schema_page::{is_of_compact_layout, queries},
    verify::grown,
};

/// The rows of a query as text; its own order counts.
fn rows(connection: &Connection, sql: &str) -> Vec<String> {
    let statement = connection.prepare(sql).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let row = columns.iter().map(|name| format!("quote(\"{name}\")")).collect::<Vec<_>>().join(" || ', ' || ");
    let sql = sql.trim_end().trim_end_matches(';');
    texts(connection, &format!("SELECT {row} FROM ({sql})"))
}

#[test]
fn page_queries_give_the_same_rows() {
    let (_directory, plain) = workplace();
    let (_other, compact) = workplace();
    grown(&plain);
    six_runs(&plain);
    make_database(&plain, &telemetry_row(2, "LLM_CALL", "NULL", r#"{"latency_ms":12.5,"status":"ok"}"#));
    let mut persistence = open_as(&plain, Layout::Plain);
    for snapshot in [traced(asked(), "shop"), snapshot(&sources()), snapshot(&sources()[..1])] {
        persistence.save(&snapshot).unwrap();
    }
    persistence.keep_answers(&[answer(2), answer(9)], at(0)).unwrap();
    persistence.accept_duplicates(&[acceptance("near", "00ff")], at(0)).unwrap();
    persistence.convert(Layout::Plain, &|_| {}).unwrap();
    persistence.close().unwrap();
    fs::copy(&plain, &compact).unwrap();
    let mut persistence = open_as(&compact, Layout::Plain);
    assert!(persistence.convert(Layout::Compact, &|_| {}).unwrap());
    persistence.close().unwrap();
    let (plain, compact) = (Connection::open(&plain).unwrap(), Connection::open(&compact).unwrap());
    let mut count = 0;
    for page in ["schema.md", "runs.md"] {
        let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page)).unwrap();
        for sql in queries(&page) {
            if sql.starts_with("SELECT") && !is_of_compact_layout(sql) {
                assert_eq!(rows(&compact, sql), rows(&plain, sql), "{sql}");
                count += 1;
            }
        }
    }
    assert!(count >= 20, "only {count} queries were found");
}
