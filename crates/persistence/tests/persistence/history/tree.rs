//! Trees of definitions that are edited, and the snapshots of their analysis.
//!
//! All definitions of a tree have different code, so that each move has exactly one solution.

use std::collections::BTreeMap;

use cds_model::{AnalyzerError, HistoryContext, Intent, Md5Sum, Record, RunSnapshot, SourceSlice, SymbolKind};

use crate::samples::mixed;

/// A function, or a class with methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// The value that it returns, unique in the tree.
    pub(crate) body: u32,
    pub(crate) intent: u32,
    /// `None` for a function.
    pub(crate) methods: Option<Vec<Definition>>,
}

/// A file; its number is part of its code and stays when it is renamed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct File {
    pub(crate) number: u32,
    pub(crate) empty_lines: u32,
    pub(crate) definitions: Vec<Definition>,
}

/// Files by their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, File>,
    /// Files and folders that cannot be read.
    pub(crate) unreadable: Vec<String>,
}

/// A definition in a snapshot, as the test computes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) kind: &'static str,
    pub(crate) file_path: String,
    pub(crate) name: String,
    pub(crate) ordinal: u32,
    pub(crate) code: String,
    pub(crate) intent: u32,
    pub(crate) start_line: u32,
}

impl Definition {
    fn lines(&self, depth: usize) -> Vec<String> {
        let indent = "    ".repeat(depth);
        match &self.methods {
            None => vec![format!("{indent}def {}():", self.name), format!("{indent}    return {}", self.body)],
            Some(methods) => {
                let mut lines = vec![format!("class {}:", self.name), format!("    number = {}", self.body)];
                lines.extend(methods.iter().flat_map(|method| method.lines(1)));
                lines
            }
        }
    }
}

impl Tree {
    fn is_readable(&self, path: &str) -> bool {
        !self.unreadable.iter().any(|held| path == held || path.starts_with(&format!("{held}/")))
    }

    /// The readable definitions, with names and ordinals.
    pub(crate) fn expected(&self) -> Vec<Expected> {
        let mut all = Vec::new();
        for (path, file) in self.files.iter().filter(|(path, _)| self.is_readable(path)) {
            let mut counts = BTreeMap::<(&str, String), u32>::new();
            let mut add = |kind, name: String, code: String, intent, start_line| {
                let ordinal = counts.entry((kind, name.clone())).or_default();
                *ordinal += 1;
                let (file_path, ordinal) = (path.clone(), *ordinal);
                all.push(Expected { kind, file_path, name, ordinal, code, intent, start_line });
            };
            let mut lines = vec![format!("# file {}", file.number)];
            lines.extend((0..file.empty_lines).map(|_| String::new()));
            let mut later = Vec::new();
            for definition in &file.definitions {
                let start = u32::try_from(lines.len()).unwrap() + 1;
                let own = definition.lines(0);
                let kind = if definition.methods.is_some() { "class" } else { "function" };
                later.push((kind, definition.name.clone(), own.join("\n"), definition.intent, start));
                for (place, method) in definition.methods.iter().flatten().enumerate() {
                    let name = format!("{}.{}", definition.name, method.name);
                    let start = start + 2 + 2 * u32::try_from(place).unwrap();
                    later.push(("method", name, method.lines(1).join("\n"), method.intent, start));
                }
                lines.extend(own);
            }
            add("file", String::new(), lines.join("\n"), 0, 1);
            for (kind, name, code, intent, start) in later {
                add(kind, name, code, intent, start);
            }
        }
        all
    }

    /// The snapshot of `project` and `part` after an analysis.
    pub(crate) fn snapshot(&self, project: &str, part: &str) -> RunSnapshot {
        let mut snapshot = mixed();
        snapshot.records = self.expected().iter().map(record).collect();
        let error = |path: &String| AnalyzerError {
            file_path: path.clone(),
            line: None,
            reason: "permission denied".to_owned(),
        };
        snapshot.errors = self.unreadable.iter().map(error).collect();
        snapshot.history = Some(HistoryContext {
            project: project.to_owned(),
            part: part.to_owned(),
            actor: Some("Ada".to_owned()),
            reasoning: None,
            changed_at: None,
        });
        snapshot
    }
}

fn record(expected: &Expected) -> Record {
    let kind: SymbolKind = expected.kind.parse().unwrap();
    let lines = u32::try_from(expected.code.lines().count()).unwrap();
    let normalized: String = expected.code.lines().flat_map(|line| [line.trim(), "\n"]).collect();
    Record {
        kind,
        file_path: expected.file_path.as_str().into(),
        signature: (kind != SymbolKind::File).then(|| SourceSlice::from(expected.code.lines().next().unwrap().trim())),
        start_line: expected.start_line,
        end_line: expected.start_line + lines - 1,
        raw_code: SourceSlice::from(expected.code.as_str()),
        md5sum: Md5Sum(md5::compute(&normalized).0),
        normalized_code: normalized.into(),
        intent: match expected.intent {
            0 => Intent::Skipped,
            number if is_not_asked(number) => Intent::NotAsked,
            number if number % 5 == 4 => Intent::Failed(format!("timed out {number}")),
            number => Intent::Success(format!("Returns {number}.")),
        },
        question: None,
    }
}

/// Whether a definition with this intent was not asked about.
pub(crate) const fn is_not_asked(intent: u32) -> bool {
    intent % 5 == 2
}
