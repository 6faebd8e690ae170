//! What the project is called.

use std::path::Path;

use super::repository::Repository;
use crate::render::text;

const LONGEST_NAME: usize = 200;
/// Names that stand in front of a repository or behind it, and name none.
const SUFFIXES: [&str; 2] = ["/.git", ".git"];

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
        let repository = Repository::discover(folder).ok().flatten()?;
        let origin = repository.config.get("remote.origin.url").and_then(name_in_url);
        origin.or_else(|| name_of(&repository.work_tree))
    });
    name.or_else(|| name_of(folder)).unwrap_or_else(|| "/".to_owned())
}

fn name_of(folder: &Path) -> Option<String> {
    let name = one_line(&folder.file_name()?.to_string_lossy());
    (!name.is_empty()).then_some(name)
}

/// The last part of a URL or path; what stands before it, such as a password, and behind a `?` is never looked at.
fn name_in_url(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        // A host alone is no name, all the less one with a password.
        Some((_, rest)) => rest.split(['?', '#']).next()?.split_once('/')?.1,
        None => url,
    };
    let path = path.trim().trim_end_matches(['/', '\\']);
    let path = SUFFIXES.iter().find_map(|suffix| path.strip_suffix(suffix)).unwrap_or(path);
    let name = one_line(path.rsplit(['/', '\\', ':']).next()?);
    let is_name = !name.is_empty() && !name.contains('@') && name != "." && name != "..";
    is_name.then_some(name)
}

fn one_line(name: &str) -> String {
    text::one_line(name).chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_end_of_the_url() {
        for (url, expected) in [
            ("https://example.org/group/tool.git", Some("tool")),
            ("https://user:s3cret@example.org/group/tool.git/", Some("tool")),
            ("https://example.org/tool?token=s3cret/x", Some("tool")),
            ("git@example.org:tool.git", Some("tool")),
            ("ssh://git@example.org:22/~me/a.b", Some("a.b")),
            ("../tool/.git", Some("tool")),
            ("C:\\code\\tool", Some("tool")),
            ("https://user:s3cret@example.org", None),
            ("user:s3cret@example.org", None),
            ("..", None),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(name_in_url(url).as_deref(), expected, "{url}");
        }
    }

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
