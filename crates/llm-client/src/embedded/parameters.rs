//! The names in a parameter list.

use super::{
    names::Names,
    tokens::{Kind, Pieces},
};

/// Reads from after a function's name through the colon of its header; keeps the parameters' names, with the stars.
///
/// The first parameter of a method, which is its object or class, is omitted.
pub(super) fn read_parameters<'a>(lexer: &mut Pieces<'a>, is_method: bool) -> Names<'a, 4> {
    let mut names = Names::new();
    let mut reader = Reader::default();
    while let Some(token) = lexer.next() {
        let depth = lexer.depth();
        match token.kind {
            Kind::Operator(b':') if depth == 0 => return names,
            Kind::Operator(b'(') if depth == 1 && !reader.is_done => reader.expect(),
            Kind::Operator(b')') if depth == 0 => reader.is_done = true,
            Kind::Operator(b',') if depth == 1 && !reader.is_done && reader.lambda_count == 0 => reader.expect(),
            Kind::Operator(b'*') if depth == 1 && reader.is_expected => {
                reader.star = reader.star.or(Some(token.start));
            }
            Kind::Operator(b':') if depth == 1 => reader.lambda_count = reader.lambda_count.saturating_sub(1),
            Kind::Name if depth == 1 && reader.is_expected => {
                let name = lexer.slice(reader.star.unwrap_or(token.start), token.end);
                let stands_for_object = is_method && reader.count == 0 && lexer.language.naming.is_receiver(name);
                if !stands_for_object {
                    names.push(name);
                }
                reader.count += 1;
                reader.is_expected = false;
            }
            Kind::Name if depth == 1 && lexer.language.statements.lambdas.contains(&lexer.text(token)) => {
                reader.lambda_count += 1;
            }
            Kind::Line(_) => {}
            _ => reader.is_expected = false,
        }
    }
    names
}

#[derive(Default)]
struct Reader {
    /// Whether the next name is a parameter.
    is_expected: bool,
    is_done: bool,
    /// Where the stars before the next name begin.
    star: Option<usize>,
    /// The number of lambdas among the defaults whose parameters are still being read.
    lambda_count: u32,
    count: u32,
}

impl Reader {
    fn expect(&mut self) {
        self.is_expected = true;
        self.star = None;
    }
}

#[cfg(test)]
mod tests {
    use cds_language::Language;

    use super::*;

    #[test]
    fn parameters_omit_types_and_defaults() {
        let python = Language::of_record("a.py");
        for (header, expected) in [
            ("(self, a, b=1):", vec!["a", "b"]),
            ("(cls):", vec![]),
            ("():", vec![]),
            ("(a: int = 3, *, b: dict[str, int] = {1: 2}) -> dict[str, int]:", vec!["a", "b"]),
            ("(a, /, *args, key=lambda x, y: (x, y), **kwargs):", vec!["a", "*args", "key", "**kwargs"]),
            ("[T: (int, str)](x: T):", vec!["x"]),
            ("(\n    a,\n    b,\n):", vec!["a", "b"]),
            ("(", vec![]),
        ] {
            assert_eq!(read_parameters(&mut Pieces::new(python, header), true).as_slice(), expected, "{header}");
        }
    }
}
