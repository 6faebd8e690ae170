//! Code outside of functions: the module level of a file, and the body of a class.
//!
//! Definitions inside are records of their own. Imports and plain constants are no lines of a run: each file has
//! those that it needs.

use cds_language::Language;
use cds_model::SymbolKind;

use crate::{
    matching::fragment::logical_lines,
    read::{
        shape,
        unit::{Line, Unit},
    },
};

/// The code of a file or a class with empty lines in place of its functions and classes, of its own header, of decorators and
/// imports, so that each line stays where it is; `None` if fewer than `least_lines` are left.
pub(crate) fn outside(language: &Language, code: &str, kind: SymbolKind, least_lines: u32) -> Option<String> {
    // Only indentation shows where a definition ends.
    if language.has_braces() {
        return None;
    }
    let statements = &language.statements;
    let mut blanked = String::new();
    let (mut end, mut lines) = (0, 0);
    // How far the header is indented of the definition that is left out.
    let mut definition: Option<usize> = None;
    let mut is_header = kind == SymbolKind::Class;
    for range in logical_lines(language, code) {
        let line = code.get(range.clone()).unwrap_or_default();
        let text = line.trim_start();
        let indentation = line.len() - text.len();
        let mut words = text.split([' ', '\t', '(', '\\']);
        let begins = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        definition = definition.filter(|&header| indentation > header);
        if definition.is_some() || text.starts_with(statements.decorator) {
            continue;
        }
        if statements.begins_definition(begins.0, begins.1) {
            definition = (!std::mem::take(&mut is_header)).then_some(indentation);
            continue;
        }
        if !statements.begins_import(begins.0, begins.1) {
            lines += text.lines().count();
            blanked.extend(line_breaks(code, end..range.start));
            blanked.push_str(line);
            end = range.end;
        }
    }
    if lines < least_lines as usize {
        return None;
    }
    blanked.extend(line_breaks(code, end..code.len()));
    Some(blanked)
}

fn line_breaks(code: &str, range: std::ops::Range<usize>) -> impl Iterator<Item = char> {
    code.as_bytes()[range].iter().filter(|&&byte| byte == b'\n').map(|_| '\n')
}

/// The comparable part of code outside of functions: its lines without plain constants.
pub(crate) fn unit(language: &Language, blanked: &str) -> Unit {
    let tokens = language.tokens(blanked);
    let classes = shape::classes(&tokens);
    let mut unit = Unit::of_lines(language, blanked, &tokens, &classes);
    let is_plain =
        |line: &Line| language.is_constant(&classes[line.token as usize..(line.token + line.tokens) as usize]);
    unit.lines.retain(|line| !is_plain(line));
    unit.token_count = unit.lines.iter().map(|line| line.tokens).sum();
    unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python() -> &'static Language {
        Language::of_record("a.py")
    }

    /// The first lines of what is compared.
    fn lines_of(code: &str, kind: SymbolKind) -> Vec<u32> {
        let Some(blanked) = outside(python(), code, kind, 1) else { return Vec::new() };
        assert_eq!(blanked.matches('\n').count(), code.matches('\n').count());
        unit(python(), &blanked).lines.iter().map(|line| line.first).collect()
    }

    #[test]
    fn functions_and_classes_are_left_out() {
        let code = "\
import sys
from a import (
    b,
)
@cached
def f(
    x,
):
    y = \"\"\"
z()
\"\"\"
    return go(y)
go(f(1))
if sys.argv:
    class A:
        x = go()
    async def g(): return 1
    go(2)
class B(A): x = go()
go(
    3)
";
        assert_eq!(lines_of(code, SymbolKind::File), [12, 13, 17, 19]);
    }

    #[test]
    fn a_class_is_its_body() {
        let body =
            "    x = go()\n    class Meta:\n        y = go()\n    def f(self):\n        return 1\n    z = go()\n";
        assert_eq!(lines_of(&format!("@kept\nclass A(\n    B):\n{body}"), SymbolKind::Class), [3, 8]);
    }

    #[test]
    fn plain_constants_are_no_lines() {
        for (line, is_plain) in [
            ("LIMIT = 10", true),
            ("NAMES: list[str] = ['a', -1, (b.C, None), {'d': True}]", true),
            ("size: int", true),
            ("pass", true),
            ("'text'", true),
            ("RATE = read('rate')", false),
            ("RATE = RATES['a']()", false),
            ("sizes = [row.size for row in rows]", false),
            ("a.b = 1", false),
            ("double = lambda x: 2 * x", false),
            ("if LIMIT:", false),
            ("x = y if z else 1", false),
        ] {
            assert_eq!(lines_of(&format!("{line}\n"), SymbolKind::File).is_empty(), is_plain, "{line}");
        }
    }

    #[test]
    fn too_little_is_nothing() {
        assert_eq!(outside(python(), "go(1)\ngo(2)\ndef f():\n    go(3)\n", SymbolKind::File, 3), None);
        assert!(outside(python(), "go(1)\ngo(\n2)\n", SymbolKind::File, 3).is_some());
        assert_eq!(outside(python(), "", SymbolKind::Class, 1), None);
    }
}
