//! How long the snapshots of past commits take, beside what they cannot do without: reading and parsing each distinct
//! content once.
//!
//! `cargo bench -p cds --bench backfill -- REPOSITORY [COMMITS]` prints one round; the newest 1,000 commits without a
//! number. Nothing here passes or fails by time.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

#[path = "measure/mod.rs"]
mod measure;

use std::{
    collections::HashMap,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Instant,
};

use cds_pipeline::backfill::{CommitQuery, Every, PastCommit, select};
use cds_provenance::{Id, Repository, SafeDirectories};
use measure::{megabytes, run_cds};
use rayon::prelude::*;

const USUAL_COUNT: usize = 1_000;
static NEVER: AtomicBool = AtomicBool::new(false);

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let folder = PathBuf::from(arguments.next().expect("name a repository after --"));
    let count = arguments.next().map_or(USUAL_COUNT, |count| count.parse().expect("a number of commits"));
    let folder = folder.canonicalize().expect("the repository is there");
    let repository = Repository::discover(&folder, &SafeDirectories::default()).expect("it can be read");
    let repository = repository.expect("a repository");

    let start = Instant::now();
    let (commits, blobs) = parse_distinct(&repository, count);
    let bare = start.elapsed().as_secs_f64();
    let bytes: usize = blobs.values().sum();
    println!("{} commits, {} contents, {:.1} MB", commits.len(), blobs.len(), megabytes(bytes as u64));
    println!("{:<34} {bare:>8.2} s", "read and parse each content");
    let place = tempfile::tempdir().expect("a folder");
    let (first, limit) = (commits.first().expect("a commit").id.to_string(), count.to_string());
    for layout in ["compact", "plain"] {
        let database = |name: &str| place.path().join(format!("{name}-{layout}.sqlite"));
        let (_, least) = backfill(&folder, &database("first"), layout, ["--range", &first, "--limit", "1"]);
        let (seconds, size) = backfill(&folder, &database("all"), layout, ["--every", "1", "--limit", &limit]);
        println!("{:<34} {seconds:>8.2} s    {:.2} x the bare parse", format!("backfill, {layout}"), seconds / bare);
        let ratio = megabytes(size) / megabytes(least);
        println!("{:<34} {:>8.1} MB   {ratio:.2} x the first snapshot", "  its file", megabytes(size));
    }
}

/// Seconds and bytes of the snapshots.
fn backfill(repository: &Path, database: &Path, layout: &str, more: [&str; 4]) -> (f64, u64) {
    let own = ["backfill", "--provider-url", "builtin:", "--layout", layout];
    let paths = [Path::new("--repo"), repository, Path::new("--db-path"), database];
    let run = run_cds(&[&own[..], &more[..]].concat(), &paths);
    (run.elapsed.as_secs_f64(), fs::metadata(database).expect("the database is there").len())
}

fn commits(repository: &Repository, count: usize) -> Vec<PastCommit> {
    let store = repository.store(&NEVER).expect("the objects can be read");
    let query = CommitQuery {
        from: None,
        to: "HEAD".to_owned(),
        since: None,
        tags: None,
        every: Every::Nth(NonZeroUsize::MIN),
        limit: Some(count),
    };
    select(repository, &store, &query, &NEVER).expect("the commits can be listed")
}

/// The commits, and the size of each distinct content of Python files, after reading and parsing it.
fn parse_distinct(repository: &Repository, count: usize) -> (Vec<PastCommit>, HashMap<Id, usize>) {
    let store = repository.store(&NEVER).expect("the objects can be read");
    let commits = commits(repository, count);
    let mut before = None;
    let mut texts: HashMap<Id, Vec<u8>> = HashMap::new();
    for commit in &commits {
        for change in store.changes(before.as_ref(), &commit.tree, b"").expect("the trees can be read") {
            if let Some((id, _)) = change.now.filter(|_| change.path.ends_with(b".py")) {
                texts.entry(id).or_insert_with(|| store.content(&id, u64::MAX).expect("the content can be read"));
            }
        }
        before = Some(commit.tree);
    }
    let new_parser = || {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).expect("the grammar fits");
        parser
    };
    let all: Vec<&Vec<u8>> = texts.values().collect();
    all.par_iter().with_max_len(1).for_each_init(new_parser, |parser, text| {
        parser.parse(text, None).expect("no limit is set");
    });
    (commits, texts.into_iter().map(|(id, text)| (id, text.len())).collect())
}
