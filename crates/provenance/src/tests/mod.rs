//! Against repositories that git itself makes.

mod attributes;
mod authorship;
mod foreign;
mod hostile;
mod prefix;
mod random;
mod shapes;
mod states;
mod stores;
mod trees;
mod walks;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicBool,
};

use cds_model::CodeRef;
use tempfile::TempDir;

use super::{AnalyzedTree, Origin, Repository, SafeDirectories};

const CLEAN: &str = "read from the repository";
/// No interrupt.
static NEVER: AtomicBool = AtomicBool::new(false);

/// A folder with a repository `repo`, made by a git that knows no settings but these.
struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// Two commits of `a.py`, `b.txt` and `sub/c.py`.
    fn new() -> Self {
        let sandbox = Self::empty(&[]);
        sandbox.write("a.py", "a = 0\n");
        sandbox.commit_all();
        sandbox.write("a.py", "a = 1\n");
        sandbox.write("b.txt", "b\n");
        sandbox.write("sub/c.py", "c = 1\n");
        sandbox.commit_all();
        sandbox
    }

    fn empty(options: &[&str]) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(sandbox.root()).unwrap();
        sandbox.git(&[&["init", "-q", "-b", "main"], options].concat());
        sandbox
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("repo")
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root(), arguments)
    }

    fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = self.command(folder, arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for name in
            ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"]
        {
            command.env_remove(name);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "a").env(format!("GIT_{who}_EMAIL"), "a@example.org");
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", self.folder.path());
        command.args(["-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false", "-c", "gc.auto=0"]);
        command.args(arguments).current_dir(folder);
        command
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn commit_all(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }

    fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    fn known(&self) -> CodeRef {
        known(&self.root())
    }

    fn assert_clean(&self) {
        self.assert(&self.root(), "", CLEAN);
    }

    /// Dirty for that reason.
    fn assert_dirty(&self, why: &str) {
        self.assert(&self.root(), "-dirty", &format!("{CLEAN}; dirty, since {why}"));
    }

    /// HEAD of the repository with `suffix`, and that note.
    fn assert(&self, root: &Path, suffix: &str, note: &str) {
        let known = known(root);
        assert_eq!((known.commit, known.note), (Some(self.head() + suffix), note.to_owned()));
    }
}

/// What is known of the tree at `root`.
fn known(root: &Path) -> CodeRef {
    origin_of(root).code_ref
}

fn origin_of(root: &Path) -> Origin {
    let folder = if root.is_dir() { root } else { root.parent().unwrap() };
    let unknown = |note: String| Origin { code_ref: CodeRef { commit: None, note }, ..Origin::default() };
    match Repository::discover(folder, &SafeDirectories::default()) {
        Ok(Some(repository)) => repository.origin(tree(root), &NEVER, "looking took too long"),
        Ok(None) => unknown("the tree lies in no git repository".to_owned()),
        Err(error) => unknown(error.to_string()),
    }
}

fn tree(root: &Path) -> AnalyzedTree<'_> {
    let is_source = |path: &Path| path.extension().is_some_and(|extension| extension == "py");
    AnalyzedTree { root, uses_ignore_files: true, is_source }
}

/// The repository around `folder`.
fn open(folder: &Path) -> Repository {
    Repository::discover(folder, &SafeDirectories::default()).unwrap().unwrap()
}

/// No commit, and why.
fn assert_unknown(root: &Path, note: &str) {
    let known = known(root);
    assert_eq!((known.commit, &*known.note), (None, note));
}
