//! The lines that tell how far the asking has come.

use cds_fake_ollama::{FakeOllama, Reply, Script, When};

use crate::{fields::fields_of, place::Place};

const NAME: &str = "intent_enrichment_progress";

/// `completed/total failed percent` of each line.
#[track_caller]
fn check(function_count: usize, batch_size: &str, expected: &[&str]) {
    let server = FakeOllama::start(Script::new().rule(When::question().nth(2), Reply::status(500, "no")));
    let place = Place::with_functions(function_count);
    let more = ["--progress-batch-size", batch_size, "--concurrency", "1", "--retries", "0"];
    let outcome = place.persist(&server.url(), &more).succeeded();
    let lines: Vec<Vec<(String, String)>> =
        outcome.lines_of(NAME).into_iter().map(|line| fields_of(NAME, line)).collect();
    let told: Vec<String> = lines
        .iter()
        .map(|fields| {
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            // Fields are only ever added.
            assert_eq!(names[..5], ["completed", "total", "failed", "percent", "eta_seconds"]);
            assert!(fields[4].1.parse::<u64>().is_ok(), "whole seconds: {fields:?}");
            format!("{}/{} {} {}", fields[0].1, fields[1].1, fields[2].1, fields[3].1)
        })
        .collect();
    assert_eq!(told, expected, "{function_count} functions, every {batch_size}");
    assert_eq!(lines.last().expect("a last line")[4].1, "0", "nothing is left at the end");
    assert_eq!(outcome.stdout.lines().count(), 1, "progress is not on stdout");
}

#[test]
fn a_line_for_every_batch_and_one_at_the_end() {
    check(7, "3", &["3/7 1 42.9", "6/7 1 85.7", "7/7 1 100.0"]);
    check(6, "3", &["3/6 1 50.0", "6/6 1 100.0"]);
    check(3, "1", &["1/3 0 33.3", "2/3 1 66.7", "3/3 1 100.0"]);
    check(3, "1000", &["3/3 1 100.0"]);
    check(21, "10", &["10/21 1 47.6", "20/21 1 95.2", "21/21 1 100.0"]);
}

#[test]
fn nothing_to_do_is_one_line() {
    check(0, "10", &["0/0 0 100.0"]);
    let place = Place::with_shop();
    let outcome = place.cds(&["enrich-intent", "--path", "tree/empty.py", "--scope", "all"]).succeeded();
    let expected = "intent_enrichment_progress completed=0 total=0 failed=0 percent=100.0 eta_seconds=0";
    let lines = outcome.lines_of(NAME);
    assert!(lines.len() == 1 && lines[0].starts_with(expected), "{lines:?}");

    let outcome = Place::with_shop().cds(&["model-build", "--path", "tree"]).succeeded();
    assert!(outcome.lines_of(NAME).is_empty(), "{outcome:?}");
}
