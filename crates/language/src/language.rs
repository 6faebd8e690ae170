//! A programming language as data, and the one list of them.

use std::hash::{Hash, Hasher};

use cds_model::Indentation;

use crate::{
    csharp::CSHARP,
    generated::GeneratedMarks,
    go::GO,
    idioms::Idioms,
    java::JAVA,
    javascript::JAVASCRIPT,
    lexicon::{Layout, Lexicon},
    naming::Naming,
    nodes::NodeRole,
    notation::Notation,
    php::PHP,
    python::PYTHON,
    rust::RUST,
    statements::Statements,
    syntax::Syntax,
    test_marks::TestMarks,
    typescript::TYPESCRIPT,
};

/// Every language that is known. This is the only place that names them all.
pub static LANGUAGES: &[&Language] = &[&PYTHON, &JAVASCRIPT, &TYPESCRIPT, &GO, &RUST, &JAVA, &CSHARP, &PHP];

/// All that is known about one language.
#[derive(Debug)]
pub struct Language {
    /// Its name in machine output, in small letters.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// By what its files are known.
    pub files: Files,
    /// What its text is made of.
    pub lexicon: &'static Lexicon,
    /// How definitions and what stands around them begin.
    pub statements: Statements,
    /// How definitions are named.
    pub naming: Naming,
    /// Lines that say nothing about a program.
    pub idioms: Idioms,
    /// What counts as documentation beside comments.
    pub docs: Docs,
    /// Which of several ways to write the same stands for all.
    pub notation: Notation,
    /// By what tests are known.
    pub tests: TestMarks,
    /// By what generated files are known, beside what generators of all languages write.
    pub generated: GeneratedMarks,
    /// Calls that say little about a function, because nearly every function makes them.
    pub everyday_calls: &'static [&'static str],
    /// With what the names of other such calls begin.
    pub everyday_call_beginnings: &'static [&'static str],
    /// The kinds of nodes in its grammar that analysis needs, each with its role.
    pub nodes: &'static [(&'static str, NodeRole)],
    /// The same for nodes that are one mark of the text.
    pub mark_nodes: &'static [(&'static str, NodeRole)],
    /// What of its syntax trees is a definition, for languages without an analyzer of their own.
    pub syntax: Syntax,
    /// What lines begin with that may stand before the comments at the head of a file.
    pub head_lines: &'static [&'static str],
    /// What the head of a file of a dialect holds that the grammar does not read, with the name of the dialect.
    pub foreign_marks: &'static [(&'static str, &'static str)],
}

/// By what the files of a language are known.
#[derive(Debug, Clone, Copy)]
pub struct Files {
    /// Endings of names, without the point.
    pub endings: &'static [&'static str],
    /// Whole names.
    pub names: &'static [&'static str],
    /// Programs that a first line `#!` names.
    pub interpreters: &'static [&'static str],
}

/// What counts as documentation beside comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Docs {
    /// Nothing.
    Comments,
    /// A statement that is only a string literal.
    StringStatements,
}

impl Language {
    /// The language of a file, by its name; none if no language that is known has such files.
    pub fn of_path(path: &str) -> Option<&'static Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, ending)| ending);
        LANGUAGES.iter().copied().find(|language| {
            let files = &language.files;
            files.names.contains(&name) || ending.is_some_and(|ending| files.endings.contains(&ending))
        })
    }

    /// The language as which a record is read: that of its file, or the first of all. A snapshot of another program may
    /// have files of any name.
    pub fn of_record(path: &str) -> &'static Self {
        Self::of_path(path).unwrap_or(LANGUAGES[0])
    }

    /// The language of a script, by its first line; none if that names no interpreter of one.
    pub fn of_first_line(line: &str) -> Option<&'static Self> {
        let mut words = line.strip_prefix("#!")?.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
        let is_option = |word: &&str| word.starts_with('-') || word.contains('=');
        let program = match words.next()? {
            "env" => words.find(|word| !is_option(word))?,
            program => program,
        };
        let program = program.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        LANGUAGES.iter().copied().find(|language| language.files.interpreters.contains(&program))
    }
}

impl Language {
    /// Whether what looks like a call of this name is none, because the name is a word of the language.
    pub fn is_reserved(&self, name: &str) -> bool {
        self.lexicon.joins(name) || self.statements.soft_keywords.contains(&name)
    }

    /// Whether braces make blocks.
    pub const fn has_braces(&self) -> bool {
        matches!(self.lexicon.words.layout, Layout::Braces { .. })
    }

    /// What the white space at the beginning of a line means.
    pub const fn indentation(&self) -> Indentation {
        match self.lexicon.words.layout {
            Layout::Indentation => Indentation::Blocks,
            Layout::Braces { .. } => Indentation::Nothing,
        }
    }

    /// The name of the grammar for a file of this language.
    pub fn grammar_of(&self, path: &str) -> &'static str {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        let own = self.syntax.grammars.iter().find(|(known, _)| *known == ending);
        own.map_or(self.id, |(_, grammar)| grammar)
    }

    /// Whether a call of this name says little about a function.
    pub fn is_everyday_call(&self, name: &str) -> bool {
        self.everyday_calls.contains(&name)
            || self.everyday_call_beginnings.iter().any(|beginning| name.starts_with(beginning))
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Language {}

impl Hash for Language {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn id(language: Option<&'static Language>) -> Option<&'static str> {
        language.map(|language| language.id)
    }

    #[test]
    fn file_names_decide_the_language() {
        for (path, expected) in [
            ("a/b.py", Some("python")),
            ("b.py", Some("python")),
            ("b.pyc", None),
            ("py", None),
            (".py", None),
            ("a.py/b", None),
            ("", None),
        ] {
            assert_eq!(id(Language::of_path(path)), expected, "{path}");
        }
        assert_eq!(Language::of_record("a.rb"), LANGUAGES[0]);
    }

    #[test]
    fn first_lines_name_an_interpreter() {
        for (line, expected) in [
            ("#!/usr/bin/python3", Some("python")),
            ("#!/usr/bin/env -S PYTHONPATH=x python3.12 -u", Some("python")),
            ("#! /opt/pypy3", Some("python")),
            ("#!/bin/sh", None),
            ("#!", None),
            ("# python", None),
        ] {
            assert_eq!(id(Language::of_first_line(line)), expected, "{line}");
        }
    }

    #[test]
    fn no_two_languages_claim_one_file() {
        let ids: HashSet<&str> = LANGUAGES.iter().map(|language| language.id).collect();
        let endings = || LANGUAGES.iter().flat_map(|language| language.files.endings);
        assert_eq!(ids.len(), LANGUAGES.len());
        assert_eq!(endings().collect::<HashSet<_>>().len(), endings().count());
    }
}
