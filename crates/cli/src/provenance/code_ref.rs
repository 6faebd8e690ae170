//! The commit of the analyzed tree, from the first of those who know it.

use std::path::Path;

use cds_model::CodeRef;

use super::{
    changes::{self, Change, ChangeKind},
    clock::Deadline,
    head,
    repository::Repository,
};
use crate::render::text;

const LONGEST_GIVEN: usize = 200;
const LONGEST_NOTE: usize = 400;

/// Where continuous integration systems tell the commit that they build.
const VARIABLES: &[&str] = &[
    "GITHUB_SHA",
    "CI_COMMIT_SHA",
    "BITBUCKET_COMMIT",
    "BUILDKITE_COMMIT",
    "CIRCLE_SHA1",
    "GIT_COMMIT",
    "BUILD_SOURCEVERSION",
    "DRONE_COMMIT_SHA",
    "TRAVIS_COMMIT",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "APPVEYOR_REPO_COMMIT",
    "BUILD_VCS_NUMBER",
    "CIRRUS_CHANGE_IN_REPO",
    "SEMAPHORE_GIT_SHA",
    "HEROKU_TEST_RUN_COMMIT_VERSION",
];

/// The tree whose commit is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnalyzedTree<'a> {
    /// A folder or a file, absolute and free of symbolic links.
    pub(crate) root: &'a Path,
    /// Whether the analysis leaves out what ignore files name.
    pub(crate) uses_ignore_files: bool,
}

/// Text for `--code-ref`: 1 to 200 characters on one line.
pub(crate) fn parse_code_ref(given: &str) -> Result<String, String> {
    let is_fit =
        !given.trim().is_empty() && given.chars().count() <= LONGEST_GIVEN && !given.chars().any(text::is_unsafe);
    let accepted = || format!("accepted are 1 to {LONGEST_GIVEN} characters without control characters");
    if is_fit { Ok(given.trim().to_owned()) } else { Err(accepted()) }
}

/// The commit of `tree`: as given, else from the environment, else from the repository around it.
///
/// Runs nothing and ends after about ten seconds at the latest. Only for a commit from the repository it is known
/// whether the tree differs from it (`-dirty`); the note says where the commit comes from and what is not known.
pub(crate) fn code_ref(
    given: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
    tree: AnalyzedTree<'_>,
) -> CodeRef {
    if let Some(given) = given {
        return CodeRef { commit: Some(given.to_owned()), note: "given by --code-ref".to_owned() };
    }
    VARIABLES.iter().find_map(|name| from_variable(name, environment)).unwrap_or_else(|| from_repository(tree))
}

fn from_variable(name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Option<CodeRef> {
    let value = environment(name)?;
    let value = value.trim();
    let is_id = (7..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| CodeRef {
        commit: Some(value.to_ascii_lowercase()),
        note: format!("from the environment variable {name}; whether the tree differs from it was not looked at"),
    })
}

fn from_repository(tree: AnalyzedTree<'_>) -> CodeRef {
    let root = tree.root;
    let unknown = |reason: &str| CodeRef { commit: None, note: note(reason) };
    let folder = if root.is_dir() { root } else { root.parent().unwrap_or(root) };
    let repository = match Repository::discover(folder) {
        Ok(Some(repository)) => repository,
        Ok(None) => return unknown("the tree lies in no git repository"),
        Err(error) => return unknown(&format!("{error:#}")),
    };
    let commit = match head::read(&repository) {
        Ok(commit) => commit,
        Err(error) => return unknown(&format!("{error:#}")),
    };
    match changes::first_change(&repository, &commit, tree, Deadline::start()) {
        Ok(None) => CodeRef { commit: Some(commit.to_string()), note: "read from the repository".to_owned() },
        Ok(Some(change)) => {
            let note = note(&format!("read from the repository; {}", described(&change)));
            CodeRef { commit: Some(format!("{commit}-dirty")), note }
        }
        Err(error) => {
            let note = note(&format!("read from the repository; whether it is dirty is not known: {error:#}"));
            CodeRef { commit: Some(commit.to_string()), note }
        }
    }
}

fn described(change: &Change) -> String {
    let what = match change.kind {
        ChangeKind::Staged => "is staged otherwise than it is committed",
        ChangeKind::Changed => "is changed",
        ChangeKind::Untracked => "is not tracked",
    };
    let path = if change.path.is_empty() { "." } else { &change.path };
    format!("dirty, since {path} {what}")
}

/// One line of a bounded length.
fn note(reason: &str) -> String {
    let line = text::one_line(reason);
    let end = line.char_indices().nth(LONGEST_NOTE).map_or(line.len(), |(at, _)| at);
    line[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn asked(given: Option<&str>, variables: &[(&str, &str)]) -> CodeRef {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        code_ref(given, &environment, AnalyzedTree { root: folder.path(), uses_ignore_files: true })
    }

    #[test]
    fn what_is_given_wins_over_the_environment() {
        let known = asked(Some("v1.2"), &[("GITHUB_SHA", SHA)]);
        assert_eq!((known.commit.as_deref(), &*known.note), (Some("v1.2"), "given by --code-ref"));
    }

    #[test]
    fn the_environment_gives_ids_only() {
        let known = asked(None, &[("GITHUB_SHA", "main"), ("CI_COMMIT_SHA", ""), ("GIT_COMMIT", &SHA.to_uppercase())]);
        assert_eq!(known.commit.as_deref(), Some(SHA));
        assert!(known.note.starts_with("from the environment variable GIT_COMMIT; "), "{}", known.note);
        for wrong in ["012345", "g123456", &"0".repeat(65), "$(id)"] {
            let known = asked(None, &[("GITHUB_SHA", wrong)]);
            assert_eq!((known.commit, &*known.note), (None, "the tree lies in no git repository"), "{wrong}");
        }
    }

    #[test]
    fn what_can_be_given_is_one_short_line() {
        assert_eq!(parse_code_ref(" release 7 "), Ok("release 7".to_owned()));
        for wrong in ["", "  ", "a\nb", "a\x1b[31m", &"x".repeat(201)] {
            assert!(parse_code_ref(wrong).is_err(), "{wrong:?}");
        }
    }
}
