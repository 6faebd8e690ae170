//! What an encoding's name means to Python.
//!
//! `charsets.txt` has the names and the encodings of single bytes, as Python's own tables have them; the script
//! `tests/oracles/charsets.py` prints it. Encodings of several bytes are those of `encoding_rs`.

use encoding_rs::Encoding;

const CHARSETS: &str = include_str!("charsets.txt");
/// What stands for a byte without a meaning.
const NONE: char = '\u{fffd}';

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Latin1,
    Ascii,
    /// What the bytes from 80 to FF mean, four hexadecimal digits each; the others are ASCII.
    Table(&'static str),
    SeveralBytes(&'static Encoding),
    /// Known, and no decoder is at hand; a text in ASCII without these bytes needs none.
    OnlyAscii {
        but: &'static [u8],
    },
}

impl Charset {
    /// The charset that Python finds by this name; None for a name that Python does not take for source code.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = normalized(name);
        let undotted = name.replace('.', "_");
        let lines = || CHARSETS.lines().map(|line| line.split_once('\t').unwrap_or((line, "")));
        let find = |wanted: &str| lines().find(|(names, _)| names.split(' ').any(|name| name == wanted));
        match find(&name).or_else(|| find(&undotted)) {
            Some((names, "")) => Some(Self::without_table(names.split(' ').next().unwrap_or_default())),
            Some((_, table)) => Some(Self::Table(table)),
            None if has_head(&name, &["utf_8"]) => Some(Self::Utf8),
            None if has_head(&name, &["latin_1", "iso_8859_1", "iso_latin_1"]) => Some(Self::Latin1),
            // What other readers know, and the ending for line breaks that Emacs adds.
            None => match ["_unix", "_dos", "_mac"].iter().find_map(|ending| name.strip_suffix(ending)) {
                Some(name) => Self::of(name),
                None => Encoding::for_label_no_replacement(name.replace('_', "-").as_bytes())
                    .filter(|encoding| encoding.is_ascii_compatible())
                    .map(Self::SeveralBytes),
            },
        }
    }

    fn without_table(encoding: &str) -> Self {
        match encoding {
            "utf_8" | "utf_8_sig" => Self::Utf8,
            "latin_1" | "charmap" => Self::Latin1,
            "ascii" => Self::Ascii,
            "big5" | "big5hkscs" | "cp950" => Self::SeveralBytes(encoding_rs::BIG5),
            "cp932" | "shift_jis" => Self::SeveralBytes(encoding_rs::SHIFT_JIS),
            "cp949" | "euc_kr" => Self::SeveralBytes(encoding_rs::EUC_KR),
            "euc_jp" => Self::SeveralBytes(encoding_rs::EUC_JP),
            "gb18030" => Self::SeveralBytes(encoding_rs::GB18030),
            "gb2312" | "gbk" => Self::SeveralBytes(encoding_rs::GBK),
            "iso2022_jp" => Self::SeveralBytes(encoding_rs::ISO_2022_JP),
            // Where these bytes stand, the text is another than it looks.
            "utf_7" => Self::OnlyAscii { but: b"+" },
            "hz" => Self::OnlyAscii { but: b"~" },
            "unicode_escape" | "raw_unicode_escape" => Self::OnlyAscii { but: b"\\" },
            "shift_jis_2004" | "shift_jisx0213" => Self::OnlyAscii { but: b"\\~" },
            _ => Self::OnlyAscii { but: b"\x0e\x0f\x1b" },
        }
    }
}

/// Bytes by a table; `None` if a byte has no meaning.
pub(super) fn by_table(table: &str, bytes: &[u8]) -> Option<String> {
    let high: Vec<char> = table
        .as_bytes()
        .chunks(4)
        .map(|digits| str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok()))
        .map(|code| code.and_then(char::from_u32).unwrap_or(NONE))
        .collect();
    let decoded = bytes.iter().map(|&byte| match byte.checked_sub(0x80) {
        Some(index) => high.get(usize::from(index)).copied().filter(|&character| character != NONE),
        None => Some(char::from(byte)),
    });
    decoded.collect()
}

/// The name as `encodings.normalize_encoding` writes it, in lower case.
fn normalized(name: &str) -> String {
    let mut normalized = String::with_capacity(name.len());
    for part in name.split(|character: char| !(character.is_ascii_alphanumeric() || character == '.')) {
        if !(part.is_empty() || normalized.is_empty()) {
            normalized.push('_');
        }
        normalized.push_str(&part.to_ascii_lowercase());
    }
    normalized
}

/// Python takes whatever follows one of these names for a remark.
fn has_head(name: &str, heads: &[&str]) -> bool {
    heads.iter().any(|head| name.strip_prefix(head).is_some_and(|rest| rest.starts_with('_')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_list_is_found() {
        let names = CHARSETS.lines().flat_map(|line| line.split('\t').next().unwrap_or_default().split(' '));
        assert_eq!(names.clone().count(), 372);
        for name in names {
            for spelling in [name.to_owned(), name.to_uppercase(), name.replace('_', "-")] {
                assert!(Charset::of(&spelling).is_some(), "{spelling}");
            }
        }
    }

    #[test]
    fn every_table_has_all_high_bytes() {
        let tables: Vec<&str> = CHARSETS.lines().filter_map(|line| line.split('\t').nth(1)).collect();
        assert_eq!(tables.len(), 62);
        assert!(tables.iter().all(|table| table.len() == 512));
    }

    #[test]
    fn names_are_read_as_python_reads_them() {
        for (name, charset) in [
            ("UTF8", Some(Charset::Utf8)),
            ("utf-8-unix", Some(Charset::Utf8)),
            ("ISO_8859-1", Some(Charset::Latin1)),
            ("latin-1-dos", Some(Charset::Latin1)),
            ("ANSI_X3.4-1968", Some(Charset::Ascii)),
            ("iso-ir-6", Some(Charset::Ascii)),
            ("iso-ir-999", None),
            ("utf-16", None),
            ("rot13", None),
            ("cp037", None),
            ("", None),
        ] {
            assert_eq!(Charset::of(name), charset, "{name}");
        }
    }
}
