//! The logical lines of a text by their marks alone, read several times faster than tokens.
//!
//! Lines with the same tokens but for names and literals have the same marks: brackets, operators and quotes. The inside
//! of literals, names, keywords, numbers and blanks count for nothing, and neither does the order, so that many more lines have
//! them in common, and only those need to be read as code. Two lines with such tokens are told apart all the same where only
//! one has an f-string that holds its own quotes, and where brackets do not match.

use crate::lexer::MAX_BYTES;

/// A logical line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    /// First byte.
    pub(super) start: u32,
    /// The byte after the last, the line break excluded.
    pub(super) end: u32,
    /// The sum of its marks.
    pub(super) marks: u64,
}

/// What needs a look at what follows.
const SPECIAL: u64 = u64::MAX;

/// What each byte adds to the marks of its line: a number of its own, and in the lowest 16 bits how many brackets it opens.
static MARKS: [u64; 256] = {
    let mut marks = [0; 256];
    let operators = b"()[]{},:;=<>!+-*/%&|^~@.\"";
    let (mut place, mut value) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    while place < operators.len() {
        let byte = operators[place];
        value = (value ^ (value >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        marks[byte as usize] = match byte {
            b'(' | b'[' | b'{' => (value << 16) + 1,
            b')' | b']' | b'}' => (value << 16).wrapping_sub(1),
            _ => value << 16,
        };
        place += 1;
    }
    let special = b"\n#\\\"'0123456789";
    let mut place = 0;
    while place < special.len() {
        marks[special[place] as usize] = SPECIAL;
        place += 1;
    }
    marks
};

/// What stands for a whole text.
const TEXT: u64 = 0x94d0_49bb_1331_11eb << 16;

/// The logical lines of `code` in place of what `lines` held; lines without anything on them are none.
pub(super) fn read(code: &str, lines: &mut Vec<Outline>) {
    lines.clear();
    let bytes = &code.as_bytes()[..code.len().min(MAX_BYTES)];
    let (mut at, mut start, mut marks) = (0, 0, 0_u64);
    let mut end_line = |start: usize, end: usize, marks: u64| {
        if marks != 0 || !bytes[start..end].trim_ascii().is_empty() {
            lines.push(Outline { start: start as u32, end: end as u32, marks });
        }
    };
    while let Some(&byte) = bytes.get(at) {
        let value = MARKS[usize::from(byte)];
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
            b'#' => at += bytes[at..].iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len() - at),
            b'\\' => at += 2,
            b'"' | b'\'' => {
                marks = marks.wrapping_add(TEXT);
                at = behind_text(bytes, at, byte);
            }
            _ => match at.checked_sub(1).map(|before| bytes[before]) {
                Some(before) if is_name(before) => at += 1,
                before => {
                    if before == Some(b'.') {
                        marks = marks.wrapping_sub(MARKS[usize::from(b'.')]);
                    }
                    at = behind_number(bytes, at);
                }
            },
        }
    }
    end_line(start.min(bytes.len()), bytes.len(), marks);
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The place behind a number that begins at `at`, its point and its signed exponent included.
fn behind_number(bytes: &[u8], at: usize) -> usize {
    let is_hexadecimal = matches!(bytes.get(at + 1), Some(b'x' | b'X'));
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        let is_sign = matches!(byte, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E') && !is_hexadecimal;
        if !(is_name(byte) || byte == b'.' || is_sign) {
            break;
        }
        end += 1;
    }
    end
}

/// The place behind a text that begins with a quote at `at`. In single quotes it ends with its line.
fn behind_text(bytes: &[u8], at: usize, quote: u8) -> usize {
    let is_triple = bytes[at..].starts_with(&[quote; 3]);
    let mut at = at + if is_triple { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if !is_triple => return at,
            _ if byte != quote => {}
            _ if !is_triple => return at + 1,
            _ if bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(code: &str) -> Vec<u64> {
        let mut lines = Vec::new();
        read(code, &mut lines);
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
        read(code, &mut lines);
        let texts: Vec<&str> = lines.iter().map(|line| &code[line.start as usize..line.end as usize]).collect();
        assert_eq!(texts, ["x = 1", "  y = [\n 2]", "z"]);
        for open in ["", "\\", "'", "\"\"\"x", "#", "((", "x\\\n"] {
            read(open, &mut lines);
        }
    }
}
