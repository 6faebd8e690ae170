//! Properties of normalization over generated functions.

use std::fmt::Write as _;

use cds_model::Record;
use proptest::{prelude::*, test_runner::RngSeed};

use crate::records_of_text;

/// A statement; blocks can nest.
#[derive(Debug, Clone)]
enum Statement {
    Simple(String),
    Block(&'static str, Vec<Statement>),
}

/// A line break outside of strings. The next line gets the indentation of its statement.
const JOIN: char = '\u{1}';

/// String literals of every form, with contents that look like something else.
fn literal() -> impl Strategy<Value = String> {
    let inside = "[a-z# {}()]{0,8}";
    prop_oneof![
        inside.prop_map(|text| format!("'{text}'")),
        inside.prop_map(|text| format!("rb\"{text}\"")),
        (inside, inside).prop_map(|(a, b)| format!("'''{a}\n# {b}\n\n   def no(): \n\t{b}'''")),
        (inside, inside).prop_map(|(a, b)| format!("'{a}' \"{b}\"")),
        inside.prop_map(|text| format!("f'{{x}}{}'", text.replace(['{', '}'], ""))),
    ]
}

fn simple() -> impl Strategy<Value = Statement> {
    let text = prop_oneof![
        "[a-c] = v[a-z]{1,4} \\+ [0-9]{1,3}",
        literal().prop_map(|literal| format!("y = {literal}")),
        literal().prop_map(|literal| format!("call({literal}, [{JOIN}1,{JOIN}   2])")),
        literal().prop_map(|literal| format!("return {literal}")),
        Just(format!("z = 1 + \\{JOIN}  2")),
        Just("a = 1; b = 2".to_owned()),
    ];
    text.prop_map(Statement::Simple)
}

fn body() -> impl Strategy<Value = Vec<Statement>> {
    let statement = simple().prop_recursive(3, 12, 4, |inner| {
        let header = prop_oneof![
            Just("if x:"),
            Just("while y:"),
            Just("for i in z:"),
            Just("with q as r:"),
            Just("class K:"),
            Just("def g(v):")
        ];
        (header, prop::collection::vec(inner, 1..4)).prop_map(|(header, body)| Statement::Block(header, body))
    });
    prop::collection::vec(statement, 1..5)
}

/// Additions to a function that do not change its meaning.
#[derive(Debug, Clone, Copy)]
struct Additions {
    /// Each bit decides what is added at one position.
    choices: u64,
    indentation: usize,
    line_break: &'static str,
}

const NOTHING: Additions = Additions { choices: 0, indentation: 0, line_break: "\n" };

struct Writer {
    text: String,
    choices: u64,
    line_break: &'static str,
}

impl Writer {
    fn choose(&mut self) -> bool {
        let chosen = self.choices & 1 == 1;
        self.choices = self.choices.rotate_right(1);
        chosen
    }

    fn line(&mut self, level: usize, code: &str) {
        if self.choose() {
            write!(self.text, "{}# comment '''{}", " ".repeat(self.choices.count_ones() as usize % 9), self.line_break)
                .unwrap();
        }
        if self.choose() {
            write!(self.text, "  \t{}", self.line_break).unwrap();
        }
        let indentation = "    ".repeat(level);
        let code = code.replace(JOIN, &format!("{}{indentation}", self.line_break));
        write!(self.text, "{indentation}{code}").unwrap();
        if self.choose() {
            self.text.push_str("  # trailing \"");
        }
        self.text.push_str(self.line_break);
    }

    fn statements(&mut self, level: usize, statements: &[Statement]) {
        if self.choose() {
            self.line(level, "'''A docstring\n# that spans\n\n  lines.'''");
        }
        for statement in statements {
            match statement {
                Statement::Block(header, body) if header.starts_with("def ") => {
                    self.line(level, "@decorator");
                    self.line(level, header);
                    self.statements(level + 1, body);
                }
                Statement::Simple(code) => self.line(level, code),
                Statement::Block(header, body) => {
                    self.line(level, header);
                    self.statements(level + 1, body);
                }
            }
        }
    }
}

fn render(body: &[Statement], additions: Additions) -> String {
    let Additions { choices, indentation, line_break } = additions;
    let mut writer = Writer { text: String::new(), choices, line_break };
    for level in 0..indentation {
        writer.line(level, "if outer:");
    }
    writer.line(indentation, "@decorated(by='it')");
    writer.text.push_str(&"    ".repeat(indentation));
    writer.text.push_str("def function(x, y=1):");
    writer.text.push_str(line_break);
    writer.statements(indentation + 1, body);
    writer.text
}

fn function_of(text: &str) -> Record {
    let mut records = records_of_text(text);
    let position = records.iter().position(|record| record.signature.as_deref() == Some("def function(x, y=1):"));
    records.swap_remove(position.expect("the function is found"))
}

fn additions() -> impl Strategy<Value = Additions> {
    (any::<u64>(), 0..3usize).prop_map(|(choices, indentation)| Additions { choices, indentation, line_break: "\n" })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: RngSeed::Fixed(20), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn normalization_is_idempotent(body in body(), additions in additions()) {
        for record in records_of_text(render(&body, additions)) {
            let once = &*record.normalized_code;
            prop_assert_eq!(&*records_of_text(once)[0].normalized_code, once);
        }
    }

    #[test]
    fn comments_and_layout_keep_hash(body in body(), additions in additions()) {
        let (plain, added) = (render(&body, NOTHING), render(&body, additions));
        prop_assert_eq!(function_of(&plain).md5sum, function_of(&added).md5sum, "{}\n----\n{}", plain, added);
    }

    #[test]
    fn any_token_change_alters_hash(body in body(), place in any::<prop::sample::Index>()) {
        let plain = render(&body, NOTHING);
        let header = plain.find(":\n").expect("a header");
        let letters: Vec<usize> =
            plain.bytes().enumerate().skip(header).filter(|(_, byte)| byte.is_ascii_alphanumeric()).map(|(at, _)| at).collect();
        prop_assume!(!letters.is_empty());
        let at = letters[place.index(letters.len())];
        let mut changed = plain.clone().into_bytes();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        let changed = String::from_utf8(changed).unwrap();
        // The change can destroy a keyword and break the function; then there is nothing to compare.
        let changed_sums: Vec<_> = records_of_text(&changed).iter().skip(1).map(|record| record.md5sum).collect();
        prop_assert!(!changed_sums.contains(&function_of(&plain).md5sum), "{}", changed);
    }

    #[test]
    fn strings_survive_byte_for_byte(literal in literal(), additions in additions()) {
        let body = [Statement::Block("if x:", vec![Statement::Simple(format!("y = {literal}"))])];
        let record = function_of(&render(&body, additions));
        prop_assert!(record.normalized_code.contains(&format!("y = {literal}")), "{}", record.normalized_code);
    }

    #[test]
    fn line_endings_keep_hash(body in body(), choices in any::<u64>()) {
        let body: Vec<Statement> = body.into_iter().filter(|statement| !format!("{statement:?}").contains("\\n")).collect();
        prop_assume!(!body.is_empty());
        let with = |line_break| function_of(&render(&body, Additions { choices: choices & !0x1111, indentation: 1, line_break })).md5sum;
        prop_assert_eq!(with("\n"), with("\r\n"));
        prop_assert_eq!(with("\n"), with("\r"));
    }

    #[test]
    fn arbitrary_bytes_never_crash(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        records_of_text(bytes);
    }

    #[test]
    fn random_python_never_crashes(pieces in prop::collection::vec(prop::sample::select(vec![
        "def f(", "):", "\n", "\r", "    ", "\t", "\x0c", "'''", "\"", "#", "\\\n", ";", "class A:", "(", ")", "x", "f'{", "}", "=", "async ", "@d\n", "é",
    ]), 0..60)) {
        let text = pieces.concat();
        for record in records_of_text(&text) {
            prop_assert!(record.start_line <= record.end_line);
        }
    }
}
