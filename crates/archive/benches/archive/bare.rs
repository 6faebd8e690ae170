//! The minimum work behind archiving and importing, as a baseline for the benchmark.

use std::{
    io::{self, Write as _},
    path::Path,
};

use cds_archive::COMPRESSION_LEVEL;
use rusqlite::{Connection, OpenFlags, params_from_iter, types::ValueRef};

const TEXTS: &str = "SELECT kind, file_path, signature, raw_code, normalized_code, md5sum, intent, intent_status,
                            intent_error FROM records ORDER BY id";

fn open(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it is a database")
}

/// Reads every text once and compresses it in one stream, without writing it anywhere.
pub(crate) fn compress_text(database: &Path) {
    let mut encoder = zstd::Encoder::new(io::sink(), COMPRESSION_LEVEL).expect("the level exists");
    let connection = open(database);
    let mut statement = connection.prepare(TEXTS).expect("it has records");
    let column_count = statement.column_count();
    let mut rows = statement.query([]).expect("it has records");
    while let Some(row) = rows.next().expect("it is sound") {
        for column in 0..column_count {
            if let ValueRef::Text(text) = row.get_ref(column).expect("there is such a column") {
                encoder.write_all(text).expect("a sink takes everything");
            }
        }
    }
    encoder.finish().expect("a sink takes everything");
}

/// Copies every row of the wanted tables into a new database with the same tables, indexes and triggers.
///
/// It uses prepared statements and one transaction, and is as durable as an import. It leaves out the page copies that
/// `SQLite` makes to roll back a single statement.
pub(crate) fn insert(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) {
    drop(super::open(to));
    let source = open(from);
    let mut target = Connection::open(to).expect("it was just created");
    let settings = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
    target.execute_batch(settings).expect("there are such settings");
    let transaction = target.transaction().expect("no other process uses it");
    for table in texts(&source, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid") {
        if !is_wanted(&table) {
            continue;
        }
        let names = texts(&source, &format!("SELECT name FROM pragma_table_info('{table}')"));
        let values = vec!["?"; names.len()].join(", ");
        let mut insert =
            transaction.prepare(&format!("INSERT OR FAIL INTO {table} VALUES ({values})")).expect("it is there");
        let order = if table == "intent_cache" || table == "record_hashes" { names[0].as_str() } else { "rowid" };
        let mut select = source.prepare(&format!("SELECT * FROM {table} ORDER BY {order}")).expect("it is there");
        let mut rows = select.query([]).expect("it is there");
        while let Some(row) = rows.next().expect("it is sound") {
            let values = (0..names.len()).map(|column| row.get_ref(column).expect("there is such a column"));
            insert.execute(params_from_iter(values.map(rusqlite::types::ToSqlOutput::Borrowed))).expect("it fits");
        }
    }
    transaction.commit().expect("there is room");
    target.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("no other process uses it");
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("it is correct");
    statement.query_map([], |row| row.get(0)).expect("it runs").map(|text| text.expect("it is a text")).collect()
}
