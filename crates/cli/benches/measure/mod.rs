//! What the benchmarks share: the tree to measure on, and running the real command with its peak of memory.

#![allow(dead_code, reason = "each benchmark is a program of its own and uses its part")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// One run of the command.
pub(crate) struct Run {
    /// From start to exit.
    pub(crate) elapsed: Duration,
    /// The most memory that it had, in bytes; 0 where the system does not tell.
    pub(crate) peak_memory: u64,
    /// What it printed.
    pub(crate) stdout: String,
}

impl Run {
    /// A number of the `intents` object of the JSON summary.
    pub(crate) fn intents(&self, field: &str) -> f64 {
        let summary: serde_json::Value = serde_json::from_str(&self.stdout).expect("a JSON summary");
        summary["intents"][field].as_f64().expect("a number")
    }
}

/// The tree that was named after `--`, else the standard library of the python3 on the PATH.
pub(crate) fn tree_argument() -> PathBuf {
    // Cargo adds `--bench`; anything else is the tree.
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    named.map_or_else(standard_library, PathBuf::from)
}

fn standard_library() -> PathBuf {
    let output = Command::new("python3")
        .args(["-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"])
        .output()
        .expect("python3 is on the PATH; else name a tree after --");
    PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim())
}

/// Copies every `*.py` below `from`, but no installed packages; returns the copies and their size.
pub(crate) fn copy_python(from: &Path, to: &Path) -> (Vec<PathBuf>, u64) {
    let (mut files, mut size) = (Vec::new(), 0);
    fs::create_dir_all(to).expect("the copy can be made");
    for entry in fs::read_dir(from).expect("the tree can be read") {
        let entry = entry.expect("the tree can be read");
        let (kind, name) = (entry.file_type().expect("a file type"), entry.file_name());
        let copy = to.join(&name);
        if kind.is_dir() && name != "site-packages" && name != "__pycache__" {
            let (inner, inner_size) = copy_python(&entry.path(), &copy);
            files.extend(inner);
            size += inner_size;
        } else if kind.is_file() && copy.extension().is_some_and(|extension| extension == "py") {
            size += fs::copy(entry.path(), &copy).expect("the copy can be made");
            files.push(copy);
        }
    }
    (files, size)
}

/// Runs the real command with `arguments` and then `paths`.
pub(crate) fn run_cds(arguments: &[&str], paths: &[&Path]) -> Run {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_cds"))
        .args(arguments)
        .args(paths)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("cds starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak_memory = 0;
    loop {
        // The high-water mark never falls, so that the last one read is the one that counts.
        let mark = fs::read_to_string(&status).ok().and_then(|text| high_water_mark(&text));
        peak_memory = peak_memory.max(mark.unwrap_or(0));
        if let Some(exit) = child.try_wait().expect("the child can be waited for") {
            assert!(exit.success(), "cds failed: {arguments:?}");
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let elapsed = start.elapsed();
    let stdout = std::io::read_to_string(child.stdout.take().expect("a pipe")).expect("text");
    Run { elapsed, peak_memory, stdout }
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The median in seconds.
pub(crate) fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Bytes as megabytes.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
