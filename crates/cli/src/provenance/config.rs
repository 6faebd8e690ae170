//! The few keys of a repository's configuration that matter here.
//!
//! Nothing is included from elsewhere, and nothing that names a program is of any use.

use std::path::Path;

use anyhow::Result;

use super::files;

const LARGEST_CONFIG: u64 = 1 << 20;

/// The values of a configuration file, in order.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// Key and value; the key in lower case but for the part between the first and the last point.
    values: Vec<(String, String)>,
}

impl Config {
    /// What `path` says; nothing when it is not there.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path, LARGEST_CONFIG)?.unwrap_or_default();
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    /// The last value of a key such as `core.bare` or `remote.origin.url`.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.values.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The key as a truth value; `default` when it is missing or is none.
    pub(super) fn is_true(&self, key: &str, default: bool) -> bool {
        match self.get(key).map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "on" | "1") => true,
            Some("false" | "no" | "off" | "0" | "") => false,
            _ => default,
        }
    }

    fn parse(text: &str) -> Self {
        let mut config = Self::default();
        let mut section = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let mut line = line.trim_start();
            if let Some(rest) = line.strip_prefix('[') {
                let Some((name, behind)) = section_name(rest) else { continue };
                section = name;
                line = behind.trim_start();
            }
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            let (key, mut rest) = line.split_once('=').unwrap_or((line, "true"));
            let mut value = Value::default();
            while value.push(rest) {
                let Some(next) = lines.next() else { break };
                rest = next;
            }
            config.values.push((format!("{section}.{}", key.trim().to_ascii_lowercase()), value.finish()));
        }
        config
    }
}

/// The name of a section whose `[` is read, as keys use it, and what follows the `]`.
fn section_name(text: &str) -> Option<(String, &str)> {
    let end = text.find([' ', '\t', '"', ']'])?;
    let mut name = text[..end].to_ascii_lowercase();
    let rest = text[end..].trim_start();
    let Some(quoted) = rest.strip_prefix('"') else { return Some((name, rest.strip_prefix(']')?)) };
    name.push('.');
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((name, quoted[at + 1..].trim_start().strip_prefix(']')?)),
            '\\' => name.push(characters.next()?.1),
            other => name.push(other),
        }
    }
    None
}

/// A value while it is read: quotes, escapes and comments taken away.
#[derive(Default)]
struct Value {
    text: String,
    /// What is left when the blanks at the end are cut off.
    kept: usize,
    is_quoted: bool,
}

impl Value {
    /// Takes a line; answers whether the next one continues it.
    fn push(&mut self, line: &str) -> bool {
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => self.is_quoted = !self.is_quoted,
                '\\' => match characters.next() {
                    None => return true,
                    Some('n') => self.keep('\n'),
                    Some('t') => self.keep('\t'),
                    Some('b') => drop(self.text.pop()),
                    Some(other) => self.keep(other),
                },
                '#' | ';' if !self.is_quoted => return false,
                blank if blank.is_ascii_whitespace() && !self.is_quoted => {
                    if self.kept > 0 {
                        self.text.push(blank);
                    }
                }
                other => self.keep(other),
            }
        }
        false
    }

    fn keep(&mut self, character: char) {
        self.text.push(character);
        self.kept = self.text.len();
    }

    fn finish(mut self) -> String {
        if self.kept < self.text.len() {
            self.text.truncate(self.kept);
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_however_they_are_written() {
        let config = Config::parse(
            "[core]\n\tbare = false ; no\n\tFileMode\n[Remote \"origin\"] url = \"a # b\" # c\n\
             [remote \"other \\\"one\\\"\"]\nurl = x\\\n  y \n[remote \"origin\"]\n\turl = second \\t;\n",
        );
        assert_eq!(config.get("core.bare"), Some("false"));
        assert!(config.is_true("core.filemode", false));
        assert!(!config.is_true("core.bare", true));
        assert_eq!(config.get("remote.origin.url"), Some("second \t"));
        assert_eq!(config.get("remote.other \"one\".url"), Some("x  y"));
        assert_eq!(config.get("remote.Origin.url"), None);
    }

    #[test]
    fn nonsense_is_no_value() {
        for text in ["[", "[a", "[a \"b", "=", "[a \"b\\", "\\", "[a]\nb = \"c\\", "\u{0}[\u{fffd}"] {
            Config::parse(text);
        }
        assert_eq!(Config::parse("[a \"b").get("a.b"), None);
    }
}
