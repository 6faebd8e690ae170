//! The names of definitions, derived from the rows of a snapshot.
//!
//! A snapshot stores signatures and lines, but no names. The nesting of the line ranges and the name in each signature
//! give the qualified name in the style of Python's `__qualname__`: `Outer.method`, `outer.<locals>.inner`. Names serve
//! to compare snapshots and to show definitions.

use std::{borrow::Cow, cmp::Reverse, collections::HashMap, fmt};

use crate::SymbolKind;

/// The name of a definition whose signature has none.
pub const UNNAMED: &str = "<unnamed>";

/// Reads the name of a definition from the path of its file and its signature. The syntax depends on the language, so the
/// caller passes the function in. A name may say what it belongs to, where no definition around it does: `Server.Close`.
pub type NameOf = for<'a> fn(file_path: &str, signature: &'a str) -> Cow<'a, str>;
/// The longest outer name, in bytes, that an inner name includes; a longer one becomes `…`. It keeps names short at any
/// depth of nesting; ordinals keep them distinct.
const LONGEST_OUTER: usize = 500;

/// The parts of a snapshot row that decide its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitRow<'a> {
    /// Its kind.
    pub kind: SymbolKind,
    /// Relative to the root; names are unique within a file.
    pub file_path: &'a str,
    /// The declaration; `None` for files.
    pub signature: Option<&'a str>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, 1-based and inclusive.
    pub end_line: u32,
}

impl<'a> UnitRow<'a> {
    /// A stored row. Its kind may come from another program: only classes and files get special treatment.
    pub fn stored(kind: &str, file_path: &'a str, signature: Option<&'a str>, lines: (u32, u32)) -> Self {
        let kind = kind.parse().unwrap_or(SymbolKind::Function);
        Self { kind, file_path, signature, start_line: lines.0, end_line: lines.1 }
    }
}

/// The name of a definition within its file; with the file and the kind it is unique in a snapshot.
///
/// It is shown as `Outer.method`, or `Outer.method#2` for the second of the same name and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitName {
    /// The name including those of the enclosing definitions; empty for files.
    pub qualified: String,
    /// 1 for the first definition of this name and kind in its file, 2 for the second, …
    pub ordinal: u32,
}

impl fmt::Display for UnitName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ordinal {
            1 => formatter.pad(&self.qualified),
            ordinal => formatter.pad(&format!("{}#{ordinal}", self.qualified)),
        }
    }
}

/// A definition that may enclose the next one.
struct Enclosing {
    name: String,
    is_class: bool,
    end_line: u32,
}

/// Names each of `rows`, in their order; the rows of a file may come in any order.
///
/// A definition belongs to the innermost class or function whose lines include all of its own. A definition without a
/// readable name is called `<unnamed>`.
pub fn unit_names(rows: &[UnitRow<'_>], name_of: NameOf) -> Vec<UnitName> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&index| {
        let row = &rows[index];
        // A file comes before its definitions, whatever its lines are.
        (row.file_path, row.kind != SymbolKind::File, row.start_line, Reverse(row.end_line))
    });
    let mut names = vec![UnitName { qualified: String::new(), ordinal: 1 }; rows.len()];
    let mut counts: HashMap<(SymbolKind, String), u32> = HashMap::new();
    let mut around: Vec<Enclosing> = Vec::new();
    let mut file_path = None;
    for index in order {
        let row = &rows[index];
        if file_path.replace(row.file_path) != Some(row.file_path) {
            counts.clear();
            around.clear();
        }
        let mut qualified = String::new();
        if row.kind != SymbolKind::File {
            let holds = |outer: &Enclosing| row.start_line <= outer.end_line && row.end_line <= outer.end_line;
            while around.last().is_some_and(|outer| !holds(outer)) {
                around.pop();
            }
            qualified = qualify(around.last(), &name_of(row.file_path, row.signature.unwrap_or_default()));
            let is_class = row.kind == SymbolKind::Class;
            around.push(Enclosing { name: qualified.clone(), is_class, end_line: row.end_line });
        }
        let ordinal = counts.entry((row.kind, qualified.clone())).or_default();
        *ordinal = ordinal.saturating_add(1);
        names[index] = UnitName { qualified, ordinal: *ordinal };
    }
    names
}

fn qualify(outer: Option<&Enclosing>, name: &str) -> String {
    let Some(outer) = outer else { return name.to_owned() };
    let outer_name = if outer.name.len() > LONGEST_OUTER { "…" } else { &outer.name };
    let joint = if outer.is_class { "." } else { ".<locals>." };
    format!("{outer_name}{joint}{name}")
}

/// The last word of a signature before its first bracket: the name in most languages.
pub fn word_before_bracket<'a>(_file_path: &str, signature: &'a str) -> Cow<'a, str> {
    Cow::Borrowed(last_word(signature))
}

/// The same without a path.
pub fn last_word(signature: &str) -> &str {
    let head = &signature[..signature.find(['(', '[', '{', ':', '<']).unwrap_or(signature.len())];
    let is_word = |word: &&str| word.starts_with(|character: char| character.is_alphabetic() || character == '_');
    head.split(ends_word).rfind(|word| !word.is_empty()).filter(is_word).unwrap_or(UNNAMED)
}

/// Whether the character ends a name; each language decides about all other characters.
fn ends_word(character: char) -> bool {
    character.is_whitespace() || (character.is_ascii_punctuation() && character != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    use SymbolKind::{Class, File, Function, Method};

    fn names(rows: &[(SymbolKind, u32, u32, &str)]) -> Vec<String> {
        let row = |&(kind, start_line, end_line, signature)| UnitRow {
            kind,
            file_path: "a.py",
            signature: (kind != File).then_some(signature),
            start_line,
            end_line,
        };
        unit_names(&rows.iter().map(row).collect::<Vec<_>>(), word_before_bracket)
            .iter()
            .map(UnitName::to_string)
            .collect()
    }

    #[test]
    fn name_includes_enclosing_definitions() {
        let cases = [
            (File, 1, 30, "", ""),
            (Class, 1, 10, "class Outer:", "Outer"),
            (Method, 2, 5, "def method(self):", "Outer.method"),
            (Function, 3, 4, "def inner():", "Outer.method.<locals>.inner"),
            (Class, 6, 9, "class Inner(Base):", "Outer.Inner"),
            (Method, 7, 9, "async def method(self):", "Outer.Inner.method"),
            (Function, 12, 20, "async def outer():", "outer"),
            (Class, 13, 16, "class Local:", "outer.<locals>.Local"),
            (Method, 14, 16, "def run(self):", "outer.<locals>.Local.run"),
            (Function, 17, 20, "def inner():", "outer.<locals>.inner"),
            (Function, 22, 22, "def one_line():", "one_line"),
            (Function, 23, 24, "def last():", "last"),
        ];
        let rows = cases.map(|(kind, start, end, signature, _)| (kind, start, end, signature));
        assert_eq!(names(&rows), cases.map(|case| case.4));
        // The order of the rows must not matter.
        let mut reversed = rows;
        reversed.reverse();
        let mut found = names(&reversed);
        found.reverse();
        assert_eq!(found, cases.map(|case| case.4));
    }

    #[test]
    fn ordinal_separates_equal_names() {
        let found = names(&[
            (Class, 1, 20, "class A:"),
            (Method, 2, 3, "def x(self):"),
            (Method, 5, 6, "def x(self, value):"),
            (Class, 8, 9, "class x:"),
            (Method, 11, 12, "def x(self, other):"),
            // Both branches of a condition define it.
            (Function, 22, 23, "def f():"),
            (Function, 25, 28, "def f():"),
            (Function, 26, 27, "def g():"),
            (Class, 30, 35, "class A:"),
            (Method, 31, 35, "def x(self):"),
        ]);
        let expected = ["A", "A.x", "A.x#2", "A.x", "A.x#3", "f", "f#2", "f.<locals>.g", "A#2", "A.x#4"];
        assert_eq!(found, expected);
    }

    #[test]
    fn ordinals_restart_in_each_file() {
        let row = |file_path, kind, start_line, end_line| UnitRow {
            kind,
            file_path,
            signature: (kind != File).then_some("def f():"),
            start_line,
            end_line,
        };
        let rows = [
            row("a.py", File, 1, 9),
            row("a.py", Function, 1, 9),
            row("b.py", File, 1, 9),
            row("b.py", Function, 2, 3),
            row("a.py", Function, 4, 5),
        ];
        let found: Vec<String> = unit_names(&rows, word_before_bracket).iter().map(UnitName::to_string).collect();
        assert_eq!(found, ["", "f", "", "f", "f.<locals>.f"]);
    }

    #[test]
    fn most_signatures_have_a_name() {
        for (signature, expected) in [
            ("def f(a, b) -> int:", "f"),
            ("class Generic[T]:", "Generic"),
            ("class Plain:", "Plain"),
            ("async  def\tspaced (\n    a,\n):", "spaced"),
            ("def nai\u{308}ve():", "nai\u{308}ve"),
            ("pub fn parse(text: &str) -> u32 {", "parse"),
            ("function make() {", "make"),
            ("", UNNAMED),
            (":", UNNAMED),
            ("123(", UNNAMED),
        ] {
            assert_eq!(names(&[(Function, 1, 2, signature)]), [expected], "{signature:?}");
        }
    }

    #[test]
    fn deep_nesting_keeps_names_short() {
        let rows: Vec<_> = (1..=5000).map(|line| (Function, line, 5000, "def nested():")).collect();
        let found = names(&rows);
        assert!(found.iter().all(|name| name.len() < 600));
        assert_eq!(found.iter().collect::<std::collections::HashSet<_>>().len(), found.len());
    }

    #[test]
    fn overlapping_ranges_do_not_nest() {
        let found = names(&[
            (Class, 1, 5, "class A:"),
            (Function, 4, 8, "def over_the_end():"),
            (Function, 5, 5, "def inside_of_it():"),
            (Function, 9, 3, "def backwards():"),
        ]);
        assert_eq!(found, ["A", "over_the_end", "over_the_end.<locals>.inside_of_it", "backwards"]);
        assert_eq!(unit_names(&[], word_before_bracket), []);
    }
}
