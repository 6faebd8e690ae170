//! Texts for which the parser would need memory or time out of all proportion to their size.
//!
//! The parser keeps about 250 bytes for each open bracket, and 600 for each byte behind a string without an end. No
//! Python accepts either: it stops at 200 open brackets.

use cds_model::SourceText;

use crate::Problem;

const MAX_OPEN_BRACKETS: usize = 1_000;

/// The most bytes that may follow the start of a string without an end.
const MAX_UNCLOSED: usize = 256 * 1024;

/// What keeps the text from being parsed, if anything does.
pub(super) fn find(source: &SourceText) -> Option<Problem> {
    let text = source.as_str().as_bytes();
    let mut open_count = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'#' => at = memchr::memchr2(b'\n', b'\r', &text[at..]).map_or(text.len(), |length| at + length),
            b'"' | b'\'' => match string_end(text, at) {
                Some(end) => at = end,
                None if text.len() - at > MAX_UNCLOSED => {
                    let reason = format!("a string has no end, and more than {MAX_UNCLOSED} bytes follow");
                    return Some(Problem { line: line_of(text, at), reason });
                }
                None => return None,
            },
            b'(' | b'[' | b'{' => {
                open_count += 1;
                if open_count > MAX_OPEN_BRACKETS {
                    let reason = format!("more than {MAX_OPEN_BRACKETS} brackets are open at once");
                    return Some(Problem { line: line_of(text, at), reason });
                }
                at += 1;
            }
            b')' | b']' | b'}' => {
                open_count = open_count.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}

/// Behind the string that begins at `start`; `None` if a string of several lines does not end. A string of one line
/// ends with its line at the latest.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let quote = text[start];
    let is_long = text[start..].starts_with(&[quote; 3]);
    let mut at = start + if is_long { 3 } else { 1 };
    loop {
        at += if is_long {
            memchr::memchr2(quote, b'\\', &text[at.min(text.len())..])?
        } else {
            match text[at.min(text.len())..].iter().position(|byte| [quote, b'\\', b'\n', b'\r'].contains(byte)) {
                Some(length) => length,
                None => return Some(text.len()),
            }
        };
        match text[at] {
            b'\\' => at += 2,
            _ if !is_long => return Some(at + 1),
            _ if text[at..].starts_with(&[quote; 3]) => return Some(at + 3),
            _ => at += 1,
        }
    }
}

fn line_of(text: &[u8], at: usize) -> u32 {
    let breaks = memchr::memchr_iter(b'\n', &text[..at]).count();
    u32::try_from(breaks).unwrap_or(u32::MAX - 1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Option<(u32, String)> {
        find(&SourceText::new(text.to_owned())).map(|problem| (problem.line, problem.reason))
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let open = "(".repeat(2_000);
        for text in [
            format!("x = '{open}'\n"),
            format!("x = \"\"\"\n{open}\"\"\"\n"),
            format!("# {open}\nx = 1\n"),
            format!("x = '\\'{open}'\n"),
            format!("x = r'{open}\\'\n"),
            "f([{}])\n".repeat(5_000),
            ")".repeat(5_000),
        ] {
            assert_eq!(reason(&text), None, "{text:.40}");
        }
        let (line, reason) = reason(&format!("x = 1\ny = {open}\n")).unwrap();
        assert_eq!((line, reason.as_str()), (2, "more than 1000 brackets are open at once"));
    }

    #[test]
    fn only_a_long_string_without_an_end_is_refused() {
        let words = "a b c\n".repeat(60_000);
        assert_eq!(reason(&format!("x = 1\ny = '''{words}")).unwrap().0, 2);
        assert_eq!(reason(&format!("y = '''{words}'''\n")), None);
        assert_eq!(reason("y = '''a b c\n"), None);
        assert_eq!(reason(&format!("y = 'a\n{words}")), None);
        for short in ["'", "'''", "'\\", "'''\\", "''", "\"\"\"\"\""] {
            assert_eq!(reason(short), None, "{short}");
        }
    }
}
