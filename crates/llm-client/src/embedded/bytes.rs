//! What each byte of Python code can mean to the lexer.

/// What a byte can be the beginning of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Blank,
    LineEnd,
    Name,
    Digit,
    Quote,
    Open,
    Close,
    Hash,
    Backslash,
    /// Punctuation that makes one token with an equals sign behind it.
    BeforeEquals,
    Other,
}

/// The class of every byte; bytes outside of ASCII are parts of names.
pub(super) const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b' ' | b'\t' | b'\r' | 0x0c | 0 => Class::Blank,
            b'\n' => Class::LineEnd,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => Class::Name,
            b'0'..=b'9' => Class::Digit,
            b'"' | b'\'' => Class::Quote,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            b'#' => Class::Hash,
            b'\\' => Class::Backslash,
            b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'@' | b':' => {
                Class::BeforeEquals
            }
            _ => Class::Other,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    classes
};
