//! Text that Python accepts but the grammar misreads or rejects.

use std::fmt::Write as _;

use proptest::{prelude::*, test_runner::RngSeed};

use crate::{fixture, outline, records_of, records_of_text, sound_records_of_text};

fn check(text: &str, expected: &[&str]) {
    assert_eq!(outline(&sound_records_of_text(text)), expected, "{text}");
}

#[test]
fn reported_files_yield_definitions() {
    let (records, errors) = records_of(&fixture("definitions"));
    assert_eq!(errors, []);
    let mut found = String::new();
    for record in records.iter().filter(|record| record.signature.is_some()) {
        writeln!(found, "{} {} {}-{}", record.file_path, record.kind, record.start_line, record.end_line).unwrap();
    }
    insta::assert_snapshot!(found, @r"
    backslash_line.py class 1-6
    backslash_line.py method 2-3
    backslash_line.py method 5-6
    bracket_left_of_block.py function 1-3
    coding_1252.py function 2-3
    coding_cp437.py function 2-3
    coding_cp850.py function 2-3
    coding_cp949.py function 2-3
    coding_eucjp.py function 2-3
    coding_shiftjis.py function 2-3
    lazy_import.py function 3-4
    star_in_return.py function 1-2
    star_in_return.py function 4-7
    tab_behind_blanks.py class 1-4
    tab_behind_blanks.py method 2-3
    type_defaults.py class 1-2
    type_defaults.py function 4-4
    ");
}

#[test]
fn backslash_lines_count_as_indentation() {
    // The first backslash that is not at the start of its line sets the indentation.
    check("class A:\n  \\\n\\\n      \\\n x = 1\n  def f(): pass\n", &["class 1-6", "method 6-6"]);
    check("class A:\n\\\n  def f(): pass\n", &["class 1-3", "method 3-3"]);
    check("def f():\n    return 1\n    \\\n\n\ndef g(): pass\n", &["function 1-2", "function 6-6"]);
    check("def f():\r\n    \\\r\n    return 1\r\n", &["function 1-3"]);
    check("def f():\r    \\\r    return 1\r", &["function 1-3"]);
    check("def f():\n    '''a\n\\\n    b'''\n    def g(): pass\n", &["function 1-5", "function 5-5"]);
    let lines = "    \\\n".repeat(50_000);
    check(&format!("def f():\n    x = 1 + \\\n{lines}2\n"), &["function 1-50003"]);
}

#[test]
fn tabs_advance_to_eighth_column() {
    check("if x:\n  \ty\n\tdef f():\n\t \tpass\n", &["function 3-4"]);
    check("class A:\n        x\n \t   \\\n  def f(): pass\n", &["class 1-4", "method 4-4"]);
    check("class A:\n\tx\n  \tdef f():\n\t    \tpass\n    \ty\n", &["class 1-5", "method 3-4"]);
    check("class A:\n\x0c\tx\n  \x0c  \tdef f(): pass\n", &["class 1-3", "method 3-3"]);
    let wide = " ".repeat(65_540);
    check(&format!("class A:\n{wide}x\n{wide}def f():\n{wide}    pass\n"), &["class 1-4", "method 3-4"]);
}

#[test]
fn brackets_may_continue_left_of_block() {
    for (inside, line_count) in [
        ("x = (1 +\n2)", 2),
        ("x[\ny\n] = z.f(\n*a,\n**b\n)", 6),
        ("x: Dict[\nstr] = {\n'a':\n1}", 4),
        ("from a import (\nb,\nc as\nd)", 4),
        ("x = [y\nfor\ny in\nz\nif y]", 5),
        ("x = lambda: (\n1)", 2),
        ("x = f'''{\na +\nb!r:>{\nc}} {\nd}'''", 5),
        ("x = (a\n# comment\nand not\nb)", 4),
        ("del (\na,\nb)", 3),
        ("x = (1 + \\\n2)", 2),
    ] {
        let text = format!("class A:\n    def f(self):\n        {inside}\n    def g(self): pass\n");
        let (end, last) = (2 + line_count, 3 + line_count);
        check(&text, &[&format!("class 1-{last}"), &format!("method 2-{end}"), &format!("method {last}-{last}")]);
    }
    for (header, line_count) in [
        ("@d(\n1)\n    def g(self,\na=(\n1), *b: (\nint)) -> List[\nint]", 7),
        ("class B(\nC, metaclass=\nD)", 3),
        ("match (\n1):\n        case (\nA() |\nB())", 5),
        ("with (\na as\nb)", 3),
        ("if (a ==\nb)", 2),
    ] {
        let text = format!("def f():\n    {header}: pass\ndef g(): pass\n");
        let records = sound_records_of_text(&text);
        let last = line_count + 2;
        assert_eq!((records[1].start_line, records[1].end_line), (1, last - 1), "{text}");
        assert_eq!(records.last().map(|record| record.start_line), Some(last), "{text}");
    }
}

#[test]
fn star_may_precede_any_expression() {
    for statement in [
        "return *[1], x",
        "return x, *f(y)",
        "x = *(y for y in z),",
        "x += *[1],",
        "for x in *[1], *y: pass",
        "*(a, b), c = d",
        "*a[0], b = c",
        "x[*[1]] = y[*z(), 1]",
        "yield *[1], *{2}",
        "match *[1], x:\n        case _: pass",
        "x = 2 * [1]",
        "x = f(*[1], **(y or {}))",
    ] {
        let text = format!("def f(x):\n    {statement}\n    def g(*, a): pass\n");
        let last = text.lines().count();
        check(&text, &[&format!("function 1-{last}"), &format!("function {last}-{last}")]);
    }
    check("def f(*args: *tuple[int]): pass\n", &["function 1-1"]);
    check("from __future__ import *\ndef f(): pass\n", &["function 2-2"]);
}

#[test]
fn newer_syntax_loses_no_definition() {
    check("class A[T: int = str, *Ts = *tuple[int], **P = [int]]:\n  x = 1\n", &["class 1-2"]);
    check("type A[T = int] = list[T]\nasync def f[T = (\nint)](x=1): pass\n", &["function 2-3"]);
    check("if x:\n    lazy from a import b\n    def f(): pass\nx; lazy import c\n", &["function 3-3"]);
    check("x = [*y for y in z], {**y for y in z}, (*y for y in z)\ndef f(): pass\n", &["function 2-2"]);
    check(
        "try: x\nexcept A, B,:\n  def f(): pass\nexcept* C, D:\n  def g(): pass\n",
        &["function 3-3", "function 5-5"],
    );
    check("x = f\"{f\"{a['b']}\"}\"\ndef f(): return t'{\nx # c\n}'\n", &["function 2-4"]);
}

#[test]
fn format_specs_may_be_any_text() {
    for field in [
        "{x:=^10}",
        "{x:=10}",
        "{x!r:{'>'}{10}}",
        "{x:{y:{z}}}",
        "{x:%H:%M#}",
        "{{}}",
        "\\N{DASH}{x}",
        "{x = }",
        "{x!=y}",
    ] {
        let text = format!("def f():\n    x = (f\"{field}\" +\n1)\n    y = f'''{{x:\n}}{field}'''\ndef g(): pass\n");
        check(&text, &["function 1-5", "function 6-6"]);
    }
    check(
        "def f():\n    return b'\\N{x}' b'\\u' b'\\U' r\"\"\"\\\"x\"\"\" ''\ndef g(): pass\n",
        &["function 1-2", "function 3-3"],
    );
    check("def f():\n    return rf\"\\{x}\\{{\", (f'{{{x}}}' +\nf\"{f'{x}'!r:}\")\n", &["function 1-3"]);
}

#[test]
fn signature_and_code_equal_source() {
    let text = "class A:\n    def f(self, a=[\n1,  # one\n]):  # two\n        'doc'\n        \\\n        return f(\n\n'''x\n# y''')\n";
    let records = sound_records_of_text(text);
    assert_eq!(records[2].signature.as_deref(), Some("def f(self, a=[\n1,  # one\n]):"));
    assert_eq!(&*records[2].raw_code, text.trim_end().split_once('\n').unwrap().1);
    assert_eq!(
        &*records[1].normalized_code,
        "class A:\n    def f(self, a=[\n1,\n]):\n        \\\n        return f(\n'''x\n# y''')"
    );
}

#[test]
fn broken_source_stays_broken() {
    for text in ["x = (1 +\n", "x = (1]\n", "x = 'a\n", "def f(:\n", "x = *\n", "x = [\n1 2]\n", "f'{'\n", "lazy x\n"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("text.py"), text).unwrap();
        assert_eq!(records_of(folder.path()).1.len(), 1, "{text}");
    }
}

/// A place inside brackets where a line may break.
const BREAK: char = '¦';

const STATEMENTS: &[&str] = &[
    "x = (¦1¦ +¦ 2,¦ *y¦,¦)",
    "f(¦a,¦ *b,¦ k=¦c,¦ **d¦)(¦)[¦0¦:¦1¦]",
    "return [¦i¦ for¦ i in¦ (¦a,¦ b¦)¦ if¦ not¦ i¦]",
    "y = {¦'a'¦:¦ lambda¦ x¦: 1,¦ **z¦}, *w",
    "z = f'''{¦x¦ +¦ (¦1¦)¦!r:>{¦y¦}}''' 'b'",
    "from a import (¦b¦,¦ c¦ as¦ d¦)",
    "x: D[¦s,¦ [¦i¦]¦] = (¦a¦ if¦ b¦ else¦ c¦)",
    "assert (¦x¦ ==¦ (¦y¦)¦ is not¦ z¦), 'm'",
];
const HEADERS: &[&str] = &[
    "if (¦x¦ and¦ y¦):",
    "while (¦x¦ :=¦ y¦):",
    "for (¦a,¦ b¦) in [¦c¦,¦]:",
    "with (¦p¦ as¦ q¦):",
    "class K(¦A,¦ metaclass=¦B¦):",
    "@d(¦1¦)\ndef g(¦a¦,¦ b=(¦1¦),¦ *c¦: (¦int¦),¦ **k¦) -> (¦int¦):",
    "async def h(¦):",
];

#[derive(Debug, Clone)]
enum Statement {
    Simple(&'static str),
    Block(&'static str, Vec<Statement>),
}

fn statements() -> impl Strategy<Value = Vec<Statement>> {
    let statement = prop::sample::select(STATEMENTS).prop_map(Statement::Simple).prop_recursive(4, 20, 4, |inner| {
        (prop::sample::select(HEADERS), prop::collection::vec(inner, 1..4))
            .prop_map(|(header, body)| Statement::Block(header, body))
    });
    prop::collection::vec(statement, 1..5)
}

/// Writes statements with random line breaks and records where the definitions are.
struct Writer {
    text: String,
    choices: Vec<u8>,
    next: usize,
    found: Vec<(usize, usize, &'static str)>,
}

impl Writer {
    fn line(&self) -> usize {
        self.text.matches('\n').count() + 1
    }

    fn code(&mut self, code: &str, indentation: &str) {
        let is_formatted = code.contains("f'''");
        for (number, line) in code.split('\n').enumerate() {
            if number > 0 {
                self.text.push('\n');
            }
            self.text.push_str(indentation);
            for character in line.chars() {
                match character {
                    BREAK => self.line_break(is_formatted),
                    _ => self.text.push(character),
                }
            }
        }
    }

    fn line_break(&mut self, is_formatted: bool) {
        let choice = self.choices[self.next % self.choices.len()];
        self.next += 1;
        match choice % 8 {
            0 | 1 => self.text.push('\n'),
            2 => self.text.push_str(" \\\n"),
            3 if !is_formatted => self.text.push_str("  # '''(\n\n  # ]\n"),
            4 => self.text.push_str("\n \t "),
            5 => self.text.push_str("\n            "),
            _ => {}
        }
    }

    fn statements(&mut self, statements: &[Statement], level: usize, is_in_class: bool) {
        let indentation = ["", "    ", "    \t", "\t  ", "\t    \t", "\t\t "][level];
        for statement in statements {
            match statement {
                Statement::Simple(code) => self.code(code, indentation),
                Statement::Block(header, body) => {
                    let decorators = header.rfind('\n').map_or("", |end| &header[..=end]);
                    let header = &header[decorators.len()..];
                    if !decorators.is_empty() {
                        self.code(decorators.trim_end(), indentation);
                        self.text.push('\n');
                    }
                    let kind = match header.split([' ', '(']).next() {
                        Some("class") => "class",
                        Some("def" | "async") if is_in_class => "method",
                        Some("def" | "async") => "function",
                        _ => "",
                    };
                    let start = self.line();
                    self.code(header, indentation);
                    self.text.push('\n');
                    let of_class = if kind.is_empty() { is_in_class } else { kind == "class" };
                    self.statements(body, level + 1, of_class);
                    if !kind.is_empty() {
                        self.found.push((start, self.line() - 1, kind));
                    }
                    continue;
                }
            }
            self.text.push('\n');
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(18), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn line_breaks_in_brackets_change_nothing(
        statements in statements(),
        choices in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut writer = Writer { text: String::new(), choices, next: 0, found: Vec::new() };
        writer.statements(&statements, 0, false);
        writer.found.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
        let expected: Vec<String> = writer.found.iter().map(|(start, end, kind)| format!("{kind} {start}-{end}")).collect();
        prop_assert_eq!(outline(&sound_records_of_text(&writer.text)), expected, "{}", writer.text);
    }

    #[test]
    fn random_layout_never_crashes(pieces in prop::collection::vec(prop::sample::select(vec![
        "def f(", "):", "\n", "\r\n", "    ", "\t", "\x0c", "'''", "f'", "t\"\"\"", "{", "}", "{{", ":", "!r", "\\N{", "#", "\\\n", "*", "**", "lazy import",
        "except A,", "class A[T", "=", "(", "]", "x", "0x", "1e-", "match ", "for ", "é",
    ]), 0..60)) {
        for record in records_of_text(pieces.concat()) {
            prop_assert!(record.start_line <= record.end_line);
        }
    }
}
