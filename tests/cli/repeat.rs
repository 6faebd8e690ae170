//! The same tree twice gives the same records, with any number of threads.

use cds_fake_ollama::{FakeOllama, Script};

use crate::place::Place;

/// Asserts that two runs of the same tree with these arguments have equal records.
#[track_caller]
fn check_equal(provider_url: &str, first: &[&str], second: &[&str]) {
    let place = Place::with_shop();
    place.persist(provider_url, first).succeeded();
    place.persist(provider_url, second).succeeded();
    let database = place.database();
    assert_eq!(database.number("SELECT count(*) FROM runs"), 2);
    let (before, after) = (database.records(1), database.records(2));
    assert_eq!((before.len(), before), (59, after));
}

#[test]
fn same_tree_gives_same_records() {
    let server = FakeOllama::start(Script::new());
    check_equal(&server.url(), &[], &[]);
    check_equal("builtin:", &["--scope", "all"], &["--scope", "all"]);

    let place = Place::with_shop();
    place.persist("builtin:", &["--threads", "8"]).succeeded();
    let database = place.database();
    let order = |by: &str| database.rows(&format!("SELECT id FROM records ORDER BY {by}"));
    assert_eq!(order("id"), order("file_path COLLATE BINARY, start_line, end_line DESC, kind <> 'file', id"));
}

#[test]
fn threads_and_concurrency_change_nothing() {
    let server = FakeOllama::start(Script::new());
    check_equal(&server.url(), &["--threads", "1", "--concurrency", "1"], &["--threads", "8", "--concurrency", "16"]);
    check_equal("builtin:", &["--threads", "1"], &["--threads", "8"]);
}
