//! How long `cds history` takes in a database of many large snapshots.
//!
//! `cargo bench -p cds --bench history [-- RUNS RECORDS [FILE]]` writes that number of snapshots and records (500 of
//! 10,000; about 2 GB) and prints the median of five calls of the real command, each a process of its own. A FILE is kept,
//! and taken as it is where it is there already. Nothing here passes or fails by time.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

#[path = "measure/mod.rs"]
mod measure;

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use cds_model::{
    HistoryContext, Intent, Md5Sum, Record, RunSettings, RunSnapshot, Scope, SourceSlice, SymbolKind, Timestamp,
};
use cds_persistence::{OpenOptions, Persistence, SqlitePersistence};
use measure::{median, megabytes};

const ROUNDS: usize = 5;
const RECORDS_IN_A_FILE: u32 = 25;
/// How many definitions change from one snapshot to the next, beside the one that always does.
const CHANGES: u32 = 20;

fn main() {
    // Cargo adds `--bench`; anything else is ours.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let number =
        |place: usize, default: u32| arguments.get(place).map_or(default, |text| text.parse().expect("a count"));
    let (run_count, record_count) = (number(0, 500), number(1, 10_000));
    let folder = tempfile::tempdir().expect("a folder for the database");
    let path = arguments.get(2).map_or_else(|| folder.path().join("history.sqlite"), PathBuf::from);
    if !path.exists() {
        let start = Instant::now();
        build(&path, run_count, record_count);
        println!("{run_count} snapshots of {record_count} records written in {:.0} s", start.elapsed().as_secs_f64());
    }
    let size = path.metadata().expect("the database is there").len();
    println!("{:.0} MB", megabytes(size));
    for (what, arguments) in [
        ("a unit that changed in each run", &["m0000.py::hot"][..]),
        ("the same, all transitions", &["m0000.py::hot", "--limit", "0"]),
        ("the same with --diff", &["m0000.py::hot", "--diff"]),
        ("a unit that never changed", &["m0003.py::f7"]),
        ("a unit by an earlier name", &["m0001.py::f1"]),
        ("a file", &["m0002.py"]),
        ("a folder's files", &["m00"]),
    ] {
        let times = (0..ROUNDS).map(|_| call(&path, arguments)).collect();
        println!("{what:<35} {:>8.1} ms", median(times) * 1e3);
    }
}

fn call(path: &Path, arguments: &[&str]) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cds"));
    command.arg("history").args(arguments).arg("--db-path").arg(path).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("cds starts");
    let elapsed = start.elapsed();
    assert!(status.success(), "{arguments:?}");
    elapsed
}

fn build(path: &Path, run_count: u32, record_count: u32) {
    let mut persistence = SqlitePersistence::open(path, &OpenOptions::default()).expect("a new file can be opened");
    let mut records: Vec<Record> = (0..record_count).map(|number| record(number, 0)).collect();
    for run in 0..run_count {
        // Another part of the tree each time, and the first definition of the first file always.
        for change in 0..CHANGES {
            let number = (run * CHANGES + change).wrapping_mul(7_919) % record_count;
            // Files, and what never changes.
            if number % RECORDS_IN_A_FILE > 8 {
                records[number as usize] = record(number, run + 1);
            }
        }
        records[1] = record(1, run + 1);
        if run == run_count / 2 {
            rename(&mut records[RECORDS_IN_A_FILE as usize + 1]);
        }
        let saved = persistence.save(&snapshot(i64::from(run), records.clone())).expect("a snapshot can be written");
        assert!(saved.warnings.is_empty(), "no other program uses the file");
    }
    persistence.close().expect("no other program uses the file");
}

/// The same code under another name: the line stays, as `f1` is no part of it.
fn rename(record: &mut Record) {
    record.file_path = "m0001b.py".into();
}

fn snapshot(number: i64, mut records: Vec<Record>) -> RunSnapshot {
    records.sort_by(|left, right| left.file_path.cmp(&right.file_path));
    let at = Timestamp::from_unix_milliseconds(1_795_166_400_000 + number * 60_000);
    RunSnapshot {
        started_at: at,
        finished_at: at,
        settings: RunSettings {
            root_path: "/srv/code".to_owned(),
            provider_url: "builtin:".to_owned(),
            model: "builtin:outline-v1".to_owned(),
            scope: Scope::default(),
            progress_batch_size: 10,
        },
        records,
        errors: Vec::new(),
        not_read: Vec::new(),
        source_files: Vec::new(),
        enrichment: None,
        account: None,
        history: Some(HistoryContext {
            project: "bench".to_owned(),
            part: String::new(),
            actor: Some("A U Thor <author@example.org>".to_owned()),
            reasoning: Some("Count from another number".to_owned()),
            changed_at: None,
        }),
    }
}

/// The first of each file is the file itself.
fn record(number: u32, version: u32) -> Record {
    let place = number % RECORDS_IN_A_FILE;
    let is_file = place == 0;
    let name = if number == 1 { "hot".to_owned() } else { format!("f{place}") };
    let code = if is_file { format!("# {number}") } else { format!("def {name}():\n    return {number} + {version}") };
    // Spread over the whole index, as real sums are.
    let sum = u128::from(number * 1_000 + version + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Record {
        kind: if is_file { SymbolKind::File } else { SymbolKind::Function },
        file_path: format!("m{:04}.py", number / RECORDS_IN_A_FILE).into(),
        signature: (!is_file).then(|| SourceSlice::from(format!("def {name}():").as_str())),
        start_line: if is_file { 1 } else { place * 3 },
        end_line: if is_file { RECORDS_IN_A_FILE * 3 } else { place * 3 + 1 },
        normalized_code: code.as_str().into(),
        raw_code: SourceSlice::from(code.as_str()),
        md5sum: Md5Sum(sum.to_be_bytes()),
        intent: Intent::Skipped,
        question: None,
    }
}
