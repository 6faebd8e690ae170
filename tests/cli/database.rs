//! Reads a database without the product's own code.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Map, Value};

use crate::{PATIENCE, place::is_compact};

/// The required tables as another program may create them.
pub(crate) const CONTRACT: &str = "
create table runs (id integer primary key, started_at text not null, finished_at text not null,
  root_path text not null, provider_url text not null, model text not null, scope text not null,
  progress_batch_size integer not null, status text not null, analyzer_error_count integer not null,
  intent_failed_count integer not null, record_count integer not null);
create table records (id integer primary key, run_id integer not null references runs(id), kind text not null,
  file_path text not null, signature text, start_line integer not null, end_line integer not null,
  raw_code text not null, normalized_code text not null, md5sum text not null, intent text,
  intent_status text not null, intent_error text);";

/// The statements for the layout that the tests run on. A view has no `BEFORE` and `AFTER` triggers, and only
/// `run_records` gets a row with each snapshot.
pub(crate) fn in_layout(sql: &str) -> String {
    if !is_compact() {
        return sql.to_owned();
    }
    sql.replace("INSERT ON records WHEN NEW.signature = 'def f3():'", "INSERT ON run_records")
        .replace("INSERT ON records", "INSERT ON run_records")
        .replace("DELETE ON records", "DELETE ON run_records")
        .replace("DROP TABLE record_hashes", "DROP VIEW record_hashes")
}

/// An existing database. It is opened for writing because a read-only connection would leave its log beside the file.
pub(crate) struct Database {
    connection: Connection,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).expect("the database can be opened");
        connection.busy_timeout(PATIENCE).expect("it can be set");
        Self { connection }
    }

    /// Creates a database and runs `sql` in it.
    pub(crate) fn create(path: &Path, sql: &str) {
        let connection = Connection::open(path).expect("the database can be created");
        connection.execute_batch(sql).expect("the statements are right");
        connection.close().expect("the database can be closed");
    }

    /// Runs statements that return no rows.
    pub(crate) fn execute(&self, sql: &str) {
        self.connection.execute_batch(&in_layout(sql)).expect("the statements are right");
    }

    /// Whether no other connection is writing.
    #[cfg(unix)]
    pub(crate) fn is_free(&self) -> bool {
        let wait_at_most = |time| self.connection.busy_timeout(time).expect("it can be set");
        wait_at_most(Duration::ZERO);
        let is_free = self.connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok();
        wait_at_most(PATIENCE);
        is_free
    }

    /// All rows, each as an object keyed by column.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Value> {
        let mut statement = self.connection.prepare(sql).expect("the query is right");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| {
            let cells =
                names.iter().enumerate().map(|(column, name)| Ok((name.clone(), json_of(row.get_ref(column)?))));
            Ok(Value::Object(cells.collect::<rusqlite::Result<Map<_, _>>>()?))
        });
        rows.expect("the query runs").map(|row| row.expect("a row")).collect()
    }

    /// The first column of all rows, which must be text.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        let mut statement = self.connection.prepare(sql).expect("the query is right");
        let rows = statement.query_map([], |row| row.get(0)).expect("the query runs");
        rows.map(|row| row.expect("a text")).collect()
    }

    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.connection.query_row(sql, [], |row| row.get(0)).expect("a number")
    }

    /// The records of a run in order, with all columns except the two ids.
    pub(crate) fn records(&self, run_id: i64) -> Vec<Value> {
        let mut records = self.rows(&format!("SELECT * FROM records WHERE run_id = {run_id} ORDER BY id"));
        for record in &mut records {
            let fields = record.as_object_mut().expect("a row is an object");
            fields.remove("id");
            fields.remove("run_id");
        }
        records
    }

    /// The whole database as text: every definition, then every row of every table.
    pub(crate) fn dump(&self) -> Vec<String> {
        let mut lines = self.texts("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name");
        for table in self.texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
            let rows = self.rows(&format!("SELECT * FROM \"{table}\" ORDER BY 1"));
            lines.extend(rows.iter().map(|row| format!("{table}: {row}")));
        }
        lines
    }

    /// The same without kept answers and the ledger, which outlive a failed run.
    pub(crate) fn dump_of_runs(&self) -> Vec<String> {
        let staying = ["intent_cache: ", "runs_ledger: ", "ledger_details: ", "stage_runs: ", "telemetry: "];
        self.dump().into_iter().filter(|line| !staying.iter().any(|table| line.starts_with(table))).collect()
    }

    /// How each run ended, in order: its status and, if something went wrong, why.
    pub(crate) fn ends(&self) -> Vec<String> {
        self.texts("SELECT status || coalesce(': ' || error, '') FROM runs_ledger ORDER BY rowid")
    }

    /// The same without the runs that were refused the lock.
    pub(crate) fn ends_with_lock(&self) -> Vec<String> {
        let mut ends = self.ends();
        ends.retain(|end| !end.starts_with("failed: failed to take lock "));
        ends
    }

    /// The same for the stages of the latest run, each with its name.
    pub(crate) fn latest_stages(&self) -> Vec<String> {
        self.texts(
            "SELECT stage || ' ' || status || coalesce(': ' || error, '') FROM stage_runs
             WHERE ledger_id = (SELECT run_id FROM runs_ledger ORDER BY rowid DESC LIMIT 1) ORDER BY rowid",
        )
    }

    /// The number of kept answers.
    pub(crate) fn kept_count(&self) -> usize {
        usize::try_from(self.number("SELECT count(*) FROM intent_cache")).expect("a count")
    }

    /// Asserts that the file has no damage.
    #[track_caller]
    pub(crate) fn check_integrity(&self) {
        assert_eq!(self.texts("PRAGMA integrity_check"), ["ok"]);
    }
}

fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => std::str::from_utf8(text).expect("text is UTF-8").into(),
        // Only hashes are stored as bytes.
        ValueRef::Blob(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat().into(),
    }
}
