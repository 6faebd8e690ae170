//! A thousand manual edits, each of which must be found and named.

use std::{collections::HashSet, fmt::Write as _, fs, path::Path};

use cds_persistence::{Deviation, DeviationKind};
use rusqlite::{Connection, params_from_iter, types::Value};

use super::{grown, pruned, verify_all};
use crate::samples::{plain_only, texts, workplace};

const TABLES: [&str; 9] = [
    "runs",
    "records",
    "record_hashes",
    "units",
    "unit_history",
    "snapshot_chain",
    "analyzer_errors",
    "record_questions",
    "enrichments",
];

/// Edits in each test; there are two kinds of databases, and two tests of each.
const EDIT_COUNT: u64 = 250;

/// The number of ways to alter a database.
const WAY_COUNT: usize = 10;
/// The way that alters triggers. All other ways drop the triggers for the edit and create them again.
const ALTER_TRIGGER: usize = 9;

/// Pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// An edit, and what a deviation must name to count; any one is enough.
#[derive(Debug, Default)]
struct Edit {
    description: String,
    table: &'static str,
    /// Keys of the affected rows, before or after the edit.
    rows: Vec<i64>,
    runs: HashSet<i64>,
}

impl Edit {
    /// Whether a deviation names the edit.
    fn is_named_by(&self, deviation: &Deviation) -> bool {
        let is_row = deviation.row.is_some_and(|row| self.rows.contains(&row));
        let is_run = deviation.run.is_some_and(|run| self.runs.contains(&run.0));
        let near = match self.table {
            // Records and their hashes are reported together.
            "records" | "record_hashes" => ["records", "record_hashes"].contains(&deviation.table.as_str()),
            table => deviation.table == table,
        };
        match self.table {
            // One hash covers all of these rows of a run.
            "runs" | "analyzer_errors" | "record_questions" | "enrichments" => is_run,
            // If the records are pruned, one hash covers all units of a part.
            "units" if deviation.table == "units" && deviation.field.as_deref() == Some("all") => true,
            _ => near && is_row || is_run,
        }
    }
}

/// A copy of a database that is altered.
struct Victim {
    connection: Connection,
    dice: Dice,
}

impl Victim {
    fn columns(&self, table: &str) -> Vec<String> {
        texts(&self.connection, &format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"))
    }

    fn keys(&self, table: &str) -> Vec<i64> {
        let sql = format!("SELECT {0} FROM {table} ORDER BY {0}", Self::key_column(table));
        self.connection.prepare(&sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn row(&self, table: &str, key: i64) -> Vec<Value> {
        let columns = self.columns(table);
        let key_column = Self::key_column(table);
        let sql = format!("SELECT {} FROM {table} WHERE {key_column} = ?1", columns.join(", "));
        let read = |row: &rusqlite::Row<'_>| (0..columns.len()).map(|column| row.get(column)).collect();
        self.connection.query_row(&sql, [key], read).unwrap()
    }

    /// The run that a row belongs to.
    fn run_of(&self, table: &str, key: i64) -> Option<i64> {
        let sql = match table {
            "runs" => return Some(key),
            "record_questions" => "SELECT run_id FROM records WHERE id = ?1".to_owned(),
            "units" => "SELECT last_run FROM units WHERE id = ?1".to_owned(),
            _ => format!("SELECT run_id FROM {table} WHERE {} = ?1", Self::key_column(table)),
        };
        self.connection.query_row(&sql, [key], |row| row.get(0)).ok()
    }

    fn is_done(&self, sql: &str, values: Vec<Value>) -> bool {
        self.connection.execute(sql, params_from_iter(values)).is_ok_and(|count| count > 0)
    }

    fn key_column(table: &str) -> &'static str {
        match table {
            "record_hashes" | "record_questions" => "record_id",
            "unit_history" | "snapshot_chain" => "sequence",
            "enrichments" => "run_id",
            _ => "id",
        }
    }

    /// Another value that a person could write.
    fn other(&mut self, value: &Value) -> Value {
        match value {
            Value::Null => Value::Text("x".to_owned()),
            Value::Integer(number) => Value::Integer(number + [1, -1, 1_000][self.dice.roll(3)]),
            Value::Real(number) => Value::Real(number + 0.5),
            Value::Text(text) => {
                let mut text = text.clone();
                match self.dice.roll(4) {
                    0 => text.push(' '),
                    1 => text = text.to_uppercase() + "x",
                    2 => text = String::new() + "é" + &text,
                    _ => return Value::Integer(7),
                }
                Value::Text(text)
            }
            Value::Blob(bytes) => {
                let mut bytes = bytes.clone();
                bytes[self.dice.roll(value_len(value))] ^= 1;
                Value::Blob(bytes)
            }
        }
    }

    /// Alters something in the given way, below [`WAY_COUNT`]; `None` if the random choice cannot be altered like this.
    fn alter(&mut self, way: usize) -> Option<Edit> {
        let table = *self.dice.pick(&TABLES);
        let keys = self.keys(table);
        let key = *self.dice.pick(&keys);
        let mut edit = Edit { table, rows: vec![key], ..Edit::default() };
        edit.runs.extend(self.run_of(table, key));
        match way {
            0..=4 => self.alter_field(&mut edit, key),
            5 => self.remove(&mut edit, key),
            6 => self.swap(&mut edit, key, &keys),
            7 => self.insert(&mut edit, key, &keys),
            8 => self.cut_tail(&mut edit),
            ALTER_TRIGGER => self.alter_trigger(&mut edit),
            _ => unreachable!("there is no such way"),
        }
        .then_some(edit)
    }

    fn alter_field(&mut self, edit: &mut Edit, key: i64) -> bool {
        let table = edit.table;
        let columns = self.columns(table);
        let index = self.dice.roll(columns.len());
        let before = self.row(table, key);
        let value = self.other(&before[index]);
        let (column, key_column) = (&columns[index], Self::key_column(table));
        let _ = write!(edit.description, "{table} {key}: {column} from {:?} to {value:?}", before[index]);
        if column == key_column
            && let Value::Integer(number) = value
        {
            edit.rows.push(number);
            edit.runs.extend((table == "enrichments").then_some(number));
        }
        self.is_done(&format!("UPDATE {table} SET {column} = ?1 WHERE {key_column} = ?2"), vec![value, key.into()])
    }

    fn remove(&mut self, edit: &mut Edit, key: i64) -> bool {
        let _ = write!(edit.description, "{} {key}: removed", edit.table);
        // The next row reveals the gap.
        edit.rows.push(key + 1);
        self.is_done(
            &format!("DELETE FROM {} WHERE {} = ?1", edit.table, Self::key_column(edit.table)),
            vec![key.into()],
        )
    }

    /// Exchanges the content of two rows.
    fn swap(&mut self, edit: &mut Edit, key: i64, keys: &[i64]) -> bool {
        let table = edit.table;
        let other = *self.dice.pick(keys);
        let _ = write!(edit.description, "{table} {key} and {other}: swapped");
        let (first, second) = (self.row(table, key), self.row(table, other));
        let columns = self.columns(table);
        let key_index = columns.iter().position(|column| column == Self::key_column(table)).unwrap();
        let is_same = (0..columns.len()).all(|index| index == key_index || first[index] == second[index]);
        if is_same {
            return false;
        }
        edit.rows.push(other);
        edit.runs.extend(self.run_of(table, other));
        [(key, second), (other, first)].into_iter().all(|(key, mut values)| {
            let set: Vec<String> = (0..columns.len())
                .filter(|index| *index != key_index)
                .map(|index| format!("{} = ?{}", columns[index], index + 1))
                .collect();
            values[key_index] = key.into();
            let sql =
                format!("UPDATE {table} SET {} WHERE {} = ?{}", set.join(", "), columns[key_index], key_index + 1);
            self.is_done(&sql, values)
        })
    }

    /// Inserts a copy of a row with the next number.
    fn insert(&mut self, edit: &mut Edit, key: i64, keys: &[i64]) -> bool {
        let table = edit.table;
        // A new run would have no chain row, and be reported as unverifiable instead.
        if ["runs", "enrichments", "record_questions"].contains(&table) {
            return false;
        }
        let next = keys.last().unwrap() + 1;
        let _ = write!(edit.description, "{table} {next}: inserted, like {key}");
        edit.rows.push(next);
        let columns = self.columns(table);
        let mut values = self.row(table, key);
        values[columns.iter().position(|column| column == Self::key_column(table)).unwrap()] = next.into();
        let parameters: Vec<String> = (1..=columns.len()).map(|index| format!("?{index}")).collect();
        self.is_done(&format!("INSERT INTO {table} VALUES ({})", parameters.join(", ")), values)
    }

    fn cut_tail(&mut self, edit: &mut Edit) -> bool {
        edit.table = ["unit_history", "snapshot_chain"][self.dice.roll(2)];
        let keys = self.keys(edit.table);
        let first = keys[self.dice.roll(keys.len())];
        let _ = write!(edit.description, "{}: cut from {first} on", edit.table);
        edit.rows = keys.into_iter().filter(|key| *key >= first).collect();
        edit.runs = edit.rows.iter().filter_map(|row| self.run_of(edit.table, *row)).collect();
        self.is_done(&format!("DELETE FROM {} WHERE sequence >= ?1", edit.table), vec![first.into()])
    }

    fn alter_trigger(&mut self, edit: &mut Edit) -> bool {
        let triggers = texts(&self.connection, "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name");
        let name = self.dice.pick(&triggers).clone();
        let sql = texts(&self.connection, &format!("SELECT sql FROM sqlite_schema WHERE name = '{name}'")).remove(0);
        let _ = write!(edit.description, "trigger {name}: ");
        edit.rows.clear();
        edit.runs.clear();
        self.connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        if self.dice.roll(2) == 0 {
            edit.description.push_str("dropped");
        } else {
            edit.description.push_str("put back so that it does nothing");
            let head = sql.split("WHEN").next().and_then(|head| head.split("BEGIN").next()).unwrap();
            self.connection.execute_batch(&format!("{head} BEGIN SELECT 1; END")).unwrap();
        }
        edit.table = "trigger";
        true
    }
}

fn value_len(value: &Value) -> usize {
    match value {
        Value::Blob(bytes) => bytes.len(),
        _ => 0,
    }
}

/// Alters a copy of `original`; triggers that would refuse the edit are dropped and created again.
fn tamper(original: &[u8], path: &Path, seed: u64) -> Option<Edit> {
    fs::write(path, original).unwrap();
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = OFF")
        .unwrap();
    let triggers = texts(&connection, "SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
    let names = texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'trigger'");
    let mut victim = Victim { connection, dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)) };
    let way = victim.dice.roll(WAY_COUNT);
    if way != ALTER_TRIGGER {
        for name in names {
            victim.connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
        }
    }
    let edit = victim.alter(way);
    if way != ALTER_TRIGGER {
        for sql in triggers {
            victim.connection.execute_batch(&sql).unwrap();
        }
    }
    victim.connection.close().unwrap();
    edit
}

fn check_every_edit(make: fn(&Path), seeds: std::ops::Range<u64>) {
    let (directory, path) = workplace();
    make(&path);
    let original = fs::read(&path).unwrap();
    let copy = directory.path().join("altered.sqlite");
    let (mut seed, mut count) = (seeds.start * 1_000_000, 0);
    while count < seeds.end - seeds.start {
        seed += 1;
        let Some(edit) = tamper(&original, &copy, seed) else { continue };
        count += 1;
        let found = verify_all(&copy);
        assert!(!found.is_unaltered(), "{seed}: not found: {edit:?}");
        let is_named = match edit.table {
            "trigger" => found.deviations.iter().any(|deviation| {
                deviation.kind == DeviationKind::Trigger
                    && deviation.field.as_ref().is_some_and(|name| edit.description.contains(name))
            }),
            _ => found.deviations.iter().any(|deviation| edit.is_named_by(deviation)),
        };
        assert!(is_named, "{seed}: not named: {edit:?} in {:#?}", found.deviations);
    }
}

#[test]
fn edits_are_found_and_named() {
    if plain_only() {
        return;
    }
    check_every_edit(grown, 0..EDIT_COUNT);
}

#[test]
fn more_edits_are_found_and_named() {
    if plain_only() {
        return;
    }
    check_every_edit(grown, EDIT_COUNT..2 * EDIT_COUNT);
}

#[test]
fn edits_after_pruning_are_found() {
    if plain_only() {
        return;
    }
    check_every_edit(pruned, 2 * EDIT_COUNT..3 * EDIT_COUNT);
}

#[test]
fn more_edits_after_pruning_are_found() {
    if plain_only() {
        return;
    }
    check_every_edit(pruned, 3 * EDIT_COUNT..4 * EDIT_COUNT);
}
