//! Measures the room that tables and runs take. Read-only.

use std::collections::HashMap;

use rusqlite::{Connection, Result, Row};

use super::{fit, reader::SqliteReader};
use crate::{
    Error, Growth, Layout, RunId, RunUse, Step, StorageUse, TableUse,
    table::{self, diagnosis, record_hashes, records, runs, select::storage},
};

/// The tables that hold the records of both layouts.
const OF_RECORDS: [&str; 11] = [
    "records",
    "record_hashes",
    "record_questions",
    "run_records",
    "shared_records",
    "shared_contents",
    "shared_texts",
    "shared_text_pieces",
    "source_files",
    "run_files",
    "shared_files",
];

/// A part of a run in `run_records` with its entry in the index.
const PART_BYTES: u64 = 30;

impl SqliteReader {
    /// What takes the room of the database; reads all of its pages.
    pub fn storage_use(&self) -> std::result::Result<StorageUse, Error> {
        self.read(|database| database.read(&Step::Diagnose, measure))
    }

    /// How far the file has grown since its first snapshot; reads only a few pages.
    pub fn growth(&self) -> std::result::Result<Growth, Error> {
        self.read(|database| database.read(&Step::Diagnose, growth))
    }
}

fn growth(connection: &Connection) -> Result<Growth> {
    let page_size = diagnosis::number(connection, diagnosis::PAGE_SIZE)?;
    let file_bytes = diagnosis::number(connection, diagnosis::PAGE_COUNT)?.saturating_mul(page_size);
    let empty_bytes = diagnosis::number(connection, storage::TREE_COUNT)?.saturating_mul(page_size);
    let (first, all) = if fit::has_table(connection, &runs::TABLE)? {
        connection.query_row(storage::RECORD_COUNTS, [], |row| Ok((number(row, 0)?, number(row, 1)?)))?
    } else {
        (0, 0)
    };
    let content = u128::from(file_bytes.saturating_sub(empty_bytes)) * u128::from(first) / u128::from(all.max(1));
    let first_bytes = empty_bytes.saturating_add(u64::try_from(content).unwrap_or(u64::MAX));
    Ok(Growth { layout: table::layout(connection)?, file_bytes, first_bytes })
}

fn measure(connection: &Connection) -> Result<StorageUse> {
    let layout = table::layout(connection)?;
    let page_size = diagnosis::number(connection, diagnosis::PAGE_SIZE)?;
    let pages = |sql| diagnosis::number(connection, sql).map(|count| count.saturating_mul(page_size));
    let read = |row: &Row<'_>| Ok(TableUse { name: row.get(0)?, bytes: number(row, 1)? });
    let tables: Vec<TableUse> =
        connection.prepare(storage::TABLES)?.query_map([], read)?.collect::<Result<Vec<_>>>()?;
    let is_of_records = |table: &&TableUse| OF_RECORDS.contains(&table.name.as_str());
    let record_bytes = tables.iter().filter(is_of_records).map(|table| table.bytes).sum();
    let weights = if !fit::has_table(connection, &records::TABLE)? {
        Weights::default()
    } else if layout == Layout::Compact {
        compact_weights(connection)?
    } else {
        plain_weights(connection)?
    };
    let runs = weights.scaled(record_bytes);
    let run_count = u64::try_from(runs.len()).unwrap_or(u64::MAX);
    let account_bytes: u64 = tables
        .iter()
        .filter(|table| {
            ["runs_ledger", "stage_runs", "telemetry", "ledger_details", "snapshot_chain", "runs"]
                .contains(&table.name.as_str())
        })
        .map(|table| table.bytes)
        .sum();
    let unchanged_run_bytes = runs.first().map(|newest| {
        let records = match layout {
            Layout::Plain => newest.own_bytes,
            Layout::Compact => weights.part_count_of(newest.run_id).saturating_mul(PART_BYTES),
        };
        // A page is the least that a table takes, however few rows it has.
        let per_run = account_bytes.saturating_sub(12 * page_size) / run_count.max(1);
        records.saturating_add(per_run)
    });
    let compact_saves_bytes = match layout {
        Layout::Compact => None,
        Layout::Plain if weights.total == 0 => Some(0),
        Layout::Plain => Some(record_bytes.saturating_sub(compact_bytes(connection)?)),
    };
    Ok(StorageUse {
        layout,
        file_bytes: pages(diagnosis::PAGE_COUNT)?,
        free_bytes: pages(diagnosis::FREE_PAGE_COUNT)?,
        tables,
        runs,
        unchanged_run_bytes,
        compact_saves_bytes,
    })
}

/// The weights of the records of runs.
#[derive(Debug, Default)]
struct Weights {
    /// By run, the newest first.
    runs: Vec<RunUse>,
    /// Of all rows, also of those that several runs use.
    total: u64,
    /// The number of parts of each run in the compact layout.
    part_counts: HashMap<RunId, u64>,
}

impl Weights {
    /// The runs with their shares of `bytes`.
    fn scaled(&self, bytes: u64) -> Vec<RunUse> {
        let share = |weight: u64| u128::from(bytes) * u128::from(weight) / u128::from(self.total.max(1));
        let scale =
            |run: &RunUse| RunUse { own_bytes: u64::try_from(share(run.own_bytes)).unwrap_or(u64::MAX), ..*run };
        self.runs.iter().map(scale).collect()
    }

    fn part_count_of(&self, run: RunId) -> u64 {
        self.part_counts.get(&run).copied().unwrap_or_default()
    }
}

fn plain_weights(connection: &Connection) -> Result<Weights> {
    let read = |row: &Row<'_>| {
        Ok(RunUse { run_id: RunId(row.get(0)?), record_count: number(row, 1)?, own_bytes: number(row, 2)? })
    };
    let runs: Vec<RunUse> = connection.prepare(storage::PLAIN_RUNS)?.query_map([], read)?.collect::<Result<_>>()?;
    let total = runs.iter().map(|run| run.own_bytes).sum();
    Ok(Weights { runs, total, part_counts: HashMap::new() })
}

/// The bytes that the records would take in the compact layout.
fn compact_bytes(connection: &Connection) -> Result<u64> {
    if !fit::has_table(connection, &record_hashes::TABLE)? {
        return Ok(u64::MAX);
    }
    let mut bytes = 0_u64;
    for sql in [storage::DISTINCT_BYTES, storage::WITHOUT_HASH] {
        bytes = bytes.saturating_add(connection.query_row(sql, [], |row| number(row, 0))?);
    }
    Ok(bytes)
}

/// Which run uses a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum User {
    Nobody,
    One(i64),
    Many,
}

impl User {
    fn add(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Nobody, user) | (user, Self::Nobody) => user,
            (Self::One(one), Self::One(other)) if one == other => Self::One(one),
            _ => Self::Many,
        };
    }
}

/// The users of the rows of a table by id.
#[derive(Debug, Default)]
struct Users(HashMap<i64, User>);

impl Users {
    fn add(&mut self, id: i64, user: User) {
        self.0.entry(id).or_insert(User::Nobody).add(user);
    }

    fn of(&self, id: i64) -> User {
        self.0.get(&id).copied().unwrap_or(User::Nobody)
    }
}

/// Goes from the parts of the runs down to the texts, and counts for each row who uses it.
fn compact_weights(connection: &Connection) -> Result<Weights> {
    let mut weights = Weights::default();
    let mut record_counts: HashMap<i64, u64> = HashMap::new();
    let mut parts = Vec::new();
    each(connection, storage::PARTS, |row| {
        let (run, first, count): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        *record_counts.entry(run).or_default() += count.unsigned_abs();
        *weights.part_counts.entry(RunId(run)).or_default() += 1;
        parts.push((first, count, run));
        Ok(())
    })?;
    let mut own: HashMap<i64, u64> = HashMap::new();
    let mut count = |user: User, weight: u64, total: &mut u64| {
        *total = total.saturating_add(weight);
        if let User::One(run) = user {
            *own.entry(run).or_default() += weight;
        }
    };
    let owners = Owners::of(&parts);
    let (mut contents, mut texts) = (Users::default(), Users::default());
    each(connection, storage::SHARED_RECORDS, |row| {
        let user = owners.of_id(row.get(0)?);
        contents.add(row.get(1)?, user);
        count(user, number(row, 2)?, &mut weights.total);
        Ok(())
    })?;
    each(connection, storage::SHARED_CONTENTS, |row| {
        let user = contents.of(row.get(0)?);
        texts.add(row.get(1)?, user);
        texts.add(row.get(2)?, user);
        count(user, number(row, 3)?, &mut weights.total);
        Ok(())
    })?;
    each(connection, storage::SHARED_PIECES, |row| {
        let user = texts.of(row.get(0)?);
        texts.add(row.get(1)?, user);
        count(user, 15, &mut weights.total);
        Ok(())
    })?;
    each(connection, storage::SHARED_TEXTS, |row| {
        count(texts.of(row.get(0)?), number(row, 1)?, &mut weights.total);
        Ok(())
    })?;
    let mut runs: Vec<RunUse> = record_counts
        .into_iter()
        .map(|(run, record_count)| RunUse {
            run_id: RunId(run),
            record_count,
            own_bytes: own.get(&run).copied().unwrap_or_default(),
        })
        .collect();
    runs.sort_unstable_by_key(|run| std::cmp::Reverse(run.run_id));
    Ok(Weights { runs, ..weights })
}

/// Which run uses each shared record: ranges of ids with the same user, in order.
#[derive(Debug)]
struct Owners(Vec<(i64, User)>);

impl Owners {
    /// Sweeps over the begins and ends of the parts.
    fn of(parts: &[(i64, i64, i64)]) -> Self {
        let mut events: Vec<(i64, bool, i64)> = Vec::with_capacity(parts.len() * 2);
        for &(first, count, run) in parts {
            events.push((first, true, run));
            events.push((first.saturating_add(count), false, run));
        }
        events.sort_unstable();
        let mut open: HashMap<i64, u32> = HashMap::new();
        let mut ranges: Vec<(i64, User)> = Vec::new();
        for (at, begins, run) in events {
            let count = open.entry(run).or_default();
            *count = if begins { *count + 1 } else { count.saturating_sub(1) };
            if *count == 0 {
                open.remove(&run);
            }
            let user = match open.len() {
                0 => User::Nobody,
                1 => open.keys().next().map_or(User::Nobody, |run| User::One(*run)),
                _ => User::Many,
            };
            match ranges.last_mut() {
                Some(last) if last.0 == at => last.1 = user,
                _ => ranges.push((at, user)),
            }
        }
        Self(ranges)
    }

    fn of_id(&self, id: i64) -> User {
        let after = self.0.partition_point(|(first, _)| *first <= id);
        after.checked_sub(1).map_or(User::Nobody, |index| self.0[index].1)
    }
}

fn each(connection: &Connection, sql: &str, mut visit: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

fn number(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{
        User::{Many, Nobody, One},
        *,
    };

    #[test]
    fn shared_rows_belong_to_many_runs() {
        let owners = Owners::of(&[(1, 10, 1), (1, 4, 2), (20, 5, 2), (8, 3, 3)]);
        let found = [0, 1, 4, 5, 7, 8, 10, 11, 20, 24, 25].map(|id| owners.of_id(id));
        let expected = [Nobody, Many, Many, One(1), One(1), Many, Many, Nobody, One(2), One(2), Nobody];
        assert_eq!(found, expected);
    }
}
