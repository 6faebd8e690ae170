//! Reads the ledger: rows of its three tables, and the commands that show them.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{
    database::Database,
    place::{DATABASE, Outcome, Place, TREE},
};

/// The runs of the ledger, oldest first.
pub(crate) fn invocations(database: &Database) -> Vec<Value> {
    database.rows("SELECT * FROM runs_ledger ORDER BY rowid")
}

/// The newest run.
#[track_caller]
pub(crate) fn latest(database: &Database) -> Value {
    invocations(database).pop().expect("a row in the ledger")
}

/// The stages of a run, in order.
pub(crate) fn stages(database: &Database, invocation: &Value) -> Vec<Value> {
    let id = text(invocation, "run_id");
    database.rows(&format!("SELECT * FROM stage_runs WHERE ledger_id = '{id}' ORDER BY rowid"))
}

/// The stages of the newest run.
#[track_caller]
pub(crate) fn latest_stages(database: &Database) -> Vec<Value> {
    stages(database, &latest(database))
}

/// One stage of the newest run.
#[track_caller]
pub(crate) fn latest_stage(database: &Database, name: &str) -> Value {
    latest_stages(database).into_iter().find(|row| row["stage"] == name).expect("a row of that stage")
}

/// A telemetry entry with its details parsed.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) log_type: String,
    pub(crate) subject: Option<String>,
    pub(crate) details: Value,
    pub(crate) error: Option<Value>,
}

/// The telemetry of a run, in order.
#[track_caller]
pub(crate) fn telemetry(database: &Database, invocation: &Value) -> Vec<Entry> {
    let id = text(invocation, "run_id");
    let rows = database.rows(&format!("SELECT * FROM telemetry WHERE ledger_id = '{id}' ORDER BY id"));
    let object = |text: &str| serde_json::from_str(text).expect("an object in JSON");
    let entry = |row: Value| Entry {
        log_type: text(&row, "log_type").to_owned(),
        subject: row["subject"].as_str().map(str::to_owned),
        details: object(text(&row, "event_details")),
        error: row["error_metadata"].as_str().map(object),
    };
    rows.into_iter().map(entry).collect()
}

/// The entries of one type.
pub(crate) fn of_type<'a>(entries: &'a [Entry], log_type: &str) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.log_type == log_type).collect()
}

/// A field that must be text.
#[track_caller]
pub(crate) fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {row}"))
}

/// The values of one field in these rows.
pub(crate) fn each<'a>(rows: &'a [Value], name: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| &row[name]).collect()
}

impl Place {
    /// Runs a command that reads the database.
    pub(crate) fn ask(&self, words: &[&str]) -> Outcome {
        Outcome::of(self.command(words).args(["--db-path", DATABASE]).env("TZ", "UTC").env("COLUMNS", "160"))
    }

    /// The same as JSON, which must be valid.
    #[track_caller]
    pub(crate) fn ask_json(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--format", "json"]).collect();
        let outcome = self.ask(&words).succeeded();
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:#?}"))
    }

    /// The output of `cds runs show` on one line with single blanks, so that line breaks do not matter.
    #[track_caller]
    pub(crate) fn shown(&self, run: &str) -> String {
        one_line(&self.ask(&["runs", "show", run]).succeeded().stdout)
    }

    /// Builds the records of the tree, with a database; no provider is needed.
    pub(crate) fn build(&self, more: &[&str]) -> Outcome {
        let mut arguments = vec!["model-build", "--path", TREE, "--db-path", DATABASE];
        arguments.extend(more);
        self.cds(&arguments)
    }

    /// Runs git in the tree, with the test's own configuration only.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]);
        command.args(arguments).current_dir(self.path(TREE)).stdin(Stdio::null());
        let none = if cfg!(windows) { "NUL" } else { "/dev/null" };
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GIT_")) {
            command.env_remove(name);
        }
        command.env("GIT_CONFIG_GLOBAL", none).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.path("."));
        let output = command.output().expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    /// Makes the tree a repository, commits all of it, and returns the commit.
    #[track_caller]
    pub(crate) fn commit_tree(&self) -> String {
        self.git(&["init", "--quiet"]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "all of it"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// A field that must be a list.
#[track_caller]
pub(crate) fn list<'a>(object: &'a Value, name: &str) -> &'a Vec<Value> {
    object[name].as_array().unwrap_or_else(|| panic!("{name} is no list in {object}"))
}

/// A text with single blanks between its words.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A valid ledger id, distinct for each number.
pub(crate) fn ledger_id(number: u32) -> String {
    format!("019a9f3e-1c2b-7def-8123-{number:012}")
}
