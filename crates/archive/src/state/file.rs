//! The state file: two numbers as JSON, and the failures listed in the log next to it. Unknown entries are kept.

use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use cds_persistence::RunId;
use serde_json::{Map, Value, json};

use crate::{
    Error,
    files::{Content, read_bounded, write_with_folders},
};

/// The longest state file that is read, in bytes: about two million failures.
const MAX_LENGTH: u64 = 16 * 1024 * 1024;

const LAST_CONTIGUOUS: &str = "last_contiguous_run";
const LAST_ATTEMPTED: &str = "last_attempted_run";
const PEER: &str = "peer";
const LISTED: &str = "listed_failures";

/// How far the work has come; both numbers are 0 at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// The last run of an unbroken series of successes.
    pub last_contiguous_run: i64,
    /// The highest run ever tried.
    pub last_attempted_run: i64,
}

/// The content of a file, if it has valid content.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Stored<T> {
    /// The file exists and is valid.
    Present(T),
    /// The file does not exist.
    Missing,
    /// The file cannot be parsed, for this reason.
    Damaged(String),
}

/// Reads the two numbers; a missing number counts as 0.
///
/// # Errors
///
/// If it is not a regular file, or on an I/O error.
pub fn read_state(path: &Path) -> Result<Stored<State>, Error> {
    Ok(StateFile::open(path)?.stored())
}

/// A state file that can be changed and written back.
#[derive(Debug, Clone, PartialEq)]
pub struct StateFile {
    path: PathBuf,
    entries: Map<String, Value>,
    /// The content on disk: missing, a valid object, or damaged.
    found: Stored<Map<String, Value>>,
}

impl StateFile {
    /// Reads the file at `path`. If it is missing or damaged, the state starts empty.
    ///
    /// # Errors
    ///
    /// If it is not a regular file, or on an I/O error.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let found = match read_bounded(path, MAX_LENGTH)? {
            Content::Bytes(bytes) => parse(&bytes),
            Content::Missing => Stored::Missing,
            Content::TooLong => Stored::Damaged(format!("it has more than {MAX_LENGTH} bytes")),
        };
        let entries = if let Stored::Present(entries) = &found { entries.clone() } else { Map::new() };
        Ok(Self { path: path.to_owned(), entries, found })
    }

    /// The two numbers as they are on disk.
    pub fn stored(&self) -> Stored<State> {
        match &self.found {
            Stored::Present(entries) => Stored::Present(state_of(entries)),
            Stored::Missing => Stored::Missing,
            Stored::Damaged(reason) => Stored::Damaged(reason.clone()),
        }
    }

    /// The two numbers as they will be written.
    pub fn state(&self) -> State {
        state_of(&self.entries)
    }

    /// Whether each number on disk equals that of `truth`; a missing number is no contradiction.
    pub fn agrees_with(&self, truth: State) -> bool {
        let Stored::Present(entries) = &self.found else { return false };
        let is_same = |name, number| entries.get(name).is_none_or(|found| found.as_i64() == Some(number));
        is_same(LAST_CONTIGUOUS, truth.last_contiguous_run) && is_same(LAST_ATTEMPTED, truth.last_attempted_run)
    }

    /// Whether the log was last written for another peer.
    pub fn is_for_another(&self, peer: &str) -> bool {
        self.entries.get(PEER).and_then(Value::as_str).is_some_and(|found| found != peer)
    }

    /// The open failures when the log was last written, if that was for `peer`.
    pub fn listed_for(&self, peer: &str) -> Option<BTreeSet<RunId>> {
        if self.entries.get(PEER).and_then(Value::as_str) != Some(peer) {
            return None;
        }
        let listed = self.entries.get(LISTED)?.as_array()?;
        listed.iter().map(|run| run.as_i64().map(RunId)).collect()
    }

    /// Records for which peer the log is written, and with which open failures.
    pub fn set_listed(&mut self, peer: &str, listed: impl IntoIterator<Item = RunId>) {
        let listed: Vec<i64> = listed.into_iter().map(|run| run.0).collect();
        self.entries.insert(PEER.to_owned(), json!(peer));
        self.entries.insert(LISTED.to_owned(), json!(listed));
    }

    /// Sets both numbers; they may become lower.
    pub fn set(&mut self, state: State) {
        self.entries.insert(LAST_CONTIGUOUS.to_owned(), json!(state.last_contiguous_run));
        self.entries.insert(LAST_ATTEMPTED.to_owned(), json!(state.last_attempted_run));
    }

    /// Replaces the file if something changed. Creates missing directories.
    ///
    /// # Errors
    ///
    /// If the file could not be written; it then stays as it was.
    pub fn save(&mut self) -> Result<(), Error> {
        if self.found == Stored::Present(self.entries.clone()) {
            return Ok(());
        }
        write_with_folders(&self.path, text_of(&self.entries).as_bytes())?;
        self.found = Stored::Present(self.entries.clone());
        Ok(())
    }
}

/// Writes the two numbers. Keeps other entries of a valid file, and creates missing directories.
///
/// # Errors
///
/// If the file could not be read or written; it then stays as it was.
pub fn write_state(path: &Path, state: State) -> Result<(), Error> {
    let mut file = StateFile::open(path)?;
    file.set(state);
    file.save()
}

/// One run, or consecutive run numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunSpan {
    first: i64,
    last: i64,
}

impl From<RunId> for RunSpan {
    fn from(run: RunId) -> Self {
        Self { first: run.0, last: run.0 }
    }
}

impl From<RangeInclusive<RunId>> for RunSpan {
    fn from(runs: RangeInclusive<RunId>) -> Self {
        Self { first: runs.start().0, last: runs.end().0 }
    }
}

/// Raises the last contiguous run as far as successful runs follow it without a gap; it never goes down.
///
/// Example: 103 with successes 104, 106 and 107 becomes 104. A number without a run is not a gap if the caller counts
/// it as successful.
pub fn update_contiguous_run_state<T: Into<RunSpan>>(
    file: &mut StateFile,
    succeeded: impl IntoIterator<Item = T>,
) -> State {
    let mut spans: Vec<RunSpan> = succeeded.into_iter().map(Into::into).collect();
    spans.sort_unstable();
    let mut state = file.state();
    for span in spans {
        if span.first > state.last_contiguous_run.saturating_add(1) {
            break;
        }
        state.last_contiguous_run = state.last_contiguous_run.max(span.last);
    }
    file.set(state);
    state
}

/// Raises the last attempted run to `run`; it never goes down.
pub fn update_attempted_run_state(file: &mut StateFile, run: RunId) -> State {
    let mut state = file.state();
    state.last_attempted_run = state.last_attempted_run.max(run.0);
    file.set(state);
    state
}

/// The run after which the next call continues: the larger of the two numbers, so that it skips scattered failures.
pub fn get_incremental_start_run(state: State) -> RunId {
    RunId(state.last_contiguous_run.max(state.last_attempted_run))
}

fn parse(bytes: &[u8]) -> Stored<Map<String, Value>> {
    let entries = match serde_json::from_slice::<Map<String, Value>>(bytes) {
        Ok(entries) => entries,
        Err(error) => return Stored::Damaged(error.to_string()),
    };
    for name in [LAST_CONTIGUOUS, LAST_ATTEMPTED] {
        let Some(value) = entries.get(name) else { continue };
        match value.as_i64() {
            Some(number) if number >= 0 => {}
            Some(_) => return Stored::Damaged("a run number is below 0".to_owned()),
            None => return Stored::Damaged(format!("{name} is not a whole number")),
        }
    }
    Stored::Present(entries)
}

fn state_of(entries: &Map<String, Value>) -> State {
    let number = |name| entries.get(name).and_then(Value::as_i64).unwrap_or_default();
    State { last_contiguous_run: number(LAST_CONTIGUOUS), last_attempted_run: number(LAST_ATTEMPTED) }
}

/// Writes one entry on each line: the two numbers first, the others sorted by name.
fn text_of(entries: &Map<String, Value>) -> String {
    let first = [LAST_CONTIGUOUS, LAST_ATTEMPTED];
    let mut others: Vec<&String> = entries.keys().filter(|name| !first.contains(&name.as_str())).collect();
    others.sort_unstable();
    let names =
        first.into_iter().filter(|name| entries.contains_key(*name)).chain(others.into_iter().map(String::as_str));
    let lines: Vec<String> = names.map(|name| format!("  {}: {}", Value::from(name), entries[name])).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn check(content: &str, expected: &Stored<State>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_state.json");
        fs::write(&path, content).unwrap();
        assert_eq!(read_state(&path).unwrap(), *expected, "{content}");
    }

    fn file_with(content: &str) -> (tempfile::TempDir, StateFile) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_state.json");
        fs::write(&path, content).unwrap();
        let file = StateFile::open(&path).unwrap();
        (directory, file)
    }

    #[test]
    fn state_reads_back_as_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_state.json");
        let state = State { last_contiguous_run: 7, last_attempted_run: 12 };
        write_state(&path, state).unwrap();
        assert_eq!(read_state(&path).unwrap(), Stored::Present(state));
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\n  \"last_contiguous_run\": 7,\n  \"last_attempted_run\": 12\n}\n"
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn damaged_file_differs_from_empty_state() {
        assert_eq!(read_state(Path::new("/nowhere/archive_state.json")).unwrap(), Stored::Missing);
        check("", &Stored::Damaged("EOF while parsing a value at line 1 column 0".to_owned()));
        check("[]", &Stored::Damaged("invalid type: sequence, expected a map at line 1 column 0".to_owned()));
        check(
            r#"{"last_attempted_run": "2"}"#,
            &Stored::Damaged("last_attempted_run is not a whole number".to_owned()),
        );
        check(
            r#"{"last_contiguous_run": -1, "last_attempted_run": 2}"#,
            &Stored::Damaged("a run number is below 0".to_owned()),
        );
        check(&" ".repeat(17_000_000), &Stored::Damaged("it has more than 16777216 bytes".to_owned()));
    }

    #[test]
    fn partial_state_is_valid() {
        let state = |last_contiguous_run, last_attempted_run| State { last_contiguous_run, last_attempted_run };
        check(r#"{"last_contiguous_run": 1}"#, &Stored::Present(state(1, 0)));
        check(r#"{"last_attempted_run": 2}"#, &Stored::Present(state(0, 2)));
        check("{}", &Stored::Present(state(0, 0)));
        let (_directory, mut file) = file_with(r#"{"last_contiguous_run": 1}"#);
        assert!(file.agrees_with(state(1, 7)) && !file.agrees_with(state(2, 7)));
        file.set(state(1, 7));
        file.save().unwrap();
        assert_eq!(read_state(&file.path).unwrap(), Stored::Present(state(1, 7)));
    }

    #[test]
    fn unknown_entries_survive() {
        let (_directory, mut file) = file_with(
            r#"{"last_attempted_run": 2, "host": {"name": "ci", "tags": [1, 2.5, null]}, "last_contiguous_run": 1}"#,
        );
        let _ = update_attempted_run_state(&mut file, RunId(4));
        file.set_listed("/srv/archive", [RunId(3)]);
        file.save().unwrap();
        assert_eq!(
            fs::read_to_string(&file.path).unwrap(),
            "{\n  \"last_contiguous_run\": 1,\n  \"last_attempted_run\": 4,\n  \"host\": \
             {\"name\":\"ci\",\"tags\":[1,2.5,null]},\n  \"listed_failures\": [3],\n  \"peer\": \"/srv/archive\"\n}\n"
        );
        let found = StateFile::open(&file.path).unwrap();
        assert_eq!(found.listed_for("/srv/archive"), Some([RunId(3)].into()));
        assert_eq!(found.listed_for("/srv/other"), None);
        write_state(&file.path, State::default()).unwrap();
        assert!(fs::read_to_string(&file.path).unwrap().contains(r#""host": {"name":"ci""#));
    }

    #[test]
    fn contiguous_runs_stop_at_gaps() {
        for (before, succeeded, after) in [
            (103, &[104, 106, 107][..], 104),
            (103, &[105, 106], 103),
            (103, &[107, 104, 105, 105, 106], 107),
            (103, &[1, 2, 103], 103),
            (0, &[1, 2, 4], 2),
            (0, &[], 0),
            (i64::MAX, &[i64::MAX], i64::MAX),
        ] {
            let (_directory, mut file) = file_with(&format!(r#"{{"last_contiguous_run": {before}}}"#));
            let state = update_contiguous_run_state(&mut file, succeeded.iter().copied().map(RunId));
            assert_eq!(state.last_contiguous_run, after, "{before} + {succeeded:?}");
        }
        let (_directory, mut file) = file_with(r#"{"last_contiguous_run": 3}"#);
        assert_eq!(update_contiguous_run_state(&mut file, [RunId(1)..=RunId(9)]).last_contiguous_run, 9);
    }

    #[test]
    fn numbers_never_decrease() {
        let (_directory, mut file) = file_with("{}");
        let _ = update_attempted_run_state(&mut file, RunId(4));
        let _ = update_attempted_run_state(&mut file, RunId(3));
        let _ = update_contiguous_run_state(&mut file, [RunId(1), RunId(2)]);
        let after = update_contiguous_run_state(&mut file, [RunId(1)]);
        assert_eq!(after, State { last_contiguous_run: 2, last_attempted_run: 4 });
        assert_eq!(read_state(&file.path).unwrap(), Stored::Present(State::default()), "it is not saved yet");
        file.save().unwrap();
        assert_eq!(read_state(&file.path).unwrap(), Stored::Present(after));
    }

    #[test]
    fn missing_directories_are_created() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b/archive_state.json");
        let mut file = StateFile::open(&path).unwrap();
        assert_eq!(file.stored(), Stored::Missing);
        let _ = update_contiguous_run_state(&mut file, [RunId(1)]);
        file.save().unwrap();
        assert_eq!(
            read_state(&path).unwrap(),
            Stored::Present(State { last_contiguous_run: 1, last_attempted_run: 0 })
        );
    }

    #[test]
    fn work_continues_after_larger_number() {
        assert_eq!(get_incremental_start_run(State { last_contiguous_run: 2, last_attempted_run: 9 }), RunId(9));
        assert_eq!(get_incremental_start_run(State { last_contiguous_run: 5, last_attempted_run: 4 }), RunId(5));
        assert_eq!(get_incremental_start_run(State::default()), RunId(0));
    }

    #[test]
    fn directory_instead_of_file_is_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(read_state(directory.path()), Err(Error::NotARegularFile { .. })));
    }

    #[test]
    fn file_survives_failed_replacement() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_state.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
        assert!(matches!(write_state(&path, State::default()), Err(Error::NotARegularFile { .. })));
        assert!(path.join("inside").exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "the draft is removed");
    }
}
