//! The lines that report the progress of the questions.

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
    let reported: Vec<String> = lines
        .iter()
        .map(|fields| {
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            // Fields are only ever added.
            assert_eq!(names[..5], ["completed", "total", "failed", "percent", "eta_seconds"]);
            assert!(fields[4].1.parse::<u64>().is_ok(), "whole seconds: {fields:?}");
            format!("{}/{} {} {}", fields[0].1, fields[1].1, fields[2].1, fields[3].1)
        })
        .collect();
    assert_eq!(reported, expected, "{function_count} functions, every {batch_size}");
    assert_eq!(lines.last().expect("a last line")[4].1, "0", "nothing is left at the end");
    assert_eq!(outcome.stdout.lines().count(), 1, "progress is not on stdout");
}

#[test]
fn each_batch_prints_a_line() {
    check(7, "3", &["3/7 1 42.9", "6/7 1 85.7", "7/7 1 100.0"]);
    check(6, "3", &["3/6 1 50.0", "6/6 1 100.0"]);
    check(3, "1", &["1/3 0 33.3", "2/3 1 66.7", "3/3 1 100.0"]);
    check(3, "1000", &["3/3 1 100.0"]);
    check(21, "10", &["10/21 1 47.6", "20/21 1 95.2", "21/21 1 100.0"]);
}

#[test]
fn long_run_prints_few_lines() {
    let server = FakeOllama::start(Script::new());
    let lines = |more: &[&str]| {
        let place = Place::with_functions(300);
        place.persist(&server.url(), more).succeeded().lines_of(NAME).len()
    };
    let sparse = lines(&[]);
    assert!((11..=16).contains(&sparse), "{sparse}");
    assert_eq!(lines(&["--progress-batch-size", "10"]), 30);
}

/// The frames of the progress bar for 12 questions on a terminal of this width.
#[cfg(target_os = "linux")]
fn bar(columns: u16) -> Vec<String> {
    use crate::{place::persist_arguments, terminal};

    let server = FakeOllama::start(Script::new().latency(std::time::Duration::from_millis(150)));
    let place = Place::with_functions(12);
    let mut command = place.command(&persist_arguments(&server.url(), &["--concurrency", "2"]));
    let frames = terminal::frames(&terminal::drawn(&mut command, columns));
    assert!(!frames.iter().any(|frame| frame.contains(NAME)), "no lines beside the bar: {frames:#?}");
    frames.into_iter().filter(|frame| frame.contains("/12 ")).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn bar_moves_with_every_answer() {
    let frames = bar(80);
    let shows = |text: &str| frames.iter().any(|frame| frame.contains(text));
    // Two answers at the same moment may share a frame.
    let positions = (1..12).filter(|position| shows(&format!(" {position}/12 "))).count();
    assert!(positions >= 5, "{frames:#?}");
    assert!(shows("2 in flight"), "{frames:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn bar_fits_terminal() {
    for columns in [80, 50] {
        let frames = bar(columns);
        assert!(!frames.is_empty());
        let is_long = |frame: &&String| frame.chars().count() > usize::from(columns);
        assert_eq!(frames.iter().find(is_long), None, "{columns}");
    }
}

#[test]
fn no_questions_print_one_line() {
    check(0, "10", &["0/0 0 100.0"]);
    let place = Place::with_shop();
    let outcome = place.cds(&["enrich-intent", "--path", "tree/empty.py", "--scope", "all"]).succeeded();
    let expected = "intent_enrichment_progress completed=0 total=0 failed=0 percent=100.0 eta_seconds=0";
    let lines = outcome.lines_of(NAME);
    assert!(lines.len() == 1 && lines[0].starts_with(expected), "{lines:?}");

    let outcome = Place::with_shop().cds(&["model-build", "--path", "tree"]).succeeded();
    assert!(outcome.lines_of(NAME).is_empty(), "{outcome:?}");
}
