//! Benchmarks telemetry: recording, and writing against a bare insert of the same rows.
//!
//! `cargo bench -p cds-persistence --bench telemetry`. The bare insert uses transactions of the same size, once synced
//! at each commit, and once only at each checkpoint, as telemetry is.

use std::{
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use cds_model::{CodeRef, RunStart, TelemetryEntry, TelemetryType, Timestamp};
use cds_persistence::{
    BATCH_SIZE, Error, OpenOptions, SqliteAccounts, SqlitePersistence, SqliteTelemetry, TelemetryBuffer,
    TelemetryFlusher, TelemetrySink,
};
use rusqlite::{Connection, params};
use tempfile::TempDir;

const THREAD_COUNT: usize = 4;
const ENTRIES_OF_A_THREAD: usize = 250_000;
const WRITTEN_COUNT: usize = 200_000;
const ROUND_COUNT: usize = 5;
const LEDGER_ID: &str = "019a9f3e-1c2b-7def-8123-456789abcdef";

const INSERT: &str = "
INSERT INTO telemetry (ledger_id, recorded_at, log_type, subject, event_details, error_metadata)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

fn main() {
    let rounds = |work: &dyn Fn() -> Duration| (0..ROUND_COUNT).map(|_| work()).min().unwrap_or_default();
    let recorded = THREAD_COUNT * ENTRIES_OF_A_THREAD;
    println_rate("record, all taken", recorded, rounds(&|| record(&TelemetryBuffer::new(recorded))));
    println_rate("record, queue full", recorded, rounds(&|| record(&TelemetryBuffer::default())));
    record_with_flusher();

    let entries: Vec<TelemetryEntry> = (0..WRITTEN_COUNT).map(entry).collect();
    // In turn, so that other load of the machine affects all of them.
    let mut best = [Duration::MAX; 3];
    for _ in 0..ROUND_COUNT {
        let times = [flush(&entries), insert_bare(&entries, "NORMAL"), insert_bare(&entries, "FULL")];
        best = [0, 1, 2].map(|part| best[part].min(times[part]));
    }
    for (what, time) in ["flush_all", "bare, no sync", "bare, each synced"].into_iter().zip(best) {
        println_rate(what, WRITTEN_COUNT, time);
    }
}

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn println_rate(what: &str, count: usize, time: Duration) {
    let nanoseconds = time.as_nanos() / count as u128;
    println!("{what:<20}{:>12} a second  {nanoseconds:>5} ns each", count as u128 * 1_000_000_000 / time.as_nanos());
}

/// Each thread creates its entries like the product, with texts of its own.
fn record(buffer: &TelemetryBuffer) -> Duration {
    let template = entry(7);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREAD_COUNT {
            scope.spawn(|| (0..ENTRIES_OF_A_THREAD).filter(|_| buffer.record(template.clone())).count());
        }
    });
    start.elapsed()
}

/// Like the product: a queue of the default size, and a thread that writes it to a database.
#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn record_with_flusher() {
    let directory = TempDir::new().expect("there is room for a directory");
    let buffer = Arc::new(TelemetryBuffer::default());
    let sink = sink(&directory.path().join("bench.sqlite"));
    let flusher = TelemetryFlusher::start(Arc::clone(&buffer), sink, Duration::from_millis(200));
    let time = record(&buffer);
    println_rate("record, with flusher", THREAD_COUNT * ENTRIES_OF_A_THREAD, time);
    let counts = flusher.finish(Duration::from_secs(2)).counts;
    assert_eq!(counts.recorded, counts.written + counts.dropped);
    println!("{:20}of which {} written, {} dropped", "", counts.written, counts.dropped);
}

fn flush(entries: &[TelemetryEntry]) -> Duration {
    let directory = TempDir::new().expect("there is room for a directory");
    let mut sink = sink(&directory.path().join("bench.sqlite"));
    let buffer = TelemetryBuffer::new(entries.len());
    for entry in entries {
        assert!(buffer.record(entry.clone()));
    }
    let start = Instant::now();
    let written = buffer.flush_all(&mut sink).expect("no other process uses the file");
    let time = start.elapsed();
    assert_eq!(written, entries.len());
    sink.write(&[]).and_then(|()| sink.close()).expect("no other process uses the file");
    time
}

fn sink(path: &Path) -> SqliteTelemetry {
    let open = || -> Result<SqliteAccounts, Error> {
        SqlitePersistence::open(path, &OpenOptions::default())?.close()?;
        SqliteAccounts::open(path, &OpenOptions::default())
    };
    let mut accounts = open().expect("a new file can be opened");
    accounts.mark_run_started(&start()).expect("a new file can be written");
    accounts.into_telemetry_sink(start().id)
}

fn insert_bare(entries: &[TelemetryEntry], synchronous: &str) -> Duration {
    let directory = TempDir::new().expect("there is room for a directory");
    let path = directory.path().join("bench.sqlite");
    sink(&path).close().expect("no other process uses the file");
    let run = || -> rusqlite::Result<Duration> {
        let connection = Connection::open(&path)?;
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection
            .execute_batch("PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384")?;
        let start = Instant::now();
        let mut statement = connection.prepare(INSERT)?;
        for batch in entries.chunks(BATCH_SIZE) {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for entry in batch {
                statement.execute(params![
                    LEDGER_ID,
                    "2026-11-20T09:20:00.120Z",
                    entry.log_type.as_str(),
                    entry.subject,
                    entry.event_details,
                    entry.error_metadata,
                ])?;
            }
            connection.execute_batch("COMMIT")?;
        }
        Ok(start.elapsed())
    };
    run().expect("no other process uses the file")
}

fn start() -> RunStart {
    RunStart {
        id: LEDGER_ID.parse().expect("it is written as ids are"),
        subject: "code".to_owned(),
        notes: String::new(),
        started_at: Timestamp::from_unix_milliseconds(0),
        command: "persist".to_owned(),
        tool_version: "0.1.0".to_owned(),
        host: "host".to_owned(),
        pid: 1,
        root_path: Some("/srv/code".to_owned()),
        code_ref: CodeRef::default(),
        trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
    }
}

/// Every tenth entry has an error.
fn entry(number: usize) -> TelemetryEntry {
    let has_failed = number.is_multiple_of(10);
    TelemetryEntry {
        recorded_at: Timestamp::from_unix_milliseconds(1_795_166_400_120 + i64::try_from(number / 50).unwrap_or(0)),
        log_type: TelemetryType::LlmCall,
        subject: Some(format!("package/module_{:04}.py:{}", number / 40, number % 40 * 30 + 1)),
        event_details: format!(
            r#"{{"attempt":1,"latency_seconds":1.{:03},"prompt_tokens":412,"answer_tokens":19,"status":"success"}}"#,
            number % 1_000
        ),
        error_metadata: has_failed.then(|| r#"{"class":"timeout","reason":"no answer within 120 s"}"#.to_owned()),
    }
}
