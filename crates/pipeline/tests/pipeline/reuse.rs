//! What a snapshot takes from an earlier one is what it would have read itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cds_analyzer::{AnalysisOptions, SourceTree};
use cds_llm_client::EmbeddedClient;
use cds_persistence::{OpenOptions, SqlitePersistence};
use cds_pipeline::{
    DatabasePlan, FileCounts, Session, SourcePlan,
    stages::{Found, find_records},
};
use proptest::prelude::*;

use crate::support::{context, intents, take_of, tree};

/// Contents in several encodings, some of them broken, empty, or not readable at all.
const CONTENTS: [&[u8]; 12] = [
    b"",
    b"def one():\n    return 1\n",
    b"def one():\r\n    return 1\r\n",
    b"\xef\xbb\xbfdef one():\n    return 1\n",
    b"class A:\n    def m(self):\n        '''Doc.'''\n        return 1  # one\n\n    def n(self):\n        return 2\n",
    b"# coding: latin-1\ndef gr\xfc\xdfe():\n    return '\xe9'\n",
    b"# coding: cp1252\nx = '\x80'\n",
    b"def broken(:\n    pass\n\ndef whole():\n    return 3\n",
    b"x = '\xe9'\n",
    b"x = 1\0\n",
    b"if x:\n\tdef tab():\n\t\treturn lambda: 1\nelse:\n\tasync def tab():\n\t\tawait f()\n",
    b"def long():\n    a = 1\n    b = 2\n    c = 3\n    d = 4\n    e = 5\n    return a + b + c + d + e  # padding, padding\n",
];
const NAMES: [&str; 6] = ["a.py", "b.py", "pkg/a.py", "pkg/c.py", "pkg/deep/a.py", ".hidden.py"];
const IGNORED: [&str; 4] = ["", "a.py\n", "pkg/\n!pkg/c.py\n", "deep\n"];

/// One change between two snapshots.
#[derive(Debug, Clone)]
enum Edit {
    Write(usize, usize),
    Rename(usize, usize),
    Remove(usize),
    Ignore(usize),
    /// Read with other options from now on.
    Options(bool, bool),
    Nothing,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..NAMES.len(), 0..CONTENTS.len()).prop_map(|(name, content)| Edit::Write(name, content)),
        2 => (0..NAMES.len(), 0..NAMES.len()).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => (0..NAMES.len()).prop_map(Edit::Remove),
        1 => (0..IGNORED.len()).prop_map(Edit::Ignore),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(ignore, small)| Edit::Options(ignore, small)),
        1 => Just(Edit::Nothing),
    ]
}

/// A tree, and the database with its snapshots.
struct World {
    folder: tempfile::TempDir,
    database: DatabasePlan,
    options: AnalysisOptions,
    _beside: tempfile::TempDir,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let beside = tempfile::tempdir().unwrap();
        let database = DatabasePlan { path: beside.path().join("a.sqlite"), options: OpenOptions::default() };
        let options = AnalysisOptions { max_file_size: 1_000, use_ignore_files: true };
        Self { folder: tree(files), database, options, _beside: beside }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn apply(&mut self, edit: &Edit) {
        // What is not there cannot be renamed or removed.
        match *edit {
            Edit::Write(name, content) => self.write(NAMES[name], CONTENTS[content]),
            Edit::Rename(from, to) => {
                if let Ok(content) = fs::read(self.path(NAMES[from])) {
                    fs::remove_file(self.path(NAMES[from])).unwrap();
                    self.write(NAMES[to], &content);
                }
            }
            Edit::Remove(name) => drop(fs::remove_file(self.path(NAMES[name]))),
            Edit::Ignore(rules) => self.write(".ignore", IGNORED[rules].as_bytes()),
            Edit::Options(use_ignore_files, is_small) => {
                self.options = AnalysisOptions { max_file_size: if is_small { 60 } else { 1_000 }, use_ignore_files };
            }
            Edit::Nothing => {}
        }
    }

    fn plan(&self) -> SourcePlan {
        let tree = SourceTree::open(self.folder.path()).unwrap();
        SourcePlan { tree, options: self.options, threads: 2, may_reuse: true, known_in: None, requires_files: false }
    }

    fn find(&self, database: Option<&DatabasePlan>) -> Found {
        find_records(&self.plan().reusing(database), &mut Session::without_store(&context().0)).unwrap()
    }

    /// Takes a snapshot that reuses what it can.
    fn take(&self) -> FileCounts {
        let store = SqlitePersistence::open(&self.database.path, &self.database.options).unwrap();
        let plan = self.plan().reusing(Some(&self.database));
        take_of(&plan, &intents(EmbeddedClient), store, true, &context().0).unwrap().files
    }

    /// Compares what is found with and without the database.
    fn check(&self) -> FileCounts {
        let (warm, cold) = (self.find(Some(&self.database)), self.find(None));
        assert_eq!(warm.records, cold.records);
        assert_eq!(warm.errors, cold.errors);
        assert_eq!(warm.source_files, cold.source_files);
        assert_eq!(warm.not_read, cold.not_read);
        assert_eq!((warm.files.read, cold.files.reused), (cold.files.read, 0));
        warm.files
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn warm_snapshots_equal_cold_ones(edits in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..6)) {
        let mut world = World::new(&[]);
        for (name, content) in NAMES.iter().zip([4, 1, 7, 5, 4]) {
            world.write(name, CONTENTS[content]);
        }
        world.take();
        for step in &edits {
            for edit in step {
                world.apply(edit);
            }
            world.check();
            world.take();
        }
    }
}

fn reads(read: usize, reused: usize, shared: usize, parsed: usize) -> FileCounts {
    FileCounts { read, reused, shared, parsed }
}

#[test]
fn equal_files_are_parsed_once() {
    let world = World::new(&[("a.py", "x = 1\n"), ("b.py", "x = 1\n"), ("c.py", "x = 2\n"), ("d.py", "x = 1\n")]);
    assert_eq!(world.check(), reads(4, 0, 2, 2));
}

#[test]
fn error_of_equal_files_counts_for_each() {
    let world = World::new(&[("a.py", "def f(:\n"), ("b.py", "def f(:\n")]);
    let errors = world.find(None).errors;
    let paths: Vec<&str> = errors.iter().map(|error| &*error.file_path).collect();
    assert_eq!((paths, errors[0].line, &errors[0].reason), (vec!["a.py", "b.py"], errors[1].line, &errors[1].reason));
}

#[test]
fn only_new_files_are_parsed() {
    let world = World::new(&[("a.py", "x = 1\n"), ("b.py", "x = 2\n"), ("broken.py", "def f(:\n")]);
    assert_eq!(world.take(), reads(3, 0, 0, 3));
    assert_eq!(world.take(), reads(3, 2, 0, 1), "a file of which something is missing is read again");
    world.write("a.py", b"x = 3\n");
    fs::rename(world.path("b.py"), world.path("c.py")).unwrap();
    assert_eq!(world.take(), reads(3, 0, 0, 3));
    world.write("a.py", b"x = 1\n");
    assert_eq!(world.take(), reads(3, 2, 0, 1), "an older snapshot has it");
}

#[test]
fn missing_database_knows_nothing() {
    let world = World::new(&[("a.py", "x = 1\n")]);
    assert_eq!(world.check(), reads(1, 0, 0, 1));
    assert!(!Path::new(&world.database.path).exists());
}
