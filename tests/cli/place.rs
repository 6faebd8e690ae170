//! A temporary folder with a tree to scan, in which the binary runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::database::Database;

/// The tree to scan, relative to the working folder.
pub(crate) const TREE: &str = "tree";
/// The database, relative to the working folder.
pub(crate) const DATABASE: &str = "cds.sqlite";
/// The lock file, which stays beside a database after the first write.
pub(crate) const LOCK: &str = "cds.sqlite.lock";

/// A temporary folder for one test; dropping it deletes the folder.
pub(crate) struct Place {
    _folder: TempDir,
    root: PathBuf,
}

impl Place {
    /// An empty tree.
    pub(crate) fn empty() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it is there");
        fs::create_dir(root.join(TREE)).expect("a folder for the tree");
        Self { _folder: folder, root }
    }

    /// A copy of `fixtures/shop`.
    pub(crate) fn with_shop() -> Self {
        let place = Self::empty();
        let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/shop");
        copy_tree(&shop, &place.path(TREE));
        place
    }

    /// A tree of these files, each with its name and text.
    pub(crate) fn with_files(files: &[(&str, &str)]) -> Self {
        let place = Self::empty();
        for (name, text) in files {
            place.write(&format!("{TREE}/{name}"), text);
        }
        place
    }

    /// A tree with one file of this number of functions.
    pub(crate) fn with_functions(count: usize) -> Self {
        Self::with_files(&[("functions.py", &functions(count))])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is below the root")).expect("a folder for the file");
        fs::write(path, content).expect("the file can be written");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("the file is there")
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Asserts that after an orderly end only the tree, the database and an empty lock file exist.
    #[track_caller]
    pub(crate) fn check_is_tidy(&self) {
        assert_eq!(self.names(), [DATABASE, LOCK, TREE]);
        assert_eq!(self.read(LOCK), b"");
    }

    pub(crate) fn database(&self) -> Database {
        Database::open(&self.path(DATABASE))
    }

    /// The binary with only `PATH` in its environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cds"));
        command.args(arguments);
        self.prepare(command)
    }

    /// Another program in the same environment.
    pub(crate) fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        self.prepare(command)
    }

    /// The same with a limit on file size, in blocks of 512 or 1024 bytes.
    #[cfg(unix)]
    pub(crate) fn command_with_limit(&self, block_count: u32, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        let script = format!("ulimit -f {block_count} && exec \"$0\" \"$@\"");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_cds")]).args(arguments);
        self.prepare(command)
    }

    fn prepare(&self, mut command: Command) -> Command {
        command.current_dir(&self.root).stdin(Stdio::null()).env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        // Every test holds for both layouts; see `is_compact`.
        if let Some(layout) = std::env::var_os("CDS_TEST_LAYOUT") {
            command.env("CDS_LAYOUT", layout);
        }
        command
    }

    /// Runs the binary and waits for it.
    pub(crate) fn cds(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Runs `persist` on the tree and the database.
    pub(crate) fn persist(&self, provider_url: &str, more: &[&str]) -> Outcome {
        self.cds(&persist_arguments(provider_url, more))
    }
}

/// Whether the tests run on compact databases. A test of what only plain tables have passes without doing anything.
pub(crate) fn is_compact() -> bool {
    std::env::var("CDS_TEST_LAYOUT").is_ok_and(|layout| layout == "compact")
}

/// The arguments of `persist` for the tree and the database.
pub(crate) fn persist_arguments<'a>(provider_url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["persist", "--path", TREE, "--db-path", DATABASE, "--provider-url", provider_url];
    arguments.extend(more);
    arguments
}

/// Python source with this number of two-line functions, `f1` to `fN`.
pub(crate) fn functions(count: usize) -> String {
    let functions: Vec<String> = (1..=count).map(|number| format!("def f{number}():\n    return {number}\n")).collect();
    functions.concat()
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the fixture is there") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("its type").is_dir() {
            fs::create_dir(&target).expect("a folder");
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// The output and status of a finished process.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the binary runs"))
    }

    /// Asserts this exit status.
    #[track_caller]
    pub(crate) fn exited_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Asserts success.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        self.exited_with(0)
    }

    /// Asserts that stderr contains each of these texts.
    #[track_caller]
    pub(crate) fn stderr_has(self, fragments: &[&str]) -> Self {
        for fragment in fragments {
            assert!(self.stderr.contains(fragment), "{fragment:?} is not in {self:#?}");
        }
        self
    }

    /// The intent counts of the JSON summary: selected, asked, reused, shared, failed, calls.
    #[track_caller]
    pub(crate) fn costs(&self) -> [u64; 6] {
        let summary: serde_json::Value = serde_json::from_str(&self.stdout).expect("a summary in JSON");
        ["selected", "asked", "reused", "shared", "failed", "calls"]
            .map(|name| summary["intents"][name].as_u64().expect("a number"))
    }

    /// The lines of stderr that begin with this word.
    pub(crate) fn lines_of(&self, name: &str) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.split(' ').next() == Some(name)).collect()
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
