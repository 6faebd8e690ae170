//! The few keys of a repository's configuration that matter here.
//!
//! Nothing is included from elsewhere, and nothing that names a program is of any use.

use std::path::Path;

use gix::config::{
    File,
    file::{Metadata, init},
};

use crate::{
    error::{Doing as _, Result, library},
    files,
};

const LARGEST_CONFIG: u64 = 1 << 20;

/// The values of a configuration file.
#[derive(Debug)]
pub(crate) struct Config(File);

impl Config {
    /// What `path` says; nothing when it is not there.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = files::read(path, LARGEST_CONFIG)?.unwrap_or_default();
        Self::parse(&bytes).doing(|| format!("read {}", files::name_of(path)))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let options = init::Options { lossy: true, ..init::Options::default() };
        File::from_bytes_no_includes(bytes, Metadata::default(), options).map(Self).map_err(library)
    }

    /// The last value of a key such as `core.bare` or `remote.origin.url`.
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.0.string(key).map(|value| value.to_string())
    }

    /// Every value of a key, in order.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        self.0.strings(key).unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    /// The key as a truth value; `default` when it is missing or is none.
    pub(crate) fn is_true(&self, key: &str, default: bool) -> bool {
        self.0.boolean(key).ok().flatten().unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_however_written() {
        let config = Config::parse(
            b"[core]\n\tbare = false ; no\n\tFileMode\n[Remote \"origin\"] url = \"a # b\" # c\n\
              [remote \"other \\\"one\\\"\"]\nurl = x\\\n  y \n[remote \"origin\"]\n\turl = second;\n",
        )
        .unwrap();
        assert_eq!(config.get("core.bare").as_deref(), Some("false"));
        assert!(config.is_true("core.filemode", false));
        assert!(!config.is_true("core.bare", true));
        assert_eq!(config.get("remote.origin.url").as_deref(), Some("second"));
        assert_eq!(config.all("remote.origin.url"), ["a # b", "second"]);
        assert_eq!(config.get("remote.Origin.url"), None);
    }

    #[test]
    fn nonsense_is_no_value() {
        for text in ["[", "[a", "[a \"b", "=", "[a \"b\\", "\\", "\u{0}[\u{fffd}"] {
            let read = Config::parse(text.as_bytes());
            assert!(read.is_err() || read.is_ok_and(|config| config.get("a.b").is_none()), "{text:?}");
        }
    }
}
