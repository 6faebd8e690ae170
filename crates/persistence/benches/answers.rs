//! Benchmarks stored answers: a durable batch of 20, and a lookup of 50,000 questions.
//!
//! `cargo bench -p cds-persistence --bench answers`. The bare sync of the same disk is the baseline for the batches.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use cds_model::{KeptAnswer, QuestionKey, Timestamp};
use cds_persistence::{OpenOptions, Persistence as _, SqlitePersistence, SqliteReader};
use tempfile::TempDir;

const ANSWER_COUNT: u64 = 50_000;
const GROUP_SIZE: usize = 20;
const LOOKUP_ROUND_COUNT: usize = 5;

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn main() {
    let directory = TempDir::new().expect("there is room for a directory");
    let path = directory.path().join("bench.sqlite");
    let answers: Vec<KeptAnswer> = (0..ANSWER_COUNT).map(answer).collect();
    let groups = keep(&path, &answers);
    show_groups("kept group", &groups);
    show_groups("bare sync", &bare_syncs(&directory.path().join("bare"), groups.len().min(200)));

    let known: Vec<QuestionKey> = answers.iter().map(|answer| answer.key).collect();
    let unknown: Vec<QuestionKey> = (ANSWER_COUNT..2 * ANSWER_COUNT).map(key).collect();
    let reader = SqliteReader::open(&path, &OpenOptions::default()).expect("it was just written");
    for (what, keys, expected) in [("known", &known, known.len()), ("unknown", &unknown, 0)] {
        let best = (0..LOOKUP_ROUND_COUNT).map(|_| lookup(&reader, keys, expected)).min().unwrap_or_default();
        println!("lookup of {} {what} questions  {:>6.1} ms", keys.len(), milliseconds(best));
    }
    let start = Instant::now();
    let stats = reader.intent_cache_stats().expect("it was just written");
    println!("stats of {} answers  {:>6.1} ms", stats.answer_count, milliseconds(start.elapsed()));
    let start = Instant::now();
    reader.latest_digest("qwen3-coder:latest").expect("it was just written");
    println!("latest digest  {:>6.1} ms", milliseconds(start.elapsed()));
    let size = path.metadata().expect("it was just written").len();
    println!("file  {size} bytes, {} an answer", size / ANSWER_COUNT);
}

fn keep(path: &Path, answers: &[KeptAnswer]) -> Vec<Duration> {
    let mut persistence = SqlitePersistence::open(path, &OpenOptions::default()).expect("a new file can be opened");
    let times = answers.chunks(GROUP_SIZE).map(|group| {
        let start = Instant::now();
        persistence.keep_answers(group, Timestamp::from_unix_milliseconds(0)).expect("a new file can be written");
        start.elapsed()
    });
    let times = times.collect();
    persistence.close().expect("no other process uses the file");
    times
}

fn bare_syncs(path: &Path, count: usize) -> Vec<Duration> {
    let mut file = File::create(path).expect("there is room for a file");
    let sync = |_| {
        let start = Instant::now();
        file.write_all(&[1; 8192]).and_then(|()| file.sync_data()).expect("there is room for a page");
        start.elapsed()
    };
    (0..count).map(sync).collect()
}

fn lookup(reader: &SqliteReader, keys: &[QuestionKey], expected: usize) -> Duration {
    let start = Instant::now();
    let found = reader.lookup_answers(keys).expect("it was just written");
    assert_eq!(found.len(), expected);
    start.elapsed()
}

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn show_groups(what: &str, times: &[Duration]) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| milliseconds(sorted[(sorted.len() - 1) * percent / 100]);
    println!("{what}  median {:.2} ms, 95 % below {:.2} ms, longest {:.2} ms", at(50), at(95), at(100));
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn answer(number: u64) -> KeptAnswer {
    KeptAnswer {
        key: key(number),
        intent: format!("Adds the two numbers of the pair {number} and returns their sum to the caller."),
        model: "qwen3-coder:latest".to_owned(),
        model_digest: "ad67f85ca2502e92936ef793bf29a312e1912ecd1e2c09c9c2963adf1debde78".to_owned(),
        prompt_version: 1,
        prompt_tokens: Some(400),
        answer_tokens: Some(20),
    }
}

/// Keys are spread over the whole table, as real hashes are.
fn key(number: u64) -> QuestionKey {
    let mut bytes = [0; 32];
    for (part, factor) in bytes.chunks_exact_mut(8).zip([0x9e37_79b9_7f4a_7c15_u64, 3, 5, 7]) {
        part.copy_from_slice(&(number + 1).wrapping_mul(factor).to_be_bytes());
    }
    QuestionKey(bytes)
}
