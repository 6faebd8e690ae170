//! Which bytes a comment takes along when it is left out.

use cds_model::{SpanKind, SyntaxSpan};

/// The span of the comment from `start` to `end`; `last` is the span before it.
///
/// Of the blanks on its two sides one stays. Where there is none, one takes its place if the two sides would
/// otherwise become one word or one operator.
pub(super) fn span(text: &[u8], start: usize, end: usize, last: Option<&SyntaxSpan>) -> SyntaxSpan {
    // Some grammars take the line break for a part of the comment, also one that is not in the text.
    let end = end.min(text.len());
    let end = start + text[start..end].trim_ascii_end().len();
    let is_joined = |span: &&SyntaxSpan| span.kind != SpanKind::Verbatim && span.end as usize == start;
    let before_at = last.filter(is_joined).map_or(start, |span| span.start as usize);
    let before = before_at.checked_sub(1).map(|at| text[at]);
    let after = text.get(end).copied();
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let ends_line = |byte: Option<u8>| matches!(byte, None | Some(b'\n' | b'\r'));
    let (mut kind, mut end) = (SpanKind::Noise, end);
    if ends_line(before) || before.is_some_and(is_blank) {
        end += text[end..].iter().take_while(|byte| is_blank(**byte)).count();
    } else if let (Some(before), Some(after)) = (before, after)
        && is_word(before) == is_word(after)
        && ![before, after].iter().any(|byte| byte.is_ascii_whitespace() || is_bracket(*byte))
    {
        kind = SpanKind::Gap;
    }
    SyntaxSpan { kind, start: offset(start), end: offset(end) }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'"' | b'\'' | b'`') || byte >= 0x80
}

fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',' | b';')
}

fn offset(position: usize) -> u32 {
    u32::try_from(position).expect("a source text is shorter than 4 GiB")
}
