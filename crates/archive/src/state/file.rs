//! The state file: two numbers as JSON.

use std::path::Path;

use cds_persistence::RunId;
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    files::{Content, read_bounded, write_atomically},
};

/// Longest state file that is read, in bytes; what is written has less than a hundred.
const MAX_LENGTH: u64 = 64 * 1024;

/// How far the work has come; 0 where nothing was done yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct State {
    /// The last of an unbroken series of successes.
    pub last_contiguous_run: i64,
    /// The highest run that was ever tried.
    pub last_attempted_run: i64,
}

/// What a file says, where it says something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Stored<T> {
    /// The file is there and sound.
    Present(T),
    /// There is no file.
    Missing,
    /// The file cannot be understood, for this reason.
    Damaged(String),
}

/// Reads the two numbers. Other entries of the file are ignored.
///
/// # Errors
///
/// Something else than a regular file is there, or the system refused.
pub fn read_state(path: &Path) -> Result<Stored<State>, Error> {
    let bytes = match read_bounded(path, MAX_LENGTH)? {
        Content::Bytes(bytes) => bytes,
        Content::Missing => return Ok(Stored::Missing),
        Content::TooLong => return Ok(Stored::Damaged(format!("it has more than {MAX_LENGTH} bytes"))),
    };
    Ok(match serde_json::from_slice::<State>(&bytes) {
        Ok(state) if state.last_contiguous_run < 0 || state.last_attempted_run < 0 => {
            Stored::Damaged("a run number is below 0".to_owned())
        }
        Ok(state) => Stored::Present(state),
        Err(error) => Stored::Damaged(error.to_string()),
    })
}

/// Replaces the file by one with these numbers.
///
/// # Errors
///
/// The file could not be written, and is as it was before.
pub fn write_state(path: &Path, state: State) -> Result<(), Error> {
    let text = format!(
        "{{\n  \"last_contiguous_run\": {},\n  \"last_attempted_run\": {}\n}}\n",
        state.last_contiguous_run, state.last_attempted_run
    );
    write_atomically(path, text.as_bytes())
}

/// Raises the last contiguous run to `run`; it is never lowered. A file that is missing or damaged is left as it is.
///
/// # Errors
///
/// The file could not be read or written.
pub fn update_contiguous_run_state(path: &Path, run: RunId) -> Result<Stored<State>, Error> {
    update(path, |state| state.last_contiguous_run = state.last_contiguous_run.max(run.0))
}

/// Raises the last attempted run to `run`; it is never lowered. A file that is missing or damaged is left as it is.
///
/// # Errors
///
/// The file could not be read or written.
pub fn update_attempted_run_state(path: &Path, run: RunId) -> Result<Stored<State>, Error> {
    update(path, |state| state.last_attempted_run = state.last_attempted_run.max(run.0))
}

/// The run after which a normal call goes on: the larger of the two numbers, so that scattered failures are not done
/// again.
pub fn get_incremental_start_run(state: State) -> RunId {
    RunId(state.last_contiguous_run.max(state.last_attempted_run))
}

fn update(path: &Path, change: impl FnOnce(&mut State)) -> Result<Stored<State>, Error> {
    let Stored::Present(before) = read_state(path)? else {
        return read_state(path);
    };
    let mut after = before;
    change(&mut after);
    if after != before {
        write_state(path, after)?;
    }
    Ok(Stored::Present(after))
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

    #[test]
    fn a_file_says_what_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_state.json");
        let state = State { last_contiguous_run: 7, last_attempted_run: 12 };
        write_state(&path, state).unwrap();
        assert_eq!(read_state(&path).unwrap(), Stored::Present(state));
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\n  \"last_contiguous_run\": 7,\n  \"last_attempted_run\": 12\n}\n"
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_missing_or_damaged_is_never_nothing_yet() {
        assert_eq!(read_state(Path::new("/nowhere/archive_state.json")).unwrap(), Stored::Missing);
        check("", &Stored::Damaged("EOF while parsing a value at line 1 column 0".to_owned()));
        check(
            r#"{"last_contiguous_run": 1}"#,
            &Stored::Damaged("missing field `last_attempted_run` at line 1 column 26".to_owned()),
        );
        check(
            r#"{"last_contiguous_run": -1, "last_attempted_run": 2}"#,
            &Stored::Damaged("a run number is below 0".to_owned()),
        );
        check(&" ".repeat(70_000), &Stored::Damaged("it has more than 65536 bytes".to_owned()));
    }

    #[test]
    fn entries_of_others_are_ignored() {
        check(
            r#"{"last_attempted_run": 2, "host": "ci", "last_contiguous_run": 1}"#,
            &Stored::Present(State { last_contiguous_run: 1, last_attempted_run: 2 }),
        );
    }

    #[test]
    fn numbers_only_rise() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("import_state.json");
        assert_eq!(update_attempted_run_state(&path, RunId(4)).unwrap(), Stored::Missing);
        assert!(!path.exists(), "a file that is missing is for the database to rebuild");

        write_state(&path, State::default()).unwrap();
        let _ = update_attempted_run_state(&path, RunId(4)).unwrap();
        let _ = update_attempted_run_state(&path, RunId(3)).unwrap();
        let _ = update_contiguous_run_state(&path, RunId(2)).unwrap();
        let after = update_contiguous_run_state(&path, RunId(1)).unwrap();
        assert_eq!(after, Stored::Present(State { last_contiguous_run: 2, last_attempted_run: 4 }));
        assert_eq!(read_state(&path).unwrap(), after);
    }

    #[test]
    fn work_goes_on_after_the_larger_number() {
        assert_eq!(get_incremental_start_run(State { last_contiguous_run: 2, last_attempted_run: 9 }), RunId(9));
        assert_eq!(get_incremental_start_run(State { last_contiguous_run: 5, last_attempted_run: 4 }), RunId(5));
        assert_eq!(get_incremental_start_run(State::default()), RunId(0));
    }

    #[test]
    fn a_directory_in_its_place_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(read_state(directory.path()), Err(Error::NotARegularFile { .. })));
    }

    #[test]
    fn a_file_that_cannot_be_replaced_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_state.json");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
        assert!(matches!(write_state(&path, State::default()), Err(Error::Io { action: "write", .. })));
        assert!(path.join("inside").exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "the draft is gone");
    }
}
