//! Benchmarks the verification of a large snapshot, in megabytes of records per second.
//!
//! `cargo bench -p cds-persistence --bench verify`. The baseline reads and hashes the same records once.

mod made;

use std::{
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use cds_model::{FieldHasher, FieldValue};
use cds_persistence::{OpenOptions, Persistence, SqlitePersistence, SqliteReader, VerifyQuery};
use made::RECORD_COUNT;
use rusqlite::Connection;
use tempfile::TempDir;

const ROUND_COUNT: usize = 5;

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn main() {
    let directory = TempDir::new().expect("there is room for a directory");
    let path = directory.path().join("bench.sqlite");
    let mut persistence = SqlitePersistence::open(&path, &OpenOptions::default()).expect("a new file can be opened");
    persistence.save(&made::followed(&made::snapshot())).expect("a new file can be written");
    persistence.close().expect("no other process uses the file");
    let (mut verified, mut read) = (Duration::MAX, Duration::MAX);
    let mut byte_count = 0;
    for _ in 0..ROUND_COUNT {
        let start = Instant::now();
        byte_count = verify(&path);
        verified = verified.min(start.elapsed());
        let start = Instant::now();
        read_and_hash(&path);
        read = read.min(start.elapsed());
    }
    println!("{RECORD_COUNT} records, {} MB of text, best of {ROUND_COUNT}", byte_count / 1_000_000);
    for (what, time) in [("verify", verified), ("read and hash once", read)] {
        let speed = Duration::from_micros(byte_count).div_duration_f64(time);
        println!("{what:<20}{:>7.3} s  {speed:>6.0} MB/s", time.as_secs_f64());
    }
}

fn verify(path: &Path) -> u64 {
    let reader = SqliteReader::open(path, &OpenOptions::default()).expect("it was written");
    let found = reader.verify(&VerifyQuery::default(), &|_| ControlFlow::Continue(())).expect("it can be read");
    assert!(found.is_unaltered(), "the database is unaltered");
    found.byte_count
}

fn read_and_hash(path: &Path) {
    let run = || -> rusqlite::Result<()> {
        let connection = Connection::open(path)?;
        let mut statement = connection.prepare("SELECT raw_code, normalized_code, intent FROM records ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut hasher = FieldHasher::new("bench");
        while let Some(row) = rows.next()? {
            for column in 0..3 {
                hasher.push(FieldValue::Text(row.get_ref(column)?.as_bytes()?));
            }
        }
        assert_ne!(hasher.finish().0, [0; 32]);
        Ok(())
    };
    run().expect("it can be read");
}
