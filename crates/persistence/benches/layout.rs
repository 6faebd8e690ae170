//! Benchmarks the compact layout against the plain one: bytes, and the time of saving and reading.
//!
//! `cargo bench -p cds-persistence --bench layout -- DB`, where DB is a database with at least one run of real code. Each
//! figure is the median of several rounds.

use std::{
    fs,
    hint::black_box,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use cds_model::{
    HistoryContext, Intent, Md5Sum, Record, RunSettings, RunSnapshot, Scope, SourceSlice, SymbolKind, Timestamp,
};
use cds_persistence::{Error, Layout, OpenOptions, Persistence, RunId, SqlitePersistence, SqliteReader, VerifyQuery};
use rusqlite::Connection;
use tempfile::TempDir;

const ROUND_COUNT: usize = 3;

const RECORDS: &str = "
SELECT kind, file_path, signature, start_line, end_line, raw_code, normalized_code, md5sum, intent
FROM records
WHERE run_id = (SELECT max(id) FROM runs)
ORDER BY id";

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn main() {
    let Some(source) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("name a database with a run of real code");
        return;
    };
    let snapshot = load(Path::new(&source));
    println!("{} records of {source}, medians of {ROUND_COUNT}", snapshot.records.len());
    let mut rounds = Vec::new();
    for _ in 0..ROUND_COUNT {
        rounds.push([Layout::Plain, Layout::Compact].map(|layout| Round::of(&snapshot, layout)));
    }
    let names = [
        "first save",
        "unchanged save",
        "code of all records",
        "normalized code",
        "rows for an archive",
        "states",
        "verify",
    ];
    for (index, name) in names.iter().enumerate() {
        let [plain, compact] = [0, 1].map(|layout| median(rounds.iter().map(|round| round[layout].times[index])));
        println!(
            "{name:<20} plain {:>7.3} s  compact {:>7.3} s  ratio {:.2}",
            plain.as_secs_f64(),
            compact.as_secs_f64(),
            compact.div_duration_f64(plain)
        );
    }
    for (index, name) in ["first snapshot", "unchanged run"].iter().enumerate() {
        let [plain, compact] = [0, 1].map(|layout| rounds[0][layout].bytes[index]);
        let ratio = Duration::from_micros(compact).div_duration_f64(Duration::from_micros(plain.max(1)));
        println!("{name:<20} plain {plain:>10} B  compact {compact:>10} B  ratio {ratio:.4}");
    }
}

/// The figures of one layout.
struct Round {
    times: [Duration; 7],
    /// Of the first snapshot, and of one more.
    bytes: [u64; 2],
}

impl Round {
    fn of(snapshot: &RunSnapshot, layout: Layout) -> Self {
        let directory = TempDir::new().expect("there is room for a directory");
        let path = directory.path().join("bench.sqlite");
        let first = timed(|| save(&path, layout, snapshot));
        let size = |path: &PathBuf| fs::metadata(path).expect("it was written").len();
        let first_size = size(&path);
        let again = timed(|| save(&path, layout, snapshot));
        let bytes = [first_size, size(&path) - first_size];
        let reader = SqliteReader::open(&path, &OpenOptions::default()).expect("it was written");
        let run = RunId(2);
        let code = timed(|| reader.code_rows(run, &mut |row| drop(black_box(row))).expect("it can be read"));
        let texts = timed(|| {
            let ids = reader.record_bounds(run).expect("it can be read").expect("it has records");
            let query = cds_persistence::TextQuery {
                run,
                ids: ids.0..=ids.1,
                lengths: 0..=usize::MAX,
                functions_from: None,
                with_files: false,
            };
            black_box(reader.normalized_code(&query, &|_| true).expect("it can be read"));
        });
        let rows = timed(|| {
            for table in SqliteReader::run_tables() {
                reader
                    .run_rows::<Error>(run, table, &mut |row| {
                        black_box(row);
                        Ok(())
                    })
                    .expect("it can be read");
            }
        });
        let states = timed(|| drop(black_box(reader.states(run).expect("it can be read"))));
        let verify = timed(|| {
            let found = reader.verify(&VerifyQuery::default(), &|_| ControlFlow::Continue(())).expect("it can be read");
            assert!(found.is_unaltered(), "the database is unaltered");
        });
        Self { times: [first, again, code, texts, rows, states, verify], bytes }
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn save(path: &Path, layout: Layout, snapshot: &RunSnapshot) {
    let options = OpenOptions { layout, ..OpenOptions::default() };
    let mut persistence = SqlitePersistence::open(path, &options).expect("a new file can be opened");
    persistence.save(snapshot).expect("a new file can be written");
    persistence.close().expect("no other process uses the file");
}

/// The newest run of a database as a snapshot with a history.
fn load(path: &Path) -> RunSnapshot {
    let connection = Connection::open(path).expect("the database can be opened");
    let mut statement = connection.prepare(RECORDS).expect("it has records");
    let records = statement.query_map([], |row| {
        let text = |column| row.get::<_, String>(column);
        Ok(Record {
            kind: text(0)?.parse().unwrap_or(SymbolKind::Function),
            file_path: text(1)?.into(),
            signature: row.get::<_, Option<String>>(2)?.as_deref().map(SourceSlice::from),
            start_line: row.get(3)?,
            end_line: row.get(4)?,
            raw_code: text(5)?.as_str().into(),
            normalized_code: text(6)?.into(),
            md5sum: text(7)?.parse().unwrap_or(Md5Sum([0; 16])),
            intent: row.get::<_, Option<String>>(8)?.map_or(Intent::Skipped, Intent::Success),
            question: None,
        })
    });
    let records = records.expect("they can be read").collect::<rusqlite::Result<_>>().expect("they can be read");
    let moment = Timestamp::from_unix_milliseconds(1_795_166_400_000);
    RunSnapshot {
        started_at: moment,
        finished_at: moment,
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
            actor: None,
            reasoning: None,
            changed_at: None,
        }),
    }
}
