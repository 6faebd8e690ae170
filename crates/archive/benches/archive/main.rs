//! Benchmarks archiving and importing against their minimum work.
//!
//! - archiving: against reading the same records and compressing their text at the same level
//! - importing: against inserting the same rows with prepared statements
//!
//! `cargo bench -p cds-archive [-- DATABASE]` prints the medians of five rounds. Each round runs every part once, so
//! that a slow moment of the machine affects all of them. DATABASE must hold snapshots; without it, a database with
//! 72,000 generated records is used. No time makes the benchmark fail.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

mod bare;
mod made;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use cds_archive::{
    Direction, ImportFrom, Job, JobEvent, JobReport, Selection, StateFiles, TableReader, Value, archive_runs,
    import_runs, list_runs, verify_archive,
};
use cds_model::Timestamp;
use cds_persistence::{OpenOptions, SqlitePersistence, SqliteReader};
use tempfile::TempDir;

const ROUND_COUNT: usize = 5;
/// Arguments of the child processes whose peak memory is measured.
const ONLY: [&str; 3] = ["--only-archive", "--only-import", "--only-import-archive"];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, from, to] = arguments.as_slice() {
        let (from, to) = (Path::new(from), Path::new(to));
        match ONLY.iter().position(|only| only == mode) {
            Some(0) => drop(archive(from, to)),
            Some(1) => drop(import(from, to)),
            _ => drop(import_archive(from, to)),
        }
        println!("{}", peak_memory());
        return;
    }
    let folder = TempDir::new().expect("there is room for a directory");
    let database = folder.path().join("source.sqlite");
    match arguments.first() {
        Some(path) => drop(fs::copy(path, &database).expect("the database can be copied")),
        None => made::make_database(&database),
    }
    let mut times: [Vec<Duration>; 8] = Default::default();
    let mut last = PathBuf::new();
    for round in 0..ROUND_COUNT {
        let at = |name: &str| folder.path().join(format!("{name}-{round}"));
        let to = at("archive");
        fs::create_dir(&to).expect("the name is new");
        times[0].push(timed(|| bare::compress_text(&database)));
        times[1].push(timed(|| assert!(archive(&database, &to).done > 0)));
        times[2].push(timed(|| assert!(read_back(&to) > 0)));
        times[3].push(timed(|| {
            assert_eq!(verify_archive(&to, None, &mut |_| {}).expect("it is there").deviations, []);
        }));
        let imported = at("imported");
        times[4].push(timed(|| assert!(import(&database, &imported).done > 0)));
        times[5].push(timed(|| assert!(import_archive(&to, &at("from-archive")).done > 0)));
        // The source is the imported database, so that the rows are the same.
        times[6].push(timed(|| bare::insert(&imported, &at("bare"), &|_| true)));
        times[7]
            .push(timed(|| bare::insert(&imported, &at("contract"), &|table| ["runs", "records"].contains(&table))));
        for name in ["imported", "from-archive", "bare", "contract"] {
            fs::remove_file(at(name)).expect("it is closed");
        }
        last = to;
    }
    report(&database, &last, times.map(median));
    for (mode, from, what) in [(0, &database, "archive"), (1, &database, "import"), (2, &last, "import archive")] {
        let to = folder.path().join(format!("alone-{mode}"));
        if mode == 0 {
            fs::create_dir(&to).expect("the name is new");
        }
        println!(
            "{:<30}{:>8.1} MB",
            format!("peak memory of {what}"),
            megabytes(peak_memory_of(ONLY[mode], from, &to))
        );
    }
}

fn report(database: &Path, archive: &Path, times: [Duration; 8]) {
    let [compress, archiving, read, verify, import, import_archive, bare, contract] = times;
    let whole = megabytes(fs::metadata(database).expect("it is there").len());
    let files = list_runs(archive).expect("it is there").runs.into_iter().flat_map(|run| {
        fs::read_dir(run.path).expect("it is there").map(|entry| entry.and_then(|entry| entry.metadata()))
    });
    let part = megabytes(files.map(|file| file.expect("it is there").len()).sum());
    println!("{:<30}{whole:>8.1} MB", "database");
    println!("{:<30}{part:>8.1} MB  1/{:.1} of the database", "archive", whole / part);
    println!("{:<30}{:>8.3} s", "read and compress", compress.as_secs_f64());
    for (what, time) in [("archive", archiving), ("read records back", read), ("verify the archive", verify)] {
        let ratio = time.div_duration_f64(compress);
        println!("{what:<30}{:>8.3} s   {ratio:.2} times reading and compressing", time.as_secs_f64());
    }
    println!("{:<30}{:>8.3} s", "bare insert of all rows", bare.as_secs_f64());
    println!("{:<30}{:>8.3} s", "  of runs and records alone", contract.as_secs_f64());
    for (what, time) in [("import", import), ("import from the archive", import_archive)] {
        let (ratio, other) = (time.div_duration_f64(bare), time.div_duration_f64(contract));
        println!(
            "{what:<30}{:>8.3} s   {ratio:.2} times all rows, {other:.2} times runs and records",
            time.as_secs_f64()
        );
    }
}

fn open(path: &Path) -> SqlitePersistence {
    SqlitePersistence::open(path, &OpenOptions::default()).expect("it is a database or new")
}

/// A job whose state files are in the directory of `to`.
fn job<'a>(
    database: &'a mut SqlitePersistence,
    to: &Path,
    direction: Direction,
    project: Option<&str>,
    observer: &'a mut dyn FnMut(JobEvent<'_>),
) -> Job<'a> {
    let peer = format!("{}/{}", to.display(), project.unwrap_or_default());
    let state = StateFiles::in_directory(to.parent().expect("it has a name"), direction);
    Job {
        database,
        peer,
        state,
        selection: Selection::New,
        project: project.map(str::to_owned),
        now: &|| Timestamp::from_unix_milliseconds(1_795_200_000_000),
        should_stop: &|| false,
        may_commit: &|| true,
        observer,
    }
}

fn archive(database: &Path, to: &Path) -> JobReport {
    let mut writer = open(database);
    let source = writer.open_reader().expect("it can be read");
    let mut silent = |_: JobEvent<'_>| {};
    let job = job(&mut writer, to, Direction::Archive, None, &mut silent);
    archive_runs(job, &source, to, "bench").expect("there is room")
}

fn import(database: &Path, to: &Path) -> JobReport {
    let source = SqliteReader::open(database, &OpenOptions::default()).expect("it is a database");
    let mut writer = open(to);
    let mut silent = |_: JobEvent<'_>| {};
    let job = job(&mut writer, to, Direction::Import, None, &mut silent);
    let report = import_runs(job, ImportFrom::Database(&source)).expect("there is room");
    writer.close().expect("no other process uses it");
    report
}

fn import_archive(archive: &Path, to: &Path) -> JobReport {
    let mut writer = open(to);
    let mut whole = JobReport::default();
    let mut projects: Vec<String> =
        list_runs(archive).expect("it is there").runs.into_iter().map(|run| run.project).collect();
    projects.dedup();
    for project in projects {
        let mut silent = |_: JobEvent<'_>| {};
        let job = job(&mut writer, to, Direction::Import, Some(&project), &mut silent);
        whole.done += import_runs(job, ImportFrom::Archive(archive)).expect("there is room").done;
    }
    writer.close().expect("no other process uses it");
    whole
}

fn read_back(archive: &Path) -> usize {
    let mut length = 0;
    for run in list_runs(archive).expect("it is there").runs {
        let mut reader = TableReader::open(&run.path.join("records.parquet")).expect("it was just written");
        while let Some(batch) = reader.next_batch().expect("it was just written") {
            for row in 0..batch.row_count() {
                let texts = batch.row(row).map(|value| if let Value::Text(text) = value { text.len() } else { 0 });
                length += texts.sum::<usize>();
            }
        }
    }
    length
}

/// The peak memory, in bytes, of a process that does only this.
fn peak_memory_of(mode: &str, from: &Path, to: &Path) -> u64 {
    let mut command = Command::new(env::current_exe().expect("it runs"));
    let output = command.arg(mode).args([from, to]).output().expect("it can run again");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number of bytes")
}

/// The peak memory of this process in bytes; 0 if the system does not report it.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).map_or(0, |kilobytes: u64| kilobytes * 1024)
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
