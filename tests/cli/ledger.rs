//! What a run wrote down about itself: rows of the three tables of accounts, and commands that show them.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{
    database::Database,
    place::{DATABASE, Outcome, Place, TREE},
};

/// The invocations, the oldest first.
pub(crate) fn invocations(database: &Database) -> Vec<Value> {
    database.rows("SELECT * FROM runs_ledger ORDER BY rowid")
}

/// The newest invocation.
#[track_caller]
pub(crate) fn latest(database: &Database) -> Value {
    invocations(database).pop().expect("a row in the ledger")
}

/// The stages of an invocation in their order.
pub(crate) fn stages(database: &Database, invocation: &Value) -> Vec<Value> {
    let id = text(invocation, "run_id");
    database.rows(&format!("SELECT * FROM stage_runs WHERE ledger_id = '{id}' ORDER BY rowid"))
}

/// The stages of the newest invocation.
#[track_caller]
pub(crate) fn latest_stages(database: &Database) -> Vec<Value> {
    stages(database, &latest(database))
}

/// One stage of the newest invocation.
#[track_caller]
pub(crate) fn latest_stage(database: &Database, name: &str) -> Value {
    latest_stages(database).into_iter().find(|row| row["stage"] == name).expect("a row of that stage")
}

/// An entry of the telemetry with its details read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) log_type: String,
    pub(crate) subject: Option<String>,
    pub(crate) details: Value,
    pub(crate) error: Option<Value>,
}

/// The telemetry of an invocation in its order.
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

/// Those of one type.
pub(crate) fn of_type<'a>(entries: &'a [Entry], log_type: &str) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.log_type == log_type).collect()
}

/// A field that must be text.
#[track_caller]
pub(crate) fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_else(|| panic!("{name} is no text in {row}"))
}

/// A field of each of these rows.
pub(crate) fn each<'a>(rows: &'a [Value], name: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| &row[name]).collect()
}

impl Place {
    /// Runs a command that reads the database.
    pub(crate) fn ask(&self, words: &[&str]) -> Outcome {
        Outcome::of(self.command(words).args(["--db-path", DATABASE]).env("TZ", "UTC").env("COLUMNS", "160"))
    }

    /// The same in JSON, which must be valid.
    #[track_caller]
    pub(crate) fn ask_json(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--format", "json"]).collect();
        let outcome = self.ask(&words).succeeded();
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:#?}"))
    }

    /// What `cds runs show` says, on one line with single blanks, so that no line break stands in the way.
    #[track_caller]
    pub(crate) fn shown(&self, run: &str) -> String {
        one_line(&self.ask(&["runs", "show", run]).succeeded().stdout)
    }

    /// Builds the records of the tree, tracked; no provider is needed.
    pub(crate) fn build(&self, more: &[&str]) -> Outcome {
        let mut arguments = vec!["model-build", "--path", TREE, "--db-path", DATABASE];
        arguments.extend(more);
        self.cds(&arguments)
    }

    /// Runs git in the tree, with no configuration but the test's own.
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

    /// Makes the tree a repository in which all of it is committed, and answers the commit.
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

/// The words of a text with single blanks between them.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A valid id for the ledger, another one for each number.
pub(crate) fn ledger_id(number: u32) -> String {
    format!("019a9f3e-1c2b-7def-8123-{number:012}")
}
