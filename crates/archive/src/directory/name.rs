//! Names of partition directories, as Hive writes them: `key=value`, with `%XX` for bytes that are unsafe in a path.

use std::fmt::Write as _;

use cds_persistence::RunId;

use crate::Error;

/// Hive's name for a partition without a value. It stands for the project without a name and for no other.
pub const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// The longest directory name, in bytes, on common file systems.
const MAX_NAME_LENGTH: usize = 255;

const PROJECT: &str = "project=";
const RUN: &str = "run_id=";
/// Engines skip directories that begin with a dot.
const DRAFT_START: &str = ".";
const DRAFT_END: &str = ".draft";

/// The directory name of a project: `project=` and its name, with `%XX` for all but ASCII letters, digits and `_-.`.
///
/// # Errors
///
/// If the result is too long for a directory name.
pub fn project_to_directory_name(project: &str) -> Result<String, Error> {
    let mut name = String::from(PROJECT);
    if project.is_empty() {
        name.push_str(DEFAULT_PARTITION);
    }
    for (index, byte) in project.bytes().enumerate() {
        let is_safe = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if is_safe && !(index == 0 && project == DEFAULT_PARTITION) {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    if name.len() > MAX_NAME_LENGTH {
        let (project, length) = (project.to_owned(), name.len());
        return Err(Error::ProjectNameTooLong { project, length, limit: MAX_NAME_LENGTH });
    }
    Ok(name)
}

/// The project of a directory name, whichever program wrote it; `None` for any other name.
pub fn project_from_directory_name(name: &str) -> Option<String> {
    let value = name.strip_prefix(PROJECT)?;
    if value == DEFAULT_PARTITION {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (hex_digit(rest.next()?)?, hex_digit(rest.next()?)?);
            bytes.push(high << 4 | low);
        } else {
            bytes.push(byte);
        }
    }
    // An empty value is not a project: engines disagree on what it means.
    String::from_utf8(bytes).ok().filter(|project| !project.is_empty())
}

pub(super) fn run_to_directory_name(run: RunId) -> String {
    format!("{RUN}{run}")
}

/// The run of a directory name; `None` for any other spelling of its number.
pub(super) fn run_from_directory_name(name: &str) -> Option<RunId> {
    let run = RunId(name.strip_prefix(RUN)?.parse().ok()?);
    (run_to_directory_name(run) == name).then_some(run)
}

/// The directory name of a run until it is complete.
pub(super) fn draft_directory_name(run: RunId) -> String {
    format!("{DRAFT_START}{}{DRAFT_END}", run_to_directory_name(run))
}

/// Whether a directory name is that of an unfinished run.
pub(super) fn is_draft(name: &str) -> bool {
    let inner = name.strip_prefix(DRAFT_START).and_then(|name| name.strip_suffix(DRAFT_END));
    inner.and_then(run_from_directory_name).is_some()
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(project: &str, expected: &str) {
        assert_eq!(project_to_directory_name(project).unwrap(), expected);
        assert_eq!(project_from_directory_name(expected).as_deref(), Some(project));
    }

    #[test]
    fn names_are_safe_and_round_trip() {
        check("shop", "project=shop");
        check("my-shop_2.0", "project=my-shop_2.0");
        check("team/shop", "project=team%2Fshop");
        check("a b=c%d", "project=a%20b%3Dc%25d");
        check("größe", "project=gr%C3%B6%C3%9Fe");
        check("\u{0}\n", "project=%00%0A");
        check("..", "project=..");
    }

    #[test]
    fn only_nameless_project_uses_default_partition() {
        check("", "project=__HIVE_DEFAULT_PARTITION__");
        check(DEFAULT_PARTITION, "project=%5F_HIVE_DEFAULT_PARTITION__");
    }

    #[test]
    fn foreign_directory_names_are_read() {
        for (name, project) in [
            ("project=gr\u{f6}\u{df}e", Some("größe")),
            ("project=a%3db", Some("a=b")),
            ("project=a b", Some("a b")),
            ("project=", None),
            ("project=%", None),
            ("project=%4", None),
            ("project=%zz", None),
            ("project=%ff", None),
            ("Project=x", None),
            ("shop", None),
        ] {
            assert_eq!(project_from_directory_name(name).as_deref(), project, "{name}");
        }
    }

    #[test]
    fn too_long_name_is_refused() {
        assert_eq!(project_to_directory_name(&"x".repeat(247)).unwrap().len(), 255);
        let error = project_to_directory_name(&"ß".repeat(42)).unwrap_err();
        assert!(matches!(error, Error::ProjectNameTooLong { length: 260, limit: 255, .. }), "{error}");
    }

    #[test]
    fn each_run_has_one_name() {
        assert_eq!(run_from_directory_name("run_id=17"), Some(RunId(17)));
        for name in ["run_id=017", "run_id=+1", "run_id=", "run_id=x", "run=1", ".run_id=1.draft"] {
            assert_eq!(run_from_directory_name(name), None, "{name}");
        }
        assert!(is_draft(&draft_directory_name(RunId(17))));
        for name in ["run_id=17", ".run_id=x.draft", ".git", "run_id=17.draft"] {
            assert!(!is_draft(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_name_round_trips(project in "(?s).{0,20}") {
            let name = project_to_directory_name(&project).unwrap();
            prop_assert!(name.is_ascii() && !name.contains(['/', '\\', '\0', '%']) || name.contains('%'));
            prop_assert_eq!(project_from_directory_name(&name), Some(project));
        }
    }
}
