//! Compares archiving the records of a run with reading the same rows and compressing their text at the same level.
//!
//! `cargo bench -p cds-archive [-- DATABASE]` prints the medians of five rounds; in each round every part runs once, so
//! that a slow moment of the machine hits them all. DATABASE is one with a snapshot; without it there are 72,000 made
//! records. Nothing here passes or fails by time.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use cds_archive::{
    COMPRESSION_LEVEL, ColumnSpec, ColumnType, PendingRun, RunFacts, TableReader, Value, verify_run_directory,
};
use cds_persistence::RunId;
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use tempfile::TempDir;

const ROUND_COUNT: usize = 5;
const RECORD_COUNT: i64 = 72_000;
/// Set for the process whose peak memory is measured.
const ONLY_ARCHIVE: &str = "--only-archive";
const FILE_NAME: &str = "records.parquet";

const SELECT: &str = "SELECT id, kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, \
                      intent, intent_status, intent_error FROM records ORDER BY id";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, database, archive] = arguments.as_slice() {
        assert_eq!(mode, ONLY_ARCHIVE);
        archive_records(Path::new(database), Path::new(archive));
        println!("{}", peak_memory());
        return;
    }
    let folder = TempDir::new().expect("there is room for a directory");
    let database = arguments.first().map_or_else(|| made_database(folder.path()), PathBuf::from);
    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut run = PathBuf::new();
    for round in 0..ROUND_COUNT {
        let archive = folder.path().join(round.to_string());
        fs::create_dir(&archive).expect("the name is new");
        times[0].push(timed(|| compress_text(&database)));
        times[1].push(timed(|| run = archive_records(&database, &archive)));
        times[2].push(timed(|| assert!(read_back(&run.join(FILE_NAME)) > 0)));
        times[3].push(timed(|| assert_eq!(verify_run_directory(&run), [])));
    }
    report(&database, &run, times.map(median));
    println!("{:<22}{:>8.1} MB", "peak memory", megabytes(peak_memory_of_archive(&database, folder.path())));
}

fn report(database: &Path, run: &Path, [compress, archive, read, verify]: [Duration; 4]) {
    let size = |path: &Path| fs::metadata(path).expect("it is there").len();
    let (database, parquet) = (size(database), size(&run.join(FILE_NAME)));
    let (whole, part) = (megabytes(database), megabytes(parquet));
    println!("{:<22}{whole:>8.1} MB", "database");
    println!("{:<22}{part:>8.1} MB  1/{:.1} of the database", FILE_NAME, whole / part);
    println!("{:<22}{:>8.3} s", "read and compress", compress.as_secs_f64());
    for (what, time) in [("archive", archive), ("read back", read), ("verify", verify)] {
        let ratio = time.div_duration_f64(compress);
        println!("{what:<22}{:>8.3} s   {ratio:.2} times reading and compressing", time.as_secs_f64());
    }
}

fn columns() -> Vec<ColumnSpec> {
    use ColumnType::{Integer, Text};
    let column = |(name, column_type, nullable, dictionary): (&str, _, _, _)| ColumnSpec {
        name: name.to_owned(),
        column_type,
        nullable,
        dictionary,
    };
    [
        ("id", Integer, false, false),
        ("kind", Text, false, true),
        ("file_path", Text, false, true),
        ("signature", Text, true, false),
        ("start_line", Integer, false, false),
        ("end_line", Integer, false, false),
        ("raw_code", Text, false, false),
        ("normalized_code", Text, false, false),
        ("md5sum", Text, false, false),
        ("intent", Text, true, false),
        ("intent_status", Text, false, true),
        ("intent_error", Text, true, false),
    ]
    .map(column)
    .to_vec()
}

/// Hands each row of the records to `work`.
fn for_each_row(database: &Path, mut work: impl FnMut(&[Value<'_>])) {
    let mut run = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = connection.prepare(SELECT)?;
        let column_count = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..column_count).map(|column| Ok(value(row.get_ref(column)?)));
            work(&values.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        Ok(())
    };
    run().expect("the database has records");
}

fn value(found: ValueRef<'_>) -> Value<'_> {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(str::from_utf8(text).expect("the text is UTF-8")),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
    }
}

fn archive_records(database: &Path, archive: &Path) -> PathBuf {
    let mut pending = PendingRun::begin(archive, "bench", RunId(1)).expect("the archive is new");
    let mut table = pending.create_table(FILE_NAME, &columns()).expect("the directory is new");
    for_each_row(database, |row| table.push(row).expect("the row fits"));
    pending.finish_table(FILE_NAME, table).expect("there is room");
    let facts = RunFacts { tool_version: "bench".to_owned(), snapshot_root: None };
    pending.commit(facts).expect("there is room")
}

/// What archiving cannot do without: every text is read and compressed once, in one stream, and written nowhere.
fn compress_text(database: &Path) {
    let mut encoder = zstd::Encoder::new(io::sink(), COMPRESSION_LEVEL).expect("the level exists");
    for_each_row(database, |row| {
        for value in row {
            if let Value::Text(text) = value {
                encoder.write_all(text.as_bytes()).expect("a sink takes everything");
            }
        }
    });
    encoder.finish().expect("a sink takes everything");
}

fn read_back(path: &Path) -> usize {
    let mut reader = TableReader::open(path).expect("it was just written");
    let mut length = 0;
    while let Some(batch) = reader.next_batch().expect("it was just written") {
        for row in 0..batch.row_count() {
            for value in batch.row(row) {
                if let Value::Text(text) = value {
                    length += text.len();
                }
            }
        }
    }
    length
}

/// The peak memory, in bytes, of a process that archives and does nothing else.
fn peak_memory_of_archive(database: &Path, folder: &Path) -> u64 {
    let archive = folder.join("alone");
    fs::create_dir(&archive).expect("the name is new");
    let mut command = Command::new(env::current_exe().expect("it runs"));
    let output = command.arg(ONLY_ARCHIVE).args([database, &archive]).output().expect("it can run again");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
}

/// The peak memory of this process in bytes; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).map_or(0, |kilobytes: u64| kilobytes * 1024)
}

/// A database with as many records of made code as a large project has.
fn made_database(folder: &Path) -> PathBuf {
    let path = folder.join("made.sqlite");
    let run = || -> rusqlite::Result<()> {
        let connection = Connection::open(&path)?;
        connection.execute_batch(
            "PRAGMA page_size = 8192; BEGIN;
             CREATE TABLE records (id INTEGER PRIMARY KEY, kind TEXT, file_path TEXT, signature TEXT,
                 start_line INTEGER, end_line INTEGER, raw_code TEXT, normalized_code TEXT, md5sum TEXT, intent TEXT,
                 intent_status TEXT, intent_error TEXT);",
        )?;
        let mut insert = connection.prepare(
            "INSERT INTO records VALUES (?1, 'function', ?2, ?3, 1, 25, ?4, ?5, ?6, 'Adds some things up.', 'success',
                 NULL)",
        )?;
        for number in 1..=RECORD_COUNT {
            let signature = format!("def function_{number}(first, second):");
            let lines = (0..24).map(|line| format!("    {}", made_line(number * 24 + line))).collect::<Vec<_>>();
            let code = format!("{signature}\n{}", lines.join("\n"));
            let sum = format!(
                "{:032x}",
                u128::from(number.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
            );
            let file = format!("package/module_{:04}.py", number / 40);
            insert.execute((number, file, signature, &code, code.replace("    ", " "), sum))?;
        }
        drop(insert);
        connection.execute_batch("COMMIT")
    };
    run().expect("a new file can be written");
    path
}

/// A line that looks like code and is seldom the same.
fn made_line(seed: i64) -> String {
    const WORDS: [&str; 16] = [
        "total",
        "value",
        "self.items",
        "index",
        "result",
        "len(names)",
        "other",
        "count",
        "path",
        "first",
        "second",
        "None",
        "key",
        "cache[key]",
        "limit",
        "data",
    ];
    let mixed =
        seed.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = |shift: u64| WORDS[usize::try_from(mixed >> shift & 15).unwrap_or_default()];
    format!("{} = {} + {}  # {}", word(0), word(4), word(8), mixed >> 54)
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
