//! Which of the files of a tree are wanted.

use std::path::Path;

use cds_language::Language;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The files that are read, of those that a language is known for; without anything, all of them.
#[derive(Debug, Clone, Default)]
pub struct FileSelection {
    languages: Vec<&'static Language>,
    include: Option<Gitignore>,
    exclude: Option<Gitignore>,
    /// What was asked for, as one text.
    description: String,
}

/// A pattern that is none.
#[derive(Debug, thiserror::Error)]
#[error("read the pattern {pattern:?}")]
pub struct PatternError {
    /// As it was given.
    pub pattern: String,
    /// What is wrong with it.
    pub source: ignore::Error,
}

impl FileSelection {
    /// Files of these languages whose paths match one of `include` and none of `exclude`; an empty list asks for nothing.
    /// The patterns have the syntax of ignore files.
    pub fn new(
        languages: Vec<&'static Language>,
        include: &[String],
        exclude: &[String],
    ) -> Result<Self, PatternError> {
        let ids: Vec<&str> = languages.iter().map(|language| language.id).collect();
        let is_empty = ids.is_empty() && include.is_empty() && exclude.is_empty();
        let description = if is_empty { String::new() } else { format!("{ids:?} {include:?} {exclude:?}") };
        Ok(Self { languages, include: patterns(include)?, exclude: patterns(exclude)?, description })
    }

    /// What was asked for; empty for everything.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether the file at this path below the root is wanted.
    pub(crate) fn wants(&self, language: &'static Language, path: &Path) -> bool {
        let matches = |patterns: &Gitignore| patterns.matched_path_or_any_parents(path, false).is_ignore();
        (self.languages.is_empty() || self.languages.contains(&language))
            && self.include.as_ref().is_none_or(matches)
            && !self.exclude.as_ref().is_some_and(matches)
    }
}

fn patterns(lines: &[String]) -> Result<Option<Gitignore>, PatternError> {
    if lines.is_empty() {
        return Ok(None);
    }
    // The root is empty: paths are given relative to it.
    let mut builder = GitignoreBuilder::new("");
    for pattern in lines {
        builder.add_line(None, pattern).map_err(|source| PatternError { pattern: pattern.clone(), source })?;
    }
    let all = || lines.join(" ");
    builder.build().map(Some).map_err(|source| PatternError { pattern: all(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(include: &[&str], exclude: &[&str], path: &str) -> bool {
        let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect::<Vec<_>>();
        let selection = FileSelection::new(Vec::new(), &owned(include), &owned(exclude)).unwrap();
        selection.wants(Language::of_record(path), Path::new(path))
    }

    #[test]
    fn patterns_select_paths() {
        for (include, exclude, path, expected) in [
            (&[][..], &[][..], "a.py", true),
            (&["src/"], &[], "src/a/b.py", true),
            (&["src/"], &[], "lib/a.py", false),
            (&["*.ts", "*.py"], &["vendor/"], "a/b.ts", true),
            (&["*.ts"], &["vendor/"], "vendor/b.ts", false),
            (&[], &["/build"], "a/build/b.py", true),
            (&[], &["/build"], "build/b.py", false),
            (&[], &["*.min.js", "!kept.min.js"], "kept.min.js", true),
        ] {
            assert_eq!(wants(include, exclude, path), expected, "{include:?} {exclude:?} {path}");
        }
    }

    #[test]
    fn languages_select_files() {
        let selection = FileSelection::new(vec![Language::of_record("a.go")], &[], &[]).unwrap();
        let wants = |path| selection.wants(Language::of_record(path), Path::new(path));
        assert_eq!([wants("a.go"), wants("a.py")], [true, false]);
        assert_eq!(selection.description(), "[\"go\"] [] []");
        assert_eq!(FileSelection::default().description(), "");
        assert!(FileSelection::new(Vec::new(), &["a{b".to_owned()], &[]).is_err());
    }
}
