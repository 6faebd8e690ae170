//! The logical lines of a text by their marks alone, read several times faster than tokens.
//!
//! Lines with the same tokens but for names and literals have the same marks: brackets, operators and quotes. The inside
//! of literals, names, keywords, numbers and blanks count for nothing, and neither does the order, so that many more lines
//! have them in common, and only those need to be read as code. Two lines with such tokens still differ if
//! only one has a literal whose fields hold its own quotes, and where brackets do not match.

use crate::{
    MAX_BYTES,
    lexicon::{Lexicon, SPECIAL, Start, TEXT_MARK, mark_of},
};

/// A logical line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// First byte.
    pub start: u32,
    /// The byte after the last, the line break excluded.
    pub end: u32,
    /// The sum of its marks.
    pub marks: u64,
}

/// The logical lines of `code` in place of what `lines` held; lines without anything on them are none.
pub fn read_outline(lexicon: &'static Lexicon, code: &str, lines: &mut Vec<Outline>) {
    lines.clear();
    let bytes = &code.as_bytes()[..code.len().min(MAX_BYTES)];
    let (mut at, mut start, mut marks) = (0, 0, 0_u64);
    let mut end_line = |start: usize, end: usize, marks: u64| {
        if marks != 0 || !bytes[start..end].trim_ascii().is_empty() {
            lines.push(Outline { start: offset(start), end: offset(end), marks });
        }
    };
    let values = &lexicon.outline_marks;
    while let Some(&byte) = bytes.get(at) {
        let value = values[usize::from(byte)];
        if value != SPECIAL {
            marks = marks.wrapping_add(value);
            at += 1;
            continue;
        }
        match byte {
            b'\n' => {
                if (marks as u16).cast_signed() <= 0 {
                    end_line(start, at, marks);
                    (start, marks) = (at + 1, 0);
                }
                at += 1;
            }
            b'\\' => at += 2,
            b'0'..=b'9' => match at.checked_sub(1).map(|before| bytes[before]) {
                Some(before) if lexicon.name_parts[usize::from(before)] => at += 1,
                before => {
                    if before == Some(b'.') {
                        marks = marks.wrapping_sub(values[usize::from(b'.')]);
                    }
                    at = behind_number(lexicon, bytes, at);
                }
            },
            _ if lexicon.starts[usize::from(byte)] == Start::Comment => {
                if let Some(end) = behind_comment(lexicon, bytes, at) {
                    at = end;
                } else {
                    marks = marks.wrapping_add(mark_of(byte));
                    at += 1;
                }
            }
            _ => match lexicon.string_rule(bytes, at) {
                Some(rule) => {
                    marks = marks.wrapping_add(TEXT_MARK);
                    at = rule.plain_end(bytes, at + rule.open.len(), &lexicon.string_stops).min(bytes.len());
                }
                None => at += 1,
            },
        }
    }
    end_line(start.min(bytes.len()), bytes.len(), marks);
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("no more than MAX_BYTES are read")
}

/// The place behind the comment that begins at `at`, if one does. Whether one nests does not matter to the marks.
fn behind_comment(lexicon: &Lexicon, bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if lexicon.words.line_comments.iter().any(|mark| rest.starts_with(mark.as_bytes())) {
        return Some(at + memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
    }
    let comment = lexicon.words.block_comments.iter().find(|comment| rest.starts_with(comment.open.as_bytes()))?;
    let close = memchr::memmem::find(rest, comment.close.as_bytes());
    Some(at + close.map_or(rest.len(), |end| end + comment.close.len()))
}

/// The place behind a number that begins at `at`, its point and its signed exponent included.
fn behind_number(lexicon: &Lexicon, bytes: &[u8], at: usize) -> usize {
    let is_hexadecimal = matches!(bytes.get(at + 1), Some(b'x' | b'X'));
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        let is_sign = matches!(byte, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E') && !is_hexadecimal;
        if !(lexicon.name_parts[usize::from(byte)] || byte == b'.' || is_sign) {
            break;
        }
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::LEXICON;

    fn marks(code: &str) -> Vec<u64> {
        let mut lines = Vec::new();
        read_outline(&LEXICON, code, &mut lines);
        lines.into_iter().map(|line| line.marks).collect()
    }

    #[test]
    fn names_literals_and_layout_do_not_matter() {
        for (left, right) in [
            ("total = order.sum(rate)\n", "  x=bill.add( fee )"),
            ("go('a', f\"b.{c}\", 1.5)\n", "stop(\"\\\"\", r'...', 20)\n"),
            ("x = (1 +\n  2)\ny\n", "a = (b + c)\n\n   \n  z  # why = not\n"),
            ("x = '''a\n= (b'''\nreturn x", "y = \"\"\nreturn z\n"),
            ("if a \\\n  and b:\n", "if a and b:\n"),
            ("x = 'open\ny = 1\n", "x = ''\ny = 1\n"),
            ("x1 = [.5, 1e-5, 2.5E+3, 0xe+1, 3.]", "y = [1, 2, 3, 4+5, 6]"),
        ] {
            assert_eq!(marks(left), marks(right), "{left}{right}");
        }
    }

    #[test]
    fn operators_and_lines_matter() {
        for (left, right) in [
            ("x = a + b", "x = a - b"),
            ("x = a.b", "x = a"),
            ("x = (a, b)", "x = [a, b]"),
            ("x = y1.a", "x = y1"),
            ("x\ny", "x"),
            ("x(a\n)\ny", "x(a)\ny\nz"),
        ] {
            assert_ne!(marks(left), marks(right), "{left}\n{right}");
        }
    }

    #[test]
    fn lines_have_their_places() {
        let code = "x = 1\n\n  y = [\n 2]\nz";
        let mut lines = Vec::new();
        read_outline(&LEXICON, code, &mut lines);
        let texts: Vec<&str> = lines.iter().map(|line| &code[line.start as usize..line.end as usize]).collect();
        assert_eq!(texts, ["x = 1", "  y = [\n 2]", "z"]);
        for open in ["", "\\", "'", "\"\"\"x", "#", "((", "x\\\n"] {
            read_outline(&LEXICON, open, &mut lines);
        }
    }
}
