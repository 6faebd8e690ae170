//! What goes with a snapshot when it is pruned: the one list of everything that hangs on it.
//!
//! The ledger and its stages stay, and tell of the run as long as the file is there. The telemetry goes: it is what
//! takes the room, and its sums are of use together with the records that it speaks of. Runs that ended without a
//! snapshot lose theirs with the snapshots around them, else it would never go. Kept answers belong to no run. The units, their history and the
//! chain stay: they tell what was there, and that it was removed by right.

use rusqlite::{Connection, Result};
#[cfg(test)]
use {super::TABLES, std::collections::HashSet};

use super::{Table, analyzer_errors, enrichments, not_read, record_hashes, record_questions, records, runs, telemetry};
use crate::RunId;

/// One table, and the statement that removes from it what belongs to the runs of a JSON array.
#[derive(Debug)]
pub(crate) struct Dependent {
    pub(crate) table: &'static Table,
    delete: &'static str,
}

/// In the order in which they must go: what points at a row before the row.
pub(crate) const DEPENDENTS: [Dependent; 8] = [
    Dependent {
        table: &record_questions::TABLE,
        delete: "
DELETE FROM record_questions
WHERE record_id IN (SELECT id FROM records WHERE run_id IN (SELECT value FROM json_each(?1)))",
    },
    Dependent {
        table: &record_hashes::TABLE,
        delete: "
DELETE FROM record_hashes
WHERE record_id IN (SELECT id FROM records WHERE run_id IN (SELECT value FROM json_each(?1)))",
    },
    Dependent {
        table: &records::TABLE,
        delete: "DELETE FROM records WHERE run_id IN (SELECT value FROM json_each(?1))",
    },
    Dependent {
        table: &analyzer_errors::TABLE,
        delete: "DELETE FROM analyzer_errors WHERE run_id IN (SELECT value FROM json_each(?1))",
    },
    Dependent {
        table: &not_read::TABLE,
        delete: "DELETE FROM not_read WHERE run_id IN (SELECT value FROM json_each(?1))",
    },
    Dependent {
        table: &enrichments::TABLE,
        delete: "DELETE FROM enrichments WHERE run_id IN (SELECT value FROM json_each(?1))",
    },
    Dependent {
        table: &telemetry::TABLE,
        delete: "
DELETE FROM telemetry
WHERE ledger_id IN (SELECT run_id FROM runs_ledger WHERE snapshot_id IN (SELECT value FROM json_each(?1)))",
    },
    Dependent { table: &runs::TABLE, delete: "DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?1))" },
];

/// The order of the rows is that in which the runs began, whatever the clock said.
const DELETE_STRAY_TELEMETRY: &str = "
DELETE FROM telemetry
WHERE ledger_id IN (
    SELECT run_id
    FROM runs_ledger
    WHERE snapshot_id IS NULL AND status <> 'running'
      AND rowid < (SELECT min(rowid) FROM runs_ledger WHERE snapshot_id IN (SELECT id FROM runs)))";

/// Removes the telemetry of runs that ended without a snapshot before the oldest run whose snapshot is there began.
pub(crate) fn delete_stray_telemetry(connection: &Connection) -> Result<usize> {
    connection.execute(DELETE_STRAY_TELEMETRY, [])
}

/// Removes what `dependent` has of these runs, and says how many rows there were.
pub(crate) fn delete(connection: &Connection, dependent: &Dependent, runs: &[RunId]) -> Result<usize> {
    let numbers: Vec<String> = runs.iter().map(ToString::to_string).collect();
    connection.execute(dependent.delete, [format!("[{}]", numbers.join(","))])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables that `table` points at, by its own definition.
    fn parents(connection: &Connection, table: &str) -> Vec<String> {
        let sql = r#"SELECT "table" FROM pragma_foreign_key_list(?1)"#;
        connection.prepare(sql).unwrap().query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn every_table_that_points_at_a_run_is_pruned_before_what_it_points_at() {
        let connection = Connection::open_in_memory().unwrap();
        for table in TABLES {
            connection.execute_batch(table.create).unwrap();
        }
        let mut hanging = HashSet::from(["runs"]);
        // Each round finds what is one step farther away.
        for _ in TABLES {
            for table in TABLES {
                if parents(&connection, table.name).iter().any(|parent| hanging.contains(parent.as_str())) {
                    hanging.insert(table.name);
                }
            }
        }
        let order = DEPENDENTS.map(|dependent| dependent.table.name);
        for table in hanging {
            let place = order.iter().position(|name| *name == table);
            assert!(place.is_some(), "{table} points at a run and is not in the list");
            for parent in parents(&connection, table) {
                assert!(place < order.iter().position(|name| *name == parent), "{table} goes after {parent}");
            }
        }
    }
}
