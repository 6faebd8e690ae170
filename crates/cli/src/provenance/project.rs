//! What the project is called.

use std::path::Path;

use cds_provenance::Repository;
use cds_terminal::text;

use super::shared::safe_directories;

const LONGEST_NAME: usize = 200;
/// A name of one line without control characters.
pub(crate) fn parse_project(given: &str) -> Result<String, String> {
    let is_fit =
        !given.trim().is_empty() && given.chars().count() <= LONGEST_NAME && !given.chars().any(text::is_unsafe);
    let accepted = || format!("accepted is a name of 1 to {LONGEST_NAME} characters without control characters");
    if is_fit { Ok(given.trim().to_owned()) } else { Err(accepted()) }
}

/// What was given, else the name of the repository that `root` came from, else that of its folder.
///
/// `root` is absolute and free of symbolic links. One line of at most 200 characters, never empty.
pub(crate) fn project_name(given: Option<&str>, root: &Path) -> String {
    let folder = if root.is_dir() { root } else { root.parent().unwrap_or(root) };
    let name = given.map(one_line).filter(|name| !name.is_empty());
    let name = name.or_else(|| {
        let repository = Repository::discover(folder, &safe_directories()).ok().flatten()?;
        repository.project_name().map(|name| one_line(&name)).filter(|name| !name.is_empty())
    });
    name.or_else(|| name_of(folder)).unwrap_or_else(|| "/".to_owned())
}

fn name_of(folder: &Path) -> Option<String> {
    let name = one_line(&folder.file_name()?.to_string_lossy());
    (!name.is_empty()).then_some(name)
}

fn one_line(name: &str) -> String {
    text::one_line(name).chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(project_name(Some("a\n\x1b[31mb"), folder.path()), "a \\u{1b}[31mb");
        assert_eq!(project_name(Some(&"x".repeat(300)), folder.path()).len(), LONGEST_NAME);
        let own = folder.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(project_name(None, folder.path()), own);
        assert_eq!(project_name(Some(" "), folder.path()), own);
        std::fs::write(folder.path().join("a.py"), "").unwrap();
        assert_eq!(project_name(None, &folder.path().join("a.py")), own);
        assert_eq!(project_name(None, Path::new("/")), "/");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        assert_eq!(parse_project(" my tool "), Ok("my tool".to_owned()));
        for wrong in ["", " ", "a\nb", "a\u{202e}b", &"x".repeat(201)] {
            assert!(parse_project(wrong).is_err(), "{wrong:?}");
        }
    }
}
