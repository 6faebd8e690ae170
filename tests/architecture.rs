//! Enforces the architecture: which crate may use which, which crate may know what, and the shape of files.
//!
//! It reads manifests and sources as text. `docs/architecture.md` describes the rules.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each crate's folder, with the workspace crates that it may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("language", &["cds-model"]),
    ("analyzer", &["cds-language", "cds-model"]),
    ("model-builder", &["cds-model"]),
    ("llm-client", &["cds-language", "cds-model"]),
    ("persistence", &["cds-model"]),
    ("duplication", &["cds-language", "cds-model"]),
    ("archive", &["cds-model", "cds-persistence"]),
    ("provenance", &["cds-model"]),
    (
        "pipeline",
        &[
            "cds-analyzer",
            "cds-language",
            "cds-llm-client",
            "cds-model",
            "cds-model-builder",
            "cds-persistence",
            "cds-provenance",
        ],
    ),
    ("findings", &["cds-duplication", "cds-language", "cds-model", "cds-persistence"]),
    ("terminal", &[]),
    ("report", &["cds-duplication", "cds-findings", "cds-model", "cds-terminal"]),
    (
        "cli",
        &[
            "cds-analyzer",
            "cds-archive",
            "cds-duplication",
            "cds-findings",
            "cds-language",
            "cds-llm-client",
            "cds-model",
            "cds-model-builder",
            "cds-persistence",
            "cds-pipeline",
            "cds-provenance",
            "cds-report",
            "cds-terminal",
        ],
    ),
];

/// Words that only some crates may contain, with the folders of those crates.
const KNOWLEDGE: &[(&str, &[&str])] = &[
    ("tree_sitter", &["analyzer"]),
    ("reqwest", &["llm-client"]),
    ("rusqlite", &["persistence"]),
    ("parquet::", &["archive"]),
    ("gix::", &["provenance"]),
    ("clap", &["cli"]),
    ("std::env", &["cli", "terminal"]),
    ("SystemTime::now", &["cli"]),
    ("std::io::stdout", &["cli", "terminal"]),
    ("std::io::stderr", &["cli"]),
    // Words of a programming language, which stand for all that is known about one.
    ("\"elif\"", &["language"]),
    ("\"lambda\"", &["language"]),
    ("\"self\"", &["language"]),
    ("NotImplementedError", &["language"]),
    ("conftest", &["language"]),
    ("startproject", &["language"]),
];

const MAX_LINES: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The shipped part of a source: without unit tests and comments.
fn shipped(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn workspace_has_the_listed_crates() {
    let listed: BTreeSet<String> = CRATES.iter().map(|(folder, _)| (*folder).to_owned()).collect();
    let present: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(present, listed);
}

#[test]
fn crates_use_only_allowed_crates() {
    for (folder, allowed) in CRATES {
        let manifest = read(&root().join("crates").join(folder).join("Cargo.toml"));
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
        let ours = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
        for name in ours.filter(|name| name.starts_with("cds-")) {
            assert!(allowed.contains(&name), "crates/{folder} must not use {name}");
        }
    }
}

#[test]
fn knowledge_stays_in_its_crate() {
    for (folder, _) in CRATES {
        for path in sources(&root().join("crates").join(folder).join("src")) {
            // Unit tests may use any crate.
            if path.file_name().is_some_and(|name| name == "tests.rs") {
                continue;
            }
            let code = shipped(&read(&path));
            for (word, owners) in KNOWLEDGE {
                let knows = code.match_indices(word).any(|(at, _)| {
                    let before = code[..at].chars().next_back();
                    !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
                });
                assert!(owners.contains(folder) || !knows, "{}: only {owners:?} may know {word}", path.display());
            }
        }
    }
}

#[test]
fn files_have_headers_and_stay_small() {
    let folders = ["crates", "tests"].map(|folder| root().join(folder));
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| sources(folder)).collect();
    assert!(files.len() > 50, "the sources are where they are looked for");
    for path in files {
        let source = read(&path);
        assert!(source.starts_with("//! "), "{} does not begin with a //! line", path.display());
        let line_count = source.lines().count();
        assert!(line_count <= MAX_LINES, "{} has {line_count} lines; find the seam", path.display());
    }
}

/// How many lines of code a folder holds.
fn line_count(folder: &Path) -> usize {
    sources(folder).iter().map(|path| read(path).lines().count()).sum()
}

#[test]
fn command_line_crate_stays_thin() {
    let counts =
        CRATES.iter().map(|(folder, _)| (*folder, line_count(&root().join("crates").join(folder).join("src"))));
    let counts: Vec<(&str, usize)> = counts.collect();
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    let own = counts.iter().find(|(folder, _)| *folder == "cli").unwrap().1;
    assert!(own * 5 <= all, "crates/cli has {own} of {all} lines, more than a fifth");
}

#[test]
fn no_source_imports_a_crate_that_it_may_not() {
    for (folder, allowed) in CRATES {
        for path in sources(&root().join("crates").join(folder).join("src")) {
            let code = shipped(&read(&path));
            let imports = code.match_indices("cds_").filter(|(at, _)| {
                !code[..*at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_')
            });
            for (at, _) in imports {
                let name: String =
                    code[at..].chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                let package = name.replace('_', "-");
                let is_crate = code[at + name.len()..].starts_with("::");
                let is_known = CRATES.iter().any(|(other, _)| package == format!("cds-{other}"));
                let is_own = package == format!("cds-{folder}");
                assert!(
                    !is_crate || !is_known || is_own || allowed.contains(&package.as_str()),
                    "{} uses {name}, which crates/{folder} may not",
                    path.display()
                );
            }
        }
    }
}
