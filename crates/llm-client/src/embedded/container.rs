//! The sentences about a class and about a file: their outermost members.

use cds_language::Language;

use super::{
    braces,
    clauses::Clauses,
    names::Names,
    tokens::{Kind, Piece, Pieces},
    value::leading_chain,
};

pub(super) const FILE: &str = "This file";
pub(super) const CLASS: &str = "Class";

/// The members at the outermost level of a class body or a file.
pub(super) struct Members<'a> {
    pub(super) functions: Names<'a, 5>,
    /// Names with a leading underscore; mentioned only if there is nothing else.
    pub(super) private_functions: Names<'a, 3>,
    pub(super) classes: Names<'a, 4>,
    pub(super) variables: Names<'a, 4>,
    pub(super) imports: Names<'a, 4>,
}

/// The sentence about a class; `None` if the code has no token.
pub(super) fn describe_class(language: &'static Language, code: &str) -> Option<String> {
    let (name, bases, members) = if language.has_braces() {
        braces::container::read_class(language, code)?
    } else {
        read_class(language, code)?
    };
    let mut clauses = Clauses::about(CLASS, name);
    clauses.push_names(9, "is a kind of", &bases);
    clauses.push_names(5, "holds", &members.variables);
    clauses.push_names(4, plural(&members.classes, "contains the class", "contains the classes"), &members.classes);
    clauses.push_names(8, "offers", &members.functions);
    if members.functions.is_empty() {
        clauses.push_names(7, "implements", &members.private_functions);
    }
    if members.has_nothing() {
        clauses.push(8, "adds nothing of its own");
    }
    Some(clauses.into_sentence())
}

/// The sentence about a file; `None` if the code has no token.
pub(super) fn describe_file(language: &'static Language, code: &str) -> Option<String> {
    let members = if language.has_braces() {
        braces::container::read_file(language, code)?
    } else {
        Pieces::new(language, code).next()?;
        Members::read(Pieces::new(language, code), Some(0))
    };
    let mut clauses = Clauses::new(FILE.to_owned());
    clauses.push_names(9, plural(&members.classes, "defines the class", "defines the classes"), &members.classes);
    clauses.push_names(
        8,
        plural(&members.functions, "defines the function", "defines the functions"),
        &members.functions,
    );
    if members.functions.is_empty() {
        clauses.push_names(7, "defines", &members.private_functions);
    }
    clauses.push_names(6, "sets", &members.variables);
    clauses.push_names(5, "imports", &members.imports);
    if clauses.is_empty() {
        clauses.push(1, "runs statements without defining anything");
    }
    Some(clauses.into_sentence())
}

fn read_class<'a>(language: &'static Language, code: &'a str) -> Option<(&'a str, Names<'a, 3>, Members<'a>)> {
    let mut lexer = Pieces::new(language, code);
    lexer.next()?;
    let keyword = lexer.next()?;
    let is_class = language.statements.classes.contains(&lexer.text(keyword));
    let name = if is_class { next_name(&mut lexer) } else { None };
    let bases = read_bases(&mut lexer);
    Some((name.unwrap_or_default(), bases, Members::read(lexer, None)))
}

fn plural<const N: usize>(names: &Names<'_, N>, one: &'static str, many: &'static str) -> &'static str {
    if names.as_slice().len() == 1 { one } else { many }
}

/// Reads from after a class's name through the colon of its header; keeps the bases, not the keyword arguments.
fn read_bases<'a>(lexer: &mut Pieces<'a>) -> Names<'a, 3> {
    let mut bases = Names::new();
    let mut argument_start = None;
    let mut is_in_list = false;
    while let Some(token) = lexer.next() {
        let depth = lexer.depth();
        match token.kind {
            Kind::Operator(b':') if depth == 0 => break,
            Kind::Operator(b'(') if depth == 1 => (is_in_list, argument_start) = (true, Some(token.end)),
            Kind::Operator(b',') if depth == 1 && is_in_list => {
                push_base(&mut bases, lexer, argument_start.replace(token.end), token);
            }
            Kind::Operator(b')') if depth == 0 => push_base(&mut bases, lexer, argument_start.take(), token),
            _ => {}
        }
    }
    bases
}

fn push_base<'a>(bases: &mut Names<'a, 3>, lexer: &Pieces<'a>, start: Option<usize>, end: Piece) {
    let argument = start.map_or("", |start| lexer.slice(start, end.start).trim());
    let base = leading_chain(argument);
    if !argument[base.len()..].trim_start().starts_with('=') {
        bases.push(base);
    }
}

/// The next token, if it is a name.
fn next_name<'a>(lexer: &mut Pieces<'a>) -> Option<&'a str> {
    lexer.next().filter(|token| token.kind == Kind::Name).map(|token| lexer.text(token))
}

impl<'a> Members<'a> {
    pub(super) fn none() -> Self {
        Self {
            functions: Names::new(),
            private_functions: Names::new(),
            classes: Names::new(),
            variables: Names::new(),
            imports: Names::new(),
        }
    }

    /// Reads the remaining tokens. The first line sets the outermost level if `level` is not given.
    fn read(mut lexer: Pieces<'a>, level: Option<u32>) -> Self {
        let mut members = Self::none();
        let mut level = level;
        while let Some(token) = lexer.next() {
            if let Kind::Line(columns) = token.kind {
                let outermost = *level.get_or_insert(columns);
                if columns == outermost {
                    members.read_statement(&mut lexer);
                }
                lexer.skip_deeper_lines(outermost);
            }
        }
        members
    }

    fn has_nothing(&self) -> bool {
        self.functions.is_empty()
            && self.private_functions.is_empty()
            && self.classes.is_empty()
            && self.variables.is_empty()
    }

    /// Reads the first tokens of a statement.
    fn read_statement(&mut self, lexer: &mut Pieces<'a>) -> Option<()> {
        let first = lexer.next()?;
        let (language, name) = (lexer.language, lexer.text(first));
        let statements = &language.statements;
        if statements.function_modifiers.contains(&name) {
            lexer.next()?;
            return self.read_function(lexer);
        }
        if statements.functions.contains(&name) {
            return self.read_function(lexer);
        }
        if statements.classes.contains(&name) {
            self.classes.push(next_name(lexer)?);
            return Some(());
        }
        // The next token may begin the next line, so it is only peeked at.
        let rest = lexer.rest().trim_start_matches(' ');
        if statements.imports.contains(&name) {
            let module = leading_chain(rest);
            // A relative import begins with a dot.
            if !module.starts_with('.') {
                self.imports.push(module);
            }
            return Some(());
        }
        let is_assigned = rest.starts_with(':') || rest.starts_with('=') && !rest.starts_with("==");
        if is_assigned && first.kind == Kind::Name && !language.lexicon.joins(name) {
            self.variables.push(name);
        }
        Some(())
    }

    fn read_function(&mut self, lexer: &mut Pieces<'a>) -> Option<()> {
        let name = next_name(lexer)?;
        if lexer.language.naming.is_private(name) {
            self.private_functions.push(name);
        } else {
            self.functions.push(name);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python() -> &'static Language {
        Language::of_record("a.py")
    }

    #[test]
    fn class_is_described_by_members() {
        for (code, expected) in [
            ("class A:\n    pass", "Class `A` adds nothing of its own."),
            ("class", "Class without a name adds nothing of its own."),
            ("class A(): ...", "Class `A` adds nothing of its own."),
            ("class E(ValueError): pass", "Class `E` is a kind of ValueError and adds nothing of its own."),
            (
                "class Point[T](Base, Generic[T], metaclass=Meta):\n    x: int\n    y = 0\n    def move(self, by):\n        \
                 z = 1\n\n    async def draw(self): pass\n    def _hide(self): pass",
                "Class `Point` is a kind of Base and Generic, holds x and y, and offers move and draw.",
            ),
            ("class A:\n    def __init__(self):\n        pass", "Class `A` implements __init__."),
            ("class A:\n    ...\n    class B: pass", "Class `A` contains the class B."),
            (
                "class A:\n  def a(s): pass\n  def b(s): pass\n  def c(s): pass\n  def d(s): pass\n  def e(s): pass\n  def f(s): 0",
                "Class `A` offers a, b, c, d, e and more.",
            ),
        ] {
            assert_eq!(describe_class(python(), code).as_deref(), Some(expected), "{code}");
        }
    }

    #[test]
    fn file_is_described_by_definitions() {
        for (code, expected) in [
            ("import os\nfrom a.b import c\nfrom . import d\nX = 1", "This file sets X, and imports os and a.b."),
            (
                "class A:\n    def f(self):\n        pass\n\ndef g():\n    h = 1\nasync def i():\n    pass",
                "This file defines the class A, and defines the functions g and i.",
            ),
            ("print(1)\nx == 2", "This file runs statements without defining anything."),
        ] {
            assert_eq!(describe_file(python(), code).as_deref(), Some(expected), "{code}");
        }
    }

    #[test]
    fn empty_code_has_no_sentence() {
        assert_eq!((describe_file(python(), " \n"), describe_class(python(), "")), (None, None));
    }
}
