//! What each byte of Python code can mean to the lexer.

/// What a byte can be the beginning of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Name,
    Digit,
    Blank,
    /// Punctuation that makes one token with an equals sign behind it.
    BeforeEquals,
    Other,
    LineEnd,
    Quote,
    Open,
    Close,
    Hash,
    Backslash,
}

impl Class {
    /// Whether a byte of this class can stand inside of a name.
    pub(super) const fn is_name_part(self) -> bool {
        self as u8 <= Self::Digit as u8
    }

    /// Whether a byte of this class changes nothing about what the bytes behind it mean.
    pub(super) const fn is_neutral(self) -> bool {
        self as u8 <= Self::Other as u8
    }
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
