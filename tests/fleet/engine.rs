//! Runs `DuckDB`, Polars and `PyArrow` through Python.

use std::{
    env,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::root;

/// Prints the rows of a query or file as one JSON object per line.
const PROGRAM: &str = r#"
import datetime, json, sys

def plain(value):
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    raise TypeError(type(value))

what, text = sys.argv[1], sys.stdin.read()
if what == "ask":
    import duckdb
    answer = duckdb.sql(text)
    rows = [dict(zip(answer.columns, row)) for row in answer.fetchall()]
elif what == "read":
    import polars
    rows = polars.read_parquet(text, hive_partitioning=False).to_dicts()
elif what == "polars":
    scope = {}
    exec(text, scope)
    rows = scope["records"].select("project", "run_id").unique().collect().to_dicts()
elif what == "pyarrow":
    scope = {}
    exec(text, scope)
    rows = scope["records"].to_table(columns=["project", "run_id"]).group_by(["project", "run_id"]).aggregate([]).to_pylist()
else:
    import duckdb, polars, pyarrow
    rows = []
for row in rows:
    print(json.dumps(row, default=plain))
"#;

/// A Python interpreter that has all engines.
pub(crate) struct Python {
    path: PathBuf,
}

impl Python {
    /// Finds Python through `CDS_FLEET_PYTHON`, in the environment of `.ci/run`, or on the machine. If none has the
    /// engines it returns `None` and prints so on stderr, even if the test passes.
    pub(crate) fn find() -> Option<Self> {
        let given = env::var_os("CDS_FLEET_PYTHON").map(PathBuf::from);
        let made = root().join("target/fleet-venv/bin/python");
        let candidates = given.into_iter().chain([made, PathBuf::from("python3")]);
        let mut candidates = candidates.map(|path| Self { path });
        let found = candidates.find(|python| python.run(Path::new("."), "look", "").is_ok());
        if found.is_none() {
            let is_required = env::var_os("CDS_REQUIRE_FLEET").is_some_and(|value| !value.is_empty() && value != "0");
            assert!(
                !is_required,
                "no Python with duckdb, polars and pyarrow was found, and CDS_REQUIRE_FLEET asks for one"
            );
            // Bypasses the test runner's capture, which would hide the message.
            let line = b"SKIPPED: no Python with duckdb, polars and pyarrow is on this machine, so no engine read an archive\n";
            io::stderr().write_all(line).unwrap();
        }
        found
    }

    /// The rows that `DuckDB` returns for a query in this folder.
    pub(crate) fn ask(&self, folder: &Path, query: &str) -> Vec<Value> {
        self.run(folder, "ask", query).unwrap_or_else(|error| panic!("{query}\n{error}"))
    }

    /// The rows that Polars reads from a file.
    pub(crate) fn read(&self, folder: &Path, path: &str) -> Vec<Value> {
        self.run(folder, "read", path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The partitions that a recipe of the page finds in this folder. `engine` selects the library of the recipe.
    pub(crate) fn partitions(&self, folder: &Path, engine: &str, recipe: &str) -> Vec<Value> {
        self.run(folder, engine, recipe).unwrap_or_else(|error| panic!("{recipe}\n{error}"))
    }

    fn run(&self, folder: &Path, what: &str, text: &str) -> Result<Vec<Value>, String> {
        let mut child = Command::new(&self.path)
            .args(["-c", PROGRAM, what])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        // If the process has already ended, its output below says why.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        let output = child.wait_with_output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let lines = String::from_utf8(output.stdout).unwrap();
        Ok(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}
