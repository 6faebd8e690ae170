//! The commit of the analyzed tree, from the first of those who know it, and who made that commit.

use std::{ffi::OsStr, path::Path};

use cds_model::CodeRef;
use cds_provenance::{AnalyzedTree, Repository, SafeDirectories};

use super::{
    authorship::Authorship,
    watchdog::{STOPPED, Watchdog},
};
use cds_terminal::text;

const LONGEST_GIVEN: usize = 200;
const LONGEST_NOTE: usize = 400;
/// Minimum digits of an id, so that no word looks like one.
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

/// Where a tree comes from.
#[derive(Debug, Default)]
pub(crate) struct Origin {
    /// Its commit.
    pub(crate) code_ref: CodeRef,
    /// Who made that commit, where the tree is said or known to be as it was committed, and the repository around the
    /// tree has the commit. Later changes have no author yet.
    pub(crate) authorship: Authorship,
    /// What the user should see: a variable of the environment names another commit than the repository.
    pub(crate) warning: Option<String>,
}

/// A commit that a variable of the environment names.
struct Named {
    variable: &'static str,
    commit: String,
}

/// Text for `--code-ref`: 1 to 200 characters on one line.
pub(crate) fn parse_code_ref(given: &str) -> Result<String, String> {
    let is_fit =
        !given.trim().is_empty() && given.chars().count() <= LONGEST_GIVEN && !given.chars().any(text::is_unsafe);
    let accepted = || format!("accepted are 1 to {LONGEST_GIVEN} characters without control characters");
    if is_fit { Ok(given.trim().to_owned()) } else { Err(accepted()) }
}

/// The commit of `tree`: as given, else from the repository around it, else from the environment.
///
/// A variable says which commit was to be built, or which one an image was made of. What a repository has checked out is
/// what is read, so a variable is used only where there is no repository; one that names another commit is noted.
///
/// Runs nothing and ends after about ten seconds at the latest. Only for a commit from the repository it is known
/// whether the tree differs from it (`-dirty`); the note says where the commit comes from and what is not known.
pub(crate) fn origin(
    given: Option<&str>,
    environment: &dyn Fn(&str) -> Option<String>,
    tree: AnalyzedTree<'_>,
) -> Origin {
    let safe = SafeDirectories::of_user(environment);
    if let Some(given) = given {
        let code_ref = CodeRef { commit: Some(given.to_owned()), note: "given by --code-ref".to_owned() };
        let authorship = authorship_of(given, tree, &safe).unwrap_or_default();
        return Origin { code_ref, authorship, warning: None };
    }
    match Repository::discover(folder_of(tree), &safe) {
        Ok(Some(repository)) => from_repository(&repository, tree).beside(environment),
        Ok(None) => from_environment(environment),
        Err(error) => Origin::unknown(&error.to_string()).beside(environment),
    }
}

impl Origin {
    fn unknown(reason: &str) -> Self {
        Self { code_ref: CodeRef { commit: None, note: note(reason) }, ..Self::default() }
    }

    /// Notes the first variable that names another commit than the repository.
    fn beside(mut self, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let own = self.code_ref.commit.as_deref();
        let is_other = |named: &Named| own.is_none_or(|own| !own.starts_with(&named.commit));
        if let Some(Named { variable, commit }) = variables(environment).find(is_other) {
            let own = own.unwrap_or("a commit that cannot be read");
            self.warning = Some(format!(
                "{variable} names commit {commit}, but the repository is at {own}, which is used; --code-ref names another"
            ));
            self.code_ref.note = note(&format!("{}; {variable} names {commit}, which is not used", self.code_ref.note));
        }
        self
    }
}

fn from_environment(environment: &dyn Fn(&str) -> Option<String>) -> Origin {
    let Some(Named { variable, commit }) = variables(environment).next() else {
        return Origin::unknown("the tree lies in no git repository");
    };
    let note = format!("from the environment variable {variable}; whether the tree differs from it was not looked at");
    Origin { code_ref: CodeRef { commit: Some(commit), note }, ..Origin::default() }
}

/// The commits that the environment names, as ids in lower case.
fn variables(environment: &dyn Fn(&str) -> Option<String>) -> impl Iterator<Item = Named> {
    VARIABLES.iter().filter_map(|variable| {
        let value = environment(variable)?;
        let value = value.trim();
        let is_id = (SHORTEST_ID..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Named { variable, commit: value.to_ascii_lowercase() })
    })
}

/// Who made the commit that is given; that says, too, that the tree is as it is there.
fn authorship_of(commit: &str, tree: AnalyzedTree<'_>, safe: &SafeDirectories) -> Option<Authorship> {
    let repository = Repository::discover(folder_of(tree), safe).ok().flatten()?;
    let watchdog = Watchdog::start();
    repository.authorship(&repository.id_in(commit)?, watchdog.flag()).ok().map(Into::into)
}

fn folder_of(tree: AnalyzedTree<'_>) -> &Path {
    if tree.root.is_dir() { tree.root } else { tree.root.parent().unwrap_or(tree.root) }
}

fn from_repository(repository: &Repository, tree: AnalyzedTree<'_>) -> Origin {
    let watchdog = Watchdog::start();
    let cds_provenance::Origin { code_ref, authorship } = repository.origin(tree, watchdog.flag(), STOPPED);
    let code_ref = CodeRef { note: note(&code_ref.note), ..code_ref };
    Origin { code_ref, authorship: authorship.into(), warning: None }
}

/// Whether the analysis reads a file of that name.
pub(crate) fn is_source(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("py"))
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
        origin(given, &environment, AnalyzedTree { root: folder.path(), uses_ignore_files: true, is_source }).code_ref
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
    fn nothing_is_noted_without_a_repository() {
        let folder = tempfile::tempdir().unwrap();
        let tree = AnalyzedTree { root: folder.path(), uses_ignore_files: true, is_source };
        let found = origin(None, &|name| (name == "GIT_COMMIT").then(|| SHA.to_owned()), tree);
        assert_eq!((found.code_ref.commit.as_deref(), found.warning), (Some(SHA), None));
    }

    #[test]
    fn notes_are_short_and_safe() {
        assert_eq!(note("x\x1b[31m\n.py is not tracked"), "x\\u{1b}[31m .py is not tracked");
        assert_eq!(note(&"n".repeat(1000)).chars().count(), LONGEST_NOTE);
    }

    #[test]
    fn given_commit_is_one_short_line() {
        assert_eq!(parse_code_ref(" release 7 "), Ok("release 7".to_owned()));
        for wrong in ["", "  ", "a\nb", "a\x1b[31m", &"x".repeat(201)] {
            assert!(parse_code_ref(wrong).is_err(), "{wrong:?}");
        }
    }
}
