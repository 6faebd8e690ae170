//! Benchmarks saving a large snapshot against a bare prepared insert of the same rows on the same disk.
//!
//! `cargo bench -p cds-persistence`. Both begin with a new file, and end when the file alone is complete.

mod made;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use cds_model::{AskedQuestion, QuestionKey, RunSnapshot};
use cds_persistence::{OpenOptions, Persistence, SqlitePersistence};
use made::{RECORD_COUNT, followed, snapshot};
use rusqlite::{Connection, params};
use tempfile::TempDir;

const ROUND_COUNT: usize = 5;

const PRAGMAS: &str = "
PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384;";

const TABLES: &str = "
BEGIN IMMEDIATE;
CREATE TABLE runs (id INTEGER PRIMARY KEY);
CREATE TABLE records (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(id), kind TEXT NOT NULL,
    file_path TEXT NOT NULL, signature TEXT, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL,
    raw_code TEXT NOT NULL, normalized_code TEXT NOT NULL, md5sum TEXT NOT NULL, intent TEXT,
    intent_status TEXT NOT NULL, intent_error TEXT);
CREATE INDEX by_run ON records(run_id);
CREATE INDEX by_path ON records(file_path);
CREATE INDEX by_sum ON records(md5sum);
CREATE INDEX by_status ON records(intent_status);
INSERT INTO runs VALUES (1);";

const INSERT: &str = "
INSERT INTO records (run_id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum,
                     intent, intent_status, intent_error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn main() {
    let snapshot = snapshot();
    let text_size: usize =
        snapshot.records.iter().map(|record| record.raw_code.len() + record.normalized_code.len()).sum();
    println!("{RECORD_COUNT} records, {} MB of code, best of {ROUND_COUNT}", text_size / 1_000_000);
    let asked = asked(&snapshot);
    let followed = followed(&snapshot);
    let (mut bare, mut whole, mut with_questions) = (Duration::MAX, Duration::MAX, Duration::MAX);
    let (mut with_history, mut twice, mut twice_with_history) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUND_COUNT {
        with_history = with_history.min(timed(|path| save(path, &followed)));
        twice = twice.min(timed_again(&snapshot));
        twice_with_history = twice_with_history.min(timed_again(&followed));
        whole = whole.min(timed(|path| save(path, &snapshot)));
        with_questions = with_questions.min(timed(|path| save(path, &asked)));
        bare = bare.min(timed(|path| insert_bare(path, &snapshot)));
    }
    println!("{:<15}{:>7.3} s", "bare insert", bare.as_secs_f64());
    for (what, time) in [("open + save", whole), ("with questions", with_questions)] {
        println!("{what:<15}{:>7.3} s  {:.2} times the bare insert", time.as_secs_f64(), time.div_duration_f64(bare));
    }
    for (what, time, without) in
        [("first, with history", with_history, whole), ("again, with history", twice_with_history, twice)]
    {
        let (time, ratio) = (time.as_secs_f64(), time.div_duration_f64(without));
        println!("{what:<20}{time:>7.3} s  {ratio:.2} times the same without");
    }
}

fn timed(work: impl FnOnce(&Path)) -> Duration {
    let directory = TempDir::new().expect("there is room for a directory");
    let start = Instant::now();
    work(&directory.path().join("bench.sqlite"));
    start.elapsed()
}

/// The duration of saving the same snapshot once more.
fn timed_again(snapshot: &RunSnapshot) -> Duration {
    let directory = TempDir::new().expect("there is room for a directory");
    let path = directory.path().join("bench.sqlite");
    save(&path, snapshot);
    let start = Instant::now();
    save(&path, snapshot);
    start.elapsed()
}

fn save(path: &Path, snapshot: &RunSnapshot) {
    let mut persistence = SqlitePersistence::open(path, &OpenOptions::default()).expect("a new file can be opened");
    let saved = persistence.save(snapshot).expect("a new file can be written");
    assert!(saved.warnings.is_empty(), "no other process uses the file");
    persistence.close().expect("no other process uses the file");
}

fn insert_bare(path: &Path, snapshot: &RunSnapshot) {
    let run = || -> rusqlite::Result<()> {
        let connection = Connection::open(path)?;
        connection.execute_batch(PRAGMAS)?;
        connection.execute_batch(TABLES)?;
        let mut statement = connection.prepare(INSERT)?;
        for record in &snapshot.records {
            statement.execute(params![
                1,
                record.kind.as_str(),
                &*record.file_path,
                record.signature.as_deref(),
                record.start_line,
                record.end_line,
                record.raw_code.as_str(),
                &*record.normalized_code,
                record.md5sum.to_string(),
                record.intent.text(),
                record.intent.status().as_str(),
                record.intent.error(),
            ])?;
        }
        drop(statement);
        connection.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
    };
    run().expect("a new file can be written");
}

/// The same snapshot with a distinct question for each record.
fn asked(snapshot: &RunSnapshot) -> RunSnapshot {
    let mut snapshot = snapshot.clone();
    for record in &mut snapshot.records {
        let mut key = [0; 32];
        key[..16].copy_from_slice(&record.md5sum.0);
        record.question = Some(AskedQuestion { key: QuestionKey(key), is_cut: false });
    }
    snapshot
}
