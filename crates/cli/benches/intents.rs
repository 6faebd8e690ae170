//! What asking costs beside what it cannot do without: the provider's own time, and the rest of the pipeline.
//!
//! `cargo bench -p cds --bench intents [-- TREE]` starts servers on loopback and runs the real command against them.
//! Without TREE the large runs use the standard library of the python3 on the PATH. Nothing here passes or fails by
//! time; that the second run asks nothing is asserted.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

#[path = "measure/mod.rs"]
mod measure;

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use cds_fake_ollama::{FakeOllama, Script};
use measure::{Run, copy_python, median, megabytes, run_cds, tree_argument};

const QUESTIONS: usize = 1000;
const LATENCY: Duration = Duration::from_millis(100);
const SLOTS: usize = 8;
const ROUNDS: usize = 3;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    slow_server(folder.path());
    fast_server(folder.path());
}

/// A server of eight slots that takes 100 ms a question: how much of it is used?
fn slow_server(folder: &Path) {
    let tree = folder.join("thousand");
    fs::create_dir(&tree).expect("a folder");
    let mut text = String::new();
    for number in 0..QUESTIONS {
        write!(text, "def number_{number}():\n    return {number}\n\n").expect("a String takes everything");
    }
    fs::write(tree.join("functions.py"), text).expect("the tree");
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let ideal = QUESTIONS as f64 / SLOTS as f64 * LATENCY.as_secs_f64();
    println!("{QUESTIONS} questions, {SLOTS} slots of {LATENCY:?}: ideal {ideal:.2} s");
    for concurrency in ["8", "auto"] {
        let times = (0..ROUNDS).map(|round| {
            let server = FakeOllama::start(Script::new().latency(LATENCY).slots(SLOTS));
            let database = folder.join(format!("slow-{concurrency}-{round}.sqlite"));
            let run = persist(&tree, &database, &server.url(), &["--concurrency", concurrency]);
            assert_eq!(server.generate_count(), QUESTIONS, "one call a question");
            run.elapsed
        });
        let seconds = median(times.collect());
        println!("  --concurrency {concurrency:<5} {seconds:>8.2} s    {:.3} x ideal", seconds / ideal);
    }
}

/// A server that answers at once: what does the pipeline itself cost, and what does reuse?
fn fast_server(folder: &Path) {
    let tree = folder.join("tree");
    copy_python(&tree_argument(), &tree);
    let build = run_cds(&["model-build", "--format", "json", "--output", "/dev/null", "--path"], &[&tree]);
    println!("model-build: {:.2} s, {:.0} MB", build.elapsed.as_secs_f64(), megabytes(build.peak_memory));
    let server = FakeOllama::start(Script::new().without_request_log());
    let database = folder.join("fast.sqlite");
    let first = persist(&tree, &database, &server.url(), &["--concurrency", "8"]);
    let asked = server.generate_count();
    let selected = first.intents("selected");
    #[expect(clippy::cast_precision_loss, reason = "shown as a ratio")]
    let memory = first.peak_memory as f64 / build.peak_memory as f64;
    println!(
        "first run:  {:.2} s, {selected} records, {asked} calls, {:.0} records/s, {:.0} MB ({memory:.2} x model-build)",
        first.elapsed.as_secs_f64(),
        selected / first.elapsed.as_secs_f64(),
        megabytes(first.peak_memory),
    );
    let mut shares = Vec::new();
    for _ in 0..ROUNDS {
        let again = persist(&tree, &database, &server.url(), &[]);
        assert_eq!(server.generate_count(), asked, "an unchanged tree is not asked about again");
        let share = again.intents("seconds") / again.elapsed.as_secs_f64();
        println!(
            "unchanged:  {:.2} s, no calls, enrichment {:.1} % of the time, {:.0} MB",
            again.elapsed.as_secs_f64(),
            share * 100.0,
            megabytes(again.peak_memory),
        );
        shares.push(share);
    }
}

fn persist(tree: &Path, database: &Path, url: &str, options: &[&str]) -> Run {
    let start = Instant::now();
    let mut arguments = vec!["persist", "--format", "json", "--progress-batch-size", "1000", "--provider-url", url];
    arguments.extend(options);
    arguments.push("--path");
    let database = database.to_str().expect("a name of ours");
    let run = run_cds(&arguments, &[tree, Path::new("--db-path"), Path::new(database)]);
    Run { elapsed: start.elapsed(), ..run }
}
