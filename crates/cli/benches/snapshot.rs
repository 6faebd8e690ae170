//! How long a snapshot takes, beside what it cannot do without: parsing every file and inserting every row.
//!
//! `cargo bench -p cds --bench snapshot [-- TREE]` prints the medians of five rounds; in each round every part runs
//! once, so that a slow moment of the machine hits them all. Without TREE it is the standard library of the python3
//! on the PATH. Nothing here passes or fails by time.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

#[path = "measure/mod.rs"]
mod measure;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use cds_analyzer::{AnalysisOptions, NothingKnown, SourceTree, analyze};
use cds_model::Record;
use measure::{Run, copy_python, median, megabytes, run_cds, tree_argument};
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
    let tree = tree_argument();
    let folder = tempfile::tempdir().expect("a folder for the copy");
    let (files, byte_count) = copy_python(&tree, &folder.path().join("tree"));
    let tree = SourceTree::open(&folder.path().join("tree")).expect("the copy is there");
    let records = records_of(&tree);
    println!("{} files, {:.1} MB, {} records", files.len(), megabytes(byte_count), records.len());

    let mut times: [Vec<Duration>; 4] = Default::default();
    // For each layout: the first snapshot, the same tree again, and again with one changed file.
    let mut repeated: [[Vec<Duration>; 3]; 2] = Default::default();
    let mut peak_memory = 0;
    for round in 0..ROUNDS {
        times[0].push(time(|| parse_all(&files)));
        times[1].push(time(|| assert_eq!(records_of(&tree).len(), records.len())));
        times[2].push(time(|| insert_all(&records, &folder.path().join(format!("bare-{round}.sqlite")))));
        times[3].push(time(|| {
            let run = persist(&tree, &folder.path().join(format!("cds-{round}.sqlite")));
            peak_memory = peak_memory.max(run.peak_memory);
        }));
        for (layout, times) in ["plain", "compact"].into_iter().zip(&mut repeated) {
            let database = folder.path().join(format!("{layout}-{round}.sqlite"));
            let edited = &files[files.len() / 2];
            let text = fs::read(edited).expect("the copy is there");
            for (kind, times) in times.iter_mut().enumerate() {
                if kind == 2 {
                    fs::write(edited, [&text[..], b"\nchanged = 1\n"].concat()).expect("the copy can be written");
                }
                times.push(time(|| drop(persist_as(&tree, &database, layout))));
            }
            fs::write(edited, text).expect("the copy can be written");
            fs::remove_file(database).expect("the database can be removed");
        }
    }
    let [parse, build, insert, persist] = times.map(median);
    report("bare parse, all cores", parse, "");
    report("analyze + build", build, &format!("{:.2} x bare parse", build / parse));
    report("bare insert, one transaction", insert, "");
    report("persist, builtin:", persist, &format!("{:.2} x (bare parse + bare insert)", persist / (parse + insert)));
    for (layout, times) in ["plain", "compact"].into_iter().zip(repeated) {
        let [cold, again, edited] = times.map(median);
        report(&format!("{layout}: first snapshot"), cold, "");
        report(&format!("{layout}: unchanged tree again"), again, &format!("{:.2} x first", again / cold));
        let more = (edited - again) / cold;
        report(&format!("{layout}: one changed file"), edited, &format!("{more:.3} x first more than that"));
    }
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
    cds_model_builder::build(analyze(tree, &AnalysisOptions::default(), &NothingKnown, &|| false).files).records
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

fn persist(tree: &SourceTree, database: &Path) -> Run {
    persist_as(tree, database, "plain")
}

fn persist_as(tree: &SourceTree, database: &Path, layout: &str) -> Run {
    let arguments =
        ["persist", "--layout", layout, "--provider-url", "builtin:", "--progress-batch-size", "1000000", "--path"];
    run_cds(&arguments, &[tree.root(), Path::new("--db-path"), database])
}
