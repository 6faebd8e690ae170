//! From bytes to text, for Python as its own reader decides.
//!
//! A byte-order mark, or in Python the declaration of [PEP 263](https://peps.python.org/pep-0263/) in one of the first two lines
//! names the encoding; without either it is UTF-8. The mark is no part of the text.

mod charset;

use std::borrow::Cow;

use cds_language::{Language, python::PYTHON};
use encoding_rs::Encoding;

use self::charset::Charset;

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Neither a mark nor a declaration, and not UTF-8.
    #[error("not valid UTF-8 and no other encoding is declared")]
    NotUtf8 {
        /// The 1-based line of the first wrong byte.
        line: u32,
    },
    /// The bytes do not fit what the file says of itself.
    #[error("not valid {encoding}, which the file declares")]
    Invalid {
        /// The declared name.
        encoding: String,
    },
    /// A name that no decoder knows.
    #[error("declares the unknown encoding {name:?}")]
    Unknown {
        /// The declared name.
        name: String,
    },
    /// A name that Python knows, of an encoding that has no decoder here.
    #[error("declares the encoding {name:?}, which cds cannot decode")]
    Undecodable {
        /// The declared name.
        name: String,
    },
    /// The byte-order mark says one thing and the declaration another.
    #[error("has the byte-order mark of UTF-8 but declares {name:?}")]
    Contradiction {
        /// The declared name.
        name: String,
    },
    /// A NUL, as in a binary file.
    #[error("contains a NUL character, so it is no source text")]
    Nul {
        /// The 1-based line of the first NUL.
        line: u32,
    },
}

impl DecodeError {
    /// The 1-based line, if it is known.
    pub fn line(&self) -> Option<u32> {
        match self {
            Self::NotUtf8 { line } | Self::Nul { line } => Some(*line),
            Self::Invalid { .. } | Self::Unknown { .. } | Self::Undecodable { .. } | Self::Contradiction { .. } => None,
        }
    }
}

/// Decodes a whole file of `language`. Only Python's files declare an encoding.
pub fn decode(language: &Language, bytes: Vec<u8>) -> Result<String, DecodeError> {
    let declared_name = |bytes: &[u8]| if language == &PYTHON { declared_name(bytes) } else { None };
    let text = match Encoding::for_bom(&bytes) {
        Some((encoding, length)) if encoding == encoding_rs::UTF_8 => match declared_name(&bytes[length..]) {
            Some(name) if !is_utf8(&name) => return Err(DecodeError::Contradiction { name }),
            _ => utf8(bytes[length..].to_vec())?,
        },
        Some((encoding, length)) => with_encoding(encoding, encoding.name(), &bytes[length..])?,
        None => match declared_name(&bytes) {
            Some(name) if !is_utf8(&name) => named(&name, &bytes)?,
            _ => utf8(bytes)?,
        },
    };
    match memchr::memchr(0, text.as_bytes()) {
        Some(position) => Err(DecodeError::Nul { line: line_at(text.as_bytes(), position) }),
        None => Ok(text),
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, DecodeError> {
    String::from_utf8(bytes).map_err(|error| {
        let position = error.utf8_error().valid_up_to();
        DecodeError::NotUtf8 { line: line_at(error.as_bytes(), position) }
    })
}

fn line_at(bytes: &[u8], position: usize) -> u32 {
    let breaks = (0..position)
        .filter(|&index| bytes[index] == b'\n' || (bytes[index] == b'\r' && bytes.get(index + 1) != Some(&b'\n')));
    u32::try_from(breaks.count() + 1).unwrap_or(u32::MAX)
}

fn named(name: &str, bytes: &[u8]) -> Result<String, DecodeError> {
    let invalid = || DecodeError::Invalid { encoding: name.to_owned() };
    match Charset::of(name).ok_or_else(|| DecodeError::Unknown { name: name.to_owned() })? {
        Charset::Utf8 => utf8(bytes.to_vec()),
        Charset::Latin1 => Ok(encoding_rs::mem::decode_latin1(bytes).into_owned()),
        Charset::Ascii if bytes.is_ascii() => utf8(bytes.to_vec()),
        Charset::Ascii => Err(invalid()),
        Charset::Table(table) => charset::by_table(table, bytes).ok_or_else(invalid),
        Charset::SeveralBytes(encoding) => with_encoding(encoding, name, bytes),
        Charset::OnlyAscii { but } if bytes.is_ascii() && !bytes.iter().any(|byte| but.contains(byte)) => {
            utf8(bytes.to_vec())
        }
        Charset::OnlyAscii { .. } => Err(DecodeError::Undecodable { name: name.to_owned() }),
    }
}

fn with_encoding(encoding: &'static Encoding, name: &str, bytes: &[u8]) -> Result<String, DecodeError> {
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(Cow::into_owned)
        .ok_or_else(|| DecodeError::Invalid { encoding: name.to_owned() })
}

fn is_utf8(name: &str) -> bool {
    Charset::of(name) == Some(Charset::Utf8)
}

/// The declared name from the first line, or from the second when the first is blank or only a comment.
fn declared_name(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.splitn(3, |&byte| byte == b'\n');
    for line in lines.by_ref().take(2) {
        // A file with lone carriage returns has all its lines in this one.
        for line in line.split(|&byte| byte == b'\r').take(2) {
            let code = line.trim_ascii_start();
            match code.first() {
                Some(b'#') => {
                    if let Some(name) = name_in_comment(code) {
                        return Some(name);
                    }
                }
                Some(_) => return None,
                None => {}
            }
        }
    }
    None
}

/// PEP 263: `coding[:=]\s*([-_.a-zA-Z0-9]+)` anywhere in the comment.
fn name_in_comment(comment: &[u8]) -> Option<String> {
    memchr::memmem::find_iter(comment, b"coding").find_map(|position| {
        let rest = &comment[position + b"coding".len()..];
        let (b':' | b'=', rest) = rest.split_first()? else { return None };
        let name = rest.trim_ascii_start();
        let length = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)).count();
        (length > 0).then(|| String::from_utf8_lossy(&name[..length]).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        assert_eq!(decode(&PYTHON, bytes.to_vec()), Ok(expected.to_owned()));
    }

    fn check_error(bytes: &[u8], expected: &DecodeError) {
        assert_eq!(decode(&PYTHON, bytes.to_vec()).as_ref(), Err(expected));
    }

    #[test]
    fn only_python_declares() {
        let rust = Language::of_record("a.rs");
        let text = "#![doc = \"coding: latin-1\"]\n// é\n";
        assert_eq!(decode(rust, text.as_bytes().to_vec()), Ok(text.to_owned()));
        let wrong = b"# coding: latin-1\n\xe9".to_vec();
        assert_eq!(decode(rust, wrong), Err(DecodeError::NotUtf8 { line: 2 }));
        assert_eq!(decode(rust, b"\xff\xfea\0".to_vec()), Ok("a".to_owned()));
    }

    #[test]
    fn without_a_declaration_it_is_utf8() {
        check("x = 'é'\n".as_bytes(), "x = 'é'\n");
        check_error(b"a\r\nb\rx = '\xe9'\n", &DecodeError::NotUtf8 { line: 3 });
        // An unpaired surrogate is no character.
        check_error(b"x = '\xed\xa0\x80'\n", &DecodeError::NotUtf8 { line: 1 });
    }

    #[test]
    fn a_mark_is_no_part_of_the_text() {
        check(b"\xef\xbb\xbfx = 1\n", "x = 1\n");
        check(b"\xff\xfex\0=\0", "x=");
        check(b"\xef\xbb\xbf# coding: utf-8\n", "# coding: utf-8\n");
        let name = "latin-1".to_owned();
        check_error(b"\xef\xbb\xbf# coding: latin-1\n", &DecodeError::Contradiction { name });
    }

    #[test]
    fn a_declaration_decides() {
        check(b"# -*- coding: latin-1 -*-\n'\xe9\x80'", "# -*- coding: latin-1 -*-\n'é\u{80}'");
        check(
            b"#!/usr/bin/python\n# vim: set fileencoding=koi8-r :\n'\xc1'",
            "#!/usr/bin/python\n# vim: set fileencoding=koi8-r :\n'а'",
        );
        check(b"\n# coding=iso-8859-15\n'\xa4'", "\n# coding=iso-8859-15\n'€'");
        check(b"# coding: latin-1-unix\r'\xe9'", "# coding: latin-1-unix\r'é'");
        check(b"# encoding: Shift_JIS\n'\x83\x41'", "# encoding: Shift_JIS\n'ア'");
    }

    #[test]
    fn a_declaration_counts_only_where_python_looks_for_it() {
        check_error(b"\n\n# coding: latin-1\n'\xe9'", &DecodeError::NotUtf8 { line: 4 });
        check_error(b"x = 1\n# coding: latin-1\n'\xe9'", &DecodeError::NotUtf8 { line: 3 });
    }

    #[test]
    fn what_does_not_fit_its_declaration_is_an_error() {
        check_error(b"# coding: nonsense\n", &DecodeError::Unknown { name: "nonsense".to_owned() });
        check_error(b"# coding: ascii\n'\xe9'", &DecodeError::Invalid { encoding: "ascii".to_owned() });
        check_error(b"# coding: euc-jp\n'\xff'", &DecodeError::Invalid { encoding: "euc-jp".to_owned() });
    }

    #[test]
    fn a_table_decides_where_no_decoder_does() {
        check(b"# coding: cp437\n'\x81\xe1'", "# coding: cp437\n'\u{fc}\u{df}'");
        check(b"# coding: mac-greek\n'\xe1'", "# coding: mac-greek\n'\u{3b1}'");
        // The web's name for another encoding.
        check(b"# coding: iso8859-9\n'\x80'", "# coding: iso8859-9\n'\u{80}'");
        check_error(b"# coding: cp1252\n'\x81'", &DecodeError::Invalid { encoding: "cp1252".to_owned() });
    }

    #[test]
    fn ascii_needs_no_decoder() {
        for name in ["johab", "utf-7", "iso2022_kr", "cp949", "eucjp", "idna", "unicode_escape"] {
            let text = format!("# coding: {name}\ndef f():\n    return 1\n");
            check(text.as_bytes(), &text);
        }
        check_error(b"# coding: johab\n'\x88a'", &DecodeError::Undecodable { name: "johab".to_owned() });
        check_error(b"# coding: utf-7\n'+AGE-'", &DecodeError::Undecodable { name: "utf-7".to_owned() });
    }

    #[test]
    fn a_nul_makes_it_no_source() {
        check_error(b"x = 1\n\0", &DecodeError::Nul { line: 2 });
    }
}
