//! The commit of the analyzed tree, from the first of those who know it, and who made that commit.

use std::path::Path;

use cds_model::CodeRef;

use super::{
    changes::{self, Change, ChangeKind},
    clock::Deadline,
    commit::{self, Authorship},
    head,
    id::{Kind, ObjectId},
    objects::Objects,
    repository::Repository,
};
use crate::render::text;

const LONGEST_GIVEN: usize = 200;
const LONGEST_NOTE: usize = 400;
/// Digits of an id that nobody takes for a word.
const SHORTEST_ID: usize = 7;

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

/// Where a tree comes from.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// Its commit.
    pub(crate) code_ref: CodeRef,
    /// Who made that commit, where the tree is said or known to be as it was committed, and the repository around the
    /// tree has the commit. What was changed since then is nobody's yet.
    pub(crate) authorship: Authorship,
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
pub(crate) fn origin(
    given: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
    tree: AnalyzedTree<'_>,
) -> Origin {
    let told = match given {
        Some(given) => Some(CodeRef { commit: Some(given.to_owned()), note: "given by --code-ref".to_owned() }),
        None => VARIABLES.iter().find_map(|name| from_variable(name, environment)),
    };
    match told {
        Some(code_ref) => {
            let authorship = code_ref.commit.as_deref().and_then(|commit| authorship_of(commit, tree));
            Origin { code_ref, authorship: authorship.unwrap_or_default() }
        }
        None => from_repository(tree),
    }
}

fn from_variable(name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Option<CodeRef> {
    let value = environment(name)?;
    let value = value.trim();
    let is_id = (SHORTEST_ID..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| CodeRef {
        commit: Some(value.to_ascii_lowercase()),
        note: format!("from the environment variable {name}; whether the tree differs from it was not looked at"),
    })
}

/// Who made the commit that somebody named; whoever names it vouches for the tree being that commit's.
fn authorship_of(commit: &str, tree: AnalyzedTree<'_>) -> Option<Authorship> {
    let repository = Repository::discover(folder_of(tree)).ok().flatten()?;
    let id = ObjectId::from_hex(repository.hash, commit.as_bytes()).or_else(|| {
        // The beginning of an id is not looked up, but it may be that of the commit that is checked out.
        let head = head::read(&repository).ok()?;
        let is_beginning = commit.len() >= SHORTEST_ID && head.to_string().starts_with(&commit.to_ascii_lowercase());
        is_beginning.then_some(head)
    });
    read_authorship(&repository, &id?, Deadline::start())
}

fn read_authorship(repository: &Repository, id: &ObjectId, deadline: Deadline) -> Option<Authorship> {
    let content = Objects::of(repository, deadline).and_then(|mut objects| objects.read(id, Kind::Commit));
    content.ok().map(|content| commit::authorship(&content))
}

fn folder_of(tree: AnalyzedTree<'_>) -> &Path {
    if tree.root.is_dir() { tree.root } else { tree.root.parent().unwrap_or(tree.root) }
}

fn from_repository(tree: AnalyzedTree<'_>) -> Origin {
    let known = |commit, note: String| Origin { code_ref: CodeRef { commit, note }, authorship: Authorship::default() };
    let unknown = |reason: &str| known(None, note(reason));
    let repository = match Repository::discover(folder_of(tree)) {
        Ok(Some(repository)) => repository,
        Ok(None) => return unknown("the tree lies in no git repository"),
        Err(error) => return unknown(&format!("{error:#}")),
    };
    let commit = match head::read(&repository) {
        Ok(commit) => commit,
        Err(error) => return unknown(&format!("{error:#}")),
    };
    let deadline = Deadline::start();
    match changes::first_change(&repository, &commit, tree, deadline) {
        Ok(None) => Origin {
            authorship: read_authorship(&repository, &commit, deadline).unwrap_or_default(),
            ..known(Some(commit.to_string()), "read from the repository".to_owned())
        },
        Ok(Some(change)) => {
            let note = note(&format!("read from the repository; {}", described(&change)));
            known(Some(format!("{commit}-dirty")), note)
        }
        Err(error) => {
            let note = note(&format!("read from the repository; whether it is dirty is not known: {error:#}"));
            known(Some(commit.to_string()), note)
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
        origin(given, &environment, AnalyzedTree { root: folder.path(), uses_ignore_files: true }).code_ref
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
