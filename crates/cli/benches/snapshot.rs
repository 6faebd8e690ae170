//! How long a snapshot takes, beside what it cannot do without: parsing every file and inserting every row.
//!
//! `cargo bench -p cds --bench snapshot [-- TREE]` prints the medians of five rounds; in each round every part runs
//! once, so that a slow moment of the machine hits them all. Without TREE it is the standard library of the python3
//! on the PATH. Nothing here passes or fails by time.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use cds_analyzer::{AnalysisOptions, SourceTree, analyze};
use cds_model::Record;
use rayon::prelude::*;

const ROUNDS: usize = 5;

const SCHEMA: &str = "
    PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
    CREATE TABLE runs(id INTEGER PRIMARY KEY);
    CREATE TABLE records(id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES runs(id), kind TEXT NOT NULL,
        file_path TEXT NOT NULL, signature TEXT, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL,
        raw_code TEXT NOT NULL, normalized_code TEXT NOT NULL, md5sum TEXT NOT NULL, intent TEXT,
        intent_status TEXT NOT NULL, intent_error TEXT);
    CREATE INDEX a ON records(run_id); CREATE INDEX b ON records(file_path);
    CREATE INDEX c ON records(md5sum); CREATE INDEX d ON records(intent_status);
    INSERT INTO runs VALUES (1);";
const INSERT: &str = "INSERT INTO records(run_id, kind, file_path, signature, start_line, end_line, raw_code,
    normalized_code, md5sum, intent, intent_status) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'success')";

fn main() {
    // Cargo adds `--bench`; anything else is the tree.
    let tree = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
        .map_or_else(standard_library, PathBuf::from);
    let folder = tempfile::tempdir().expect("a folder for the copy");
    let (files, byte_count) = copy_python(&tree, &folder.path().join("tree"));
    let tree = SourceTree::open(&folder.path().join("tree")).expect("the copy is there");
    let records = records_of(&tree);
    println!("{} files, {:.1} MB, {} records", files.len(), megabytes(byte_count), records.len());

    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut peak_memory = 0;
    for round in 0..ROUNDS {
        times[0].push(time(|| parse_all(&files)));
        times[1].push(time(|| assert_eq!(records_of(&tree).len(), records.len())));
        times[2].push(time(|| insert_all(&records, &folder.path().join(format!("bare-{round}.sqlite")))));
        times[3].push(time(|| {
            peak_memory = peak_memory.max(persist(&tree, &folder.path().join(format!("cds-{round}.sqlite"))));
        }));
    }
    let [parse, build, insert, persist] = times.map(median);
    report("bare parse, all cores", parse, "");
    report("analyze + build", build, &format!("{:.2} x bare parse", build / parse));
    report("bare insert, one transaction", insert, "");
    report("persist, builtin:", persist, &format!("{:.2} x (bare parse + bare insert)", persist / (parse + insert)));
    let allowed = 4.0 * megabytes(byte_count) + 64.0;
    let peak = megabytes(peak_memory);
    println!("{:<30} {peak:>8.1} MB   {:.2} x (4 x source + 64 MB)", "peak memory of persist", peak / allowed);
}

fn report(name: &str, seconds: f64, ratio: &str) {
    println!("{name:<30} {seconds:>8.3} s    {ratio}");
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn standard_library() -> PathBuf {
    let output = Command::new("python3")
        .args(["-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"])
        .output()
        .expect("python3 is on the PATH; else name a tree: cargo bench -p cds --bench snapshot -- TREE");
    PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim())
}

/// Copies every `*.py` below `from`, but no installed packages; returns the copies and their size.
fn copy_python(from: &Path, to: &Path) -> (Vec<PathBuf>, u64) {
    let (mut files, mut size) = (Vec::new(), 0);
    fs::create_dir_all(to).expect("the copy can be made");
    for entry in fs::read_dir(from).expect("the tree can be read") {
        let entry = entry.expect("the tree can be read");
        let (kind, name) = (entry.file_type().expect("a file type"), entry.file_name());
        let copy = to.join(&name);
        if kind.is_dir() && name != "site-packages" && name != "__pycache__" {
            let (inner, inner_size) = copy_python(&entry.path(), &copy);
            files.extend(inner);
            size += inner_size;
        } else if kind.is_file() && copy.extension().is_some_and(|extension| extension == "py") {
            size += fs::copy(entry.path(), &copy).expect("the copy can be made");
            files.push(copy);
        }
    }
    (files, size)
}

fn parse_all(files: &[PathBuf]) {
    let new_parser = || {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the grammar fits");
        parser
    };
    files.par_iter().with_max_len(1).for_each_init(new_parser, |parser, file| {
        let text = fs::read(file).expect("the file can be read");
        parser.parse(text, None).expect("no limit is set");
    });
}

fn records_of(tree: &SourceTree) -> Vec<Record> {
    cds_model_builder::build(analyze(tree, &AnalysisOptions::default()).files)
}

fn insert_all(records: &[Record], path: &Path) {
    let connection = rusqlite::Connection::open(path).expect("a new database");
    connection.execute_batch(SCHEMA).expect("the schema");
    connection.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    let mut statement = connection.prepare(INSERT).expect("the statement");
    for record in records {
        let intent = "A sentence about as long as those of the embedded provider, which name a few calls.";
        statement
            .execute(rusqlite::params![
                record.kind.as_str(),
                &*record.file_path,
                record.signature.as_deref(),
                record.start_line,
                record.end_line,
                record.raw_code.as_str(),
                &*record.normalized_code,
                record.md5sum.to_string(),
                intent,
            ])
            .expect("the row");
    }
    drop(statement);
    connection.execute_batch("COMMIT").expect("the commit");
    connection.close().expect("closing writes the log into the file");
}

/// Runs the real command; returns the most memory that it had, in bytes (0 where the system does not tell).
fn persist(tree: &SourceTree, database: &Path) -> u64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cds"))
        .args(["persist", "--provider-url", "builtin:", "--progress-batch-size", "1000000", "--path"])
        .arg(tree.root())
        .arg("--db-path")
        .arg(database)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("cds starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        // The high-water mark never falls, so that the last one read is the one that counts.
        peak = peak.max(fs::read_to_string(&status).ok().and_then(|text| high_water_mark(&text)).unwrap_or(0));
        if let Some(exit) = child.try_wait().expect("the child can be waited for") {
            assert!(exit.success(), "cds persist failed");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
