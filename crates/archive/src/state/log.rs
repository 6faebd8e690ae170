//! The failure log: the runs that were tried and are not done, one number on each line.
//!
//! Lines that begin with `#` are comments of operators and stay.

use std::{collections::BTreeSet, path::Path};

use cds_persistence::RunId;

use super::Stored;
use crate::{
    Error,
    files::{Content, read_bounded, write_with_folders},
};

/// The longest failure log that is read, in bytes: about two million runs.
const MAX_LENGTH: u64 = 16 * 1024 * 1024;
/// The number of ignored lines that are shown; all are counted.
const MAX_IGNORED_SHOWN: usize = 20;
/// The number of characters shown of an ignored line.
const MAX_SHOWN_LENGTH: usize = 80;

/// The content of a failure log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunList {
    /// The runs, sorted, without duplicates.
    pub runs: BTreeSet<RunId>,
    /// The first lines that are not run numbers, for a warning.
    pub ignored: Vec<IgnoredLine>,
    /// The number of all such lines.
    pub ignored_count: usize,
}

/// A line of a failure log that is not a run number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredLine {
    /// The line number, from 1.
    pub line: usize,
    /// The unescaped beginning of the line; escape it before showing it on a terminal.
    pub text: String,
}

/// The effect of adding a run to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The run was added at the end of the log.
    Added,
    /// There was no log; the new one lists only this run.
    Created,
    /// The run was in the log already, and nothing was written.
    Listed,
}

/// Reads the runs of a failure log.
///
/// Blank lines and comments are skipped. Any other line without a number above 0 is reported as ignored.
///
/// # Errors
///
/// If it is not a regular file, or on an I/O error.
pub fn parse_run_records_from_file(path: &Path) -> Result<Stored<RunList>, Error> {
    Ok(match read_bounded(path, MAX_LENGTH)? {
        Content::Bytes(bytes) => Stored::Present(parse(&bytes)),
        Content::Missing => Stored::Missing,
        Content::TooLong => Stored::Damaged(format!("it has more than {MAX_LENGTH} bytes")),
    })
}

/// Adds a run to the log and keeps everything else in it. Creates missing directories.
///
/// # Errors
///
/// If the log is too long, or could not be read or written; it then stays as it was.
pub fn append_to_failure_log(path: &Path, run: RunId) -> Result<Appended, Error> {
    let (mut bytes, appended) = match read_bounded(path, MAX_LENGTH)? {
        Content::Bytes(bytes) => (bytes, Appended::Added),
        Content::Missing => (Vec::new(), Appended::Created),
        Content::TooLong => {
            let reason = format!("it has more than {MAX_LENGTH} bytes");
            return Err(Error::DamagedLog { path: path.to_owned(), reason });
        }
    };
    if parse(&bytes).runs.contains(&run) {
        return Ok(Appended::Listed);
    }
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(format!("{run}\n").as_bytes());
    write_with_folders(path, &bytes)?;
    Ok(appended)
}

/// Makes the log list exactly these runs.
///
/// Correct lines and comments stay where they are. A correct log is not written.
///
/// # Errors
///
/// If the log could not be read or written; it then stays as it was.
pub fn write_failure_log(path: &Path, runs: impl IntoIterator<Item = RunId>) -> Result<(), Error> {
    let before = match read_bounded(path, MAX_LENGTH)? {
        Content::Bytes(bytes) => Some(bytes),
        Content::Missing | Content::TooLong => None,
    };
    let mut missing: BTreeSet<RunId> = runs.into_iter().collect();
    let mut after = Vec::new();
    for line in before.as_deref().unwrap_or_default().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        if is_comment(line) || run_number(line).is_some_and(|run| missing.remove(&run)) {
            after.extend_from_slice(line);
            after.push(b'\n');
        }
    }
    for run in missing {
        after.extend_from_slice(format!("{run}\n").as_bytes());
    }
    if before.as_ref() == Some(&after) { Ok(()) } else { write_with_folders(path, &after) }
}

/// Only valid text counts as a comment, so that damaged lines are removed.
fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#") && str::from_utf8(line).is_ok_and(|line| !line.contains(char::is_control))
}

fn parse(bytes: &[u8]) -> RunList {
    let mut list = RunList::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || is_comment(line) {
            continue;
        }
        if let Some(run) = run_number(line) {
            list.runs.insert(run);
            continue;
        }
        list.ignored_count += 1;
        if list.ignored.len() < MAX_IGNORED_SHOWN {
            // A character has at most four bytes.
            let beginning = &line[..line.len().min(MAX_SHOWN_LENGTH * 4)];
            let text = String::from_utf8_lossy(beginning).chars().take(MAX_SHOWN_LENGTH).collect();
            list.ignored.push(IgnoredLine { line: index + 1, text });
        }
    }
    list
}

fn run_number(line: &[u8]) -> Option<RunId> {
    if !line.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = str::from_utf8(line).ok()?.parse().ok()?;
    (number > 0).then_some(RunId(number))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn runs(numbers: &[i64]) -> BTreeSet<RunId> {
        numbers.iter().copied().map(RunId).collect()
    }

    #[test]
    fn log_reads_back_as_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_failures.log");
        assert_eq!(parse_run_records_from_file(&path).unwrap(), Stored::Missing);

        write_failure_log(&path, runs(&[3, 14, i64::MAX])).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("3\n14\n{}\n", i64::MAX));
        let Stored::Present(list) = parse_run_records_from_file(&path).unwrap() else { panic!("the log exists") };
        assert_eq!(list, RunList { runs: runs(&[3, 14, i64::MAX]), ..RunList::default() });
    }

    #[test]
    fn operator_comments_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("made/archive_failures.log");
        append_to_failure_log(&path, RunId(9)).unwrap();
        fs::write(&path, "# disk 2\n9\n4\r\n9\nrun 5\n  # later\n# \u{1b}[31m\n7").unwrap();
        write_failure_log(&path, runs(&[3, 7, 9])).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "# disk 2\n9\n# later\n7\n3\n");
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        write_failure_log(&path, runs(&[3, 7, 9])).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before, "a correct log is not written");
        write_failure_log(&path, []).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "# disk 2\n# later\n");
    }

    #[test]
    fn invalid_lines_are_reported() {
        let list = parse("12\r\n\n  7 \nrun 5\n-3\n0\n+4\n99999999999999999999\n7\n\u{0}\u{0}".as_bytes());
        assert_eq!(list.runs, runs(&[7, 12]));
        let ignored: Vec<_> = list.ignored.iter().map(|line| (line.line, line.text.as_str())).collect();
        let expected = [(4, "run 5"), (5, "-3"), (6, "0"), (7, "+4"), (8, "99999999999999999999"), (10, "\0\0")];
        assert_eq!(ignored, expected);
    }

    #[test]
    fn ignored_lines_are_limited() {
        let list = parse(format!("{}\n", "é".repeat(500)).repeat(1_000).as_bytes());
        assert_eq!((list.ignored.len(), list.ignored_count), (MAX_IGNORED_SHOWN, 1_000));
        assert_eq!(list.ignored[0].text, "é".repeat(MAX_SHOWN_LENGTH));
    }

    #[test]
    fn run_is_appended_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("import_failures.log");
        assert_eq!(append_to_failure_log(&path, RunId(9)).unwrap(), Appended::Created);
        fs::write(&path, "9\n# by hand\n4").unwrap();
        assert_eq!(append_to_failure_log(&path, RunId(40)).unwrap(), Appended::Added);
        assert_eq!(append_to_failure_log(&path, RunId(4)).unwrap(), Appended::Listed);
        assert_eq!(fs::read_to_string(&path).unwrap(), "9\n# by hand\n4\n40\n");
    }

    #[test]
    fn oversized_log_stays_unchanged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("archive_failures.log");
        fs::File::create(&path).unwrap().set_len(MAX_LENGTH + 1).unwrap();
        assert!(matches!(parse_run_records_from_file(&path).unwrap(), Stored::Damaged(_)));
        assert!(matches!(append_to_failure_log(&path, RunId(1)), Err(Error::DamagedLog { .. })));
        assert_eq!(fs::metadata(&path).unwrap().len(), MAX_LENGTH + 1);
    }
}
