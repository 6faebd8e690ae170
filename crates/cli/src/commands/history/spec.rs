//! How a unit is named on the command line.

use std::{fmt, str::FromStr};

/// Longer than any path or name that a system takes.
const LONGEST: usize = 8_192;

/// `PATH`, `PATH::NAME`, `PATH::NAME#2`, or the beginning of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitSpec {
    text: String,
}

/// One way to read what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading<'a> {
    pub(super) file_path: &'a str,
    /// None means the file itself.
    pub(super) name: Option<&'a str>,
    pub(super) ordinal: Option<u32>,
}

impl UnitSpec {
    /// The text without what says nothing.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Every way to read it, the likeliest first: a path may have `::` in it, a name never has.
    pub(super) fn readings(&self) -> Vec<Reading<'_>> {
        let whole = Reading { file_path: &self.text, name: None, ordinal: None };
        let Some((file_path, name)) = self.text.rsplit_once("::") else { return vec![whole] };
        let numbered = name.rsplit_once('#').and_then(|(name, ordinal)| Some((name, parse_ordinal(ordinal)?)));
        let reading = match numbered {
            Some((name, ordinal)) => Reading { file_path, name: Some(name), ordinal: Some(ordinal) },
            None => Reading { file_path, name: Some(name), ordinal: None },
        };
        vec![reading, whole]
    }
}

fn parse_ordinal(digits: &str) -> Option<u32> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number > 0)
}

impl FromStr for UnitSpec {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let mut text = given;
        while let Some(rest) = text.strip_prefix("./") {
            text = rest.trim_start_matches('/');
        }
        if text.is_empty() || text.len() > LONGEST {
            return Err(format!("accepted is a path, or path::name, of up to {LONGEST} bytes"));
        }
        Ok(Self { text: text.to_owned() })
    }
}

/// As one would type it; ordinals above 1 are part of it. What is shown of it must be made safe.
pub(super) fn label(file_path: &str, name: &str, ordinal: u32) -> String {
    Label { file_path, name, ordinal, is_numbered: ordinal > 1 }.to_string()
}

/// The same with every ordinal, for where a name alone would mean several.
pub(super) fn numbered_label(file_path: &str, name: &str, ordinal: u32) -> String {
    Label { file_path, name, ordinal, is_numbered: true }.to_string()
}

struct Label<'a> {
    file_path: &'a str,
    name: &'a str,
    ordinal: u32,
    is_numbered: bool,
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.file_path)?;
        if self.name.is_empty() {
            return Ok(());
        }
        write!(formatter, "::{}", self.name)?;
        if self.is_numbered { write!(formatter, "#{}", self.ordinal) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> (String, Option<String>, Option<u32>) {
        let spec: UnitSpec = text.parse().unwrap();
        let reading = spec.readings()[0];
        (reading.file_path.to_owned(), reading.name.map(str::to_owned), reading.ordinal)
    }

    #[test]
    fn name_is_a_path_with_a_definition() {
        for (text, path, name, ordinal) in [
            ("pkg/a.py", "pkg/a.py", None, None),
            ("././/pkg/a.py", "pkg/a.py", None, None),
            ("a.py::Outer.method", "a.py", Some("Outer.method"), None),
            ("a.py::outer.<locals>.f#2", "a.py", Some("outer.<locals>.f"), Some(2)),
            ("a::b.py::f#1", "a::b.py", Some("f"), Some(1)),
            ("a.py::", "a.py", Some(""), None),
            ("a.py::f#0", "a.py", Some("f#0"), None),
            ("a.py::f#+1", "a.py", Some("f#+1"), None),
            ("a#2.py", "a#2.py", None, None),
        ] {
            let expected = (path.to_owned(), name.map(str::to_owned), ordinal);
            assert_eq!(first(text), expected, "{text}");
        }
        let spec: UnitSpec = "a::b.py".parse().unwrap();
        assert_eq!(spec.readings()[1], Reading { file_path: "a::b.py", name: None, ordinal: None });
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for wrong in ["", "./", ".//", &"x".repeat(LONGEST + 1)] {
            assert!(wrong.parse::<UnitSpec>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_can_be_typed_again() {
        assert_eq!(label("a.py", "", 1), "a.py");
        assert_eq!((label("a.py", "f", 1), label("a.py", "f", 2)), ("a.py::f".to_owned(), "a.py::f#2".to_owned()));
        assert_eq!(numbered_label("a.py", "f", 1), "a.py::f#1");
        assert_eq!(first(&label("a::b.py", "f", 3)), ("a::b.py".to_owned(), Some("f".to_owned()), Some(3)));
    }
}
