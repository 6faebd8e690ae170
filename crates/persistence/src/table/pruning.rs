//! The list of everything that is removed with a pruned snapshot.
//!
//! - The ledger and its stages stay as a record of the run.
//! - Telemetry is removed: it takes most of the space, and is useful only together with its records. Telemetry of runs
//!   without a snapshot is removed with that of neighbouring snapshots; otherwise it would stay for ever.
//! - Stored answers belong to no run and stay.
//! - Definitions, their history and the chain stay: they prove what existed, and that it was pruned.

use rusqlite::{Connection, Result};
#[cfg(test)]
use {super::TABLES, std::collections::HashSet};

use super::{
    Table, analyzer_errors, enrichments, not_read, record_hashes, record_questions, records, runs,
    shared::{Query, same},
    source_files, telemetry,
};
use crate::RunId;

/// One table, and the statement that removes the rows of the runs in a JSON array.
#[derive(Debug)]
pub(crate) struct Dependent {
    pub(crate) table: &'static Table,
    delete: Query,
}

/// Removes nothing: in the compact layout, questions and hashes go with their records.
const NOTHING: &str = "DELETE FROM run_records WHERE ?1 IS NULL";

/// In the order of removal: a row before the row it refers to.
pub(crate) const DEPENDENTS: [Dependent; 9] = [
    Dependent {
        table: &record_questions::TABLE,
        delete: Query {
            plain: "
DELETE FROM record_questions
WHERE record_id IN (SELECT id FROM records WHERE run_id IN (SELECT value FROM json_each(?1)))",
            compact: NOTHING,
        },
    },
    Dependent {
        table: &record_hashes::TABLE,
        delete: Query {
            plain: "
DELETE FROM record_hashes
WHERE record_id IN (SELECT id FROM records WHERE run_id IN (SELECT value FROM json_each(?1)))",
            compact: NOTHING,
        },
    },
    Dependent {
        table: &records::TABLE,
        delete: Query {
            plain: "DELETE FROM records WHERE run_id IN (SELECT value FROM json_each(?1))",
            compact: "DELETE FROM run_records WHERE run_id IN (SELECT value FROM json_each(?1))",
        },
    },
    Dependent {
        table: &analyzer_errors::TABLE,
        delete: same("DELETE FROM analyzer_errors WHERE run_id IN (SELECT value FROM json_each(?1))"),
    },
    Dependent {
        table: &not_read::TABLE,
        delete: same("DELETE FROM not_read WHERE run_id IN (SELECT value FROM json_each(?1))"),
    },
    Dependent {
        table: &source_files::TABLE,
        delete: Query {
            plain: "DELETE FROM source_files WHERE run_id IN (SELECT value FROM json_each(?1))",
            compact: "DELETE FROM run_files WHERE run_id IN (SELECT value FROM json_each(?1))",
        },
    },
    Dependent {
        table: &enrichments::TABLE,
        delete: same("DELETE FROM enrichments WHERE run_id IN (SELECT value FROM json_each(?1))"),
    },
    Dependent {
        table: &telemetry::TABLE,
        delete: same(
            "
DELETE FROM telemetry
WHERE ledger_id IN (SELECT run_id FROM runs_ledger WHERE snapshot_id IN (SELECT value FROM json_each(?1)))",
        ),
    },
    Dependent { table: &runs::TABLE, delete: same("DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?1))") },
];

/// Row ids are in the order in which the runs began, independent of any clock.
const DELETE_STRAY_TELEMETRY: &str = "
DELETE FROM telemetry
WHERE ledger_id IN (
    SELECT run_id
    FROM runs_ledger
    WHERE snapshot_id IS NULL AND status <> 'running'
      AND rowid < (SELECT min(rowid) FROM runs_ledger WHERE snapshot_id IN (SELECT id FROM runs)))";

/// Removes the telemetry of ended runs without a snapshot that began before the oldest run with an existing snapshot.
pub(crate) fn delete_stray_telemetry(connection: &Connection) -> Result<usize> {
    connection.execute(DELETE_STRAY_TELEMETRY, [])
}

/// Removes the rows of these runs; returns the number of rows removed.
pub(crate) fn delete(connection: &Connection, dependent: &Dependent, runs: &[RunId]) -> Result<usize> {
    let numbers: Vec<String> = runs.iter().map(ToString::to_string).collect();
    connection.execute(dependent.delete.sql(connection)?, [format!("[{}]", numbers.join(","))])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables that `table` refers to, according to its definition.
    fn parents(connection: &Connection, table: &str) -> Vec<String> {
        let sql = r#"SELECT "table" FROM pragma_foreign_key_list(?1)"#;
        connection.prepare(sql).unwrap().query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn tables_are_pruned_before_their_parents() {
        let connection = Connection::open_in_memory().unwrap();
        for table in TABLES {
            connection.execute_batch(table.create).unwrap();
        }
        let mut hanging = HashSet::from(["runs"]);
        // Each round finds tables that are one reference further away.
        for _ in TABLES {
            for table in TABLES {
                if parents(&connection, table.name).iter().any(|parent| hanging.contains(parent.as_str())) {
                    hanging.insert(table.name);
                }
            }
        }
        let order = DEPENDENTS.map(|dependent| dependent.table.name);
        for table in hanging {
            let position = order.iter().position(|name| *name == table);
            assert!(position.is_some(), "{table} refers to a run and is not in the list");
            for parent in parents(&connection, table) {
                assert!(position < order.iter().position(|name| *name == parent), "{table} is pruned after {parent}");
            }
        }
    }
}
