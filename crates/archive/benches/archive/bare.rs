//! What archiving and importing cannot do without.

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

/// Every text is read and compressed once, in one stream, and written nowhere.
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

/// Every row of the wanted tables is read and written once, by prepared statements, in one transaction, into a new
/// database with the same tables, indexes and triggers, and as durable; without the copies that SQLite makes of pages in
/// case a single statement is taken back.
pub(crate) fn insert(from: &Path, to: &Path, is_wanted: &dyn Fn(&str) -> bool) {
    drop(super::open(to));
    let source = open(from);
    let mut target = Connection::open(to).expect("it was just created");
    let settings = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
    target.execute_batch(settings).expect("there are such settings");
    let transaction = target.transaction().expect("nobody else has it");
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
    target.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("nobody else has it");
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("it is correct");
    statement.query_map([], |row| row.get(0)).expect("it runs").map(|text| text.expect("it is a text")).collect()
}
