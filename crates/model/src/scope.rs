//! The kinds of records that get an intent.

use std::{fmt, str::FromStr};

use crate::SymbolKind;

/// A set of symbol kinds, written as a list of words.
///
/// ```
/// use cds_model::Scope;
/// assert_eq!("method, class".parse::<Scope>().unwrap().to_string(), "class,method");
/// assert_eq!("class,all".parse::<Scope>().unwrap().to_string(), "all");
/// assert_eq!("".parse::<Scope>().unwrap(), Scope::default());
/// assert_eq!("class,klass".parse::<Scope>().unwrap_err().token, "klass");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// One bit for each kind, at its index in [`SymbolKind::ALL`].
    kinds: u8,
}

impl Scope {
    /// Every kind, files included.
    pub const ALL: Self = Self { kinds: 0b1111 };

    /// Whether records of `kind` get an intent.
    pub const fn contains(self, kind: SymbolKind) -> bool {
        self.kinds & (1 << kind as u8) != 0
    }

    const fn with(self, kind: SymbolKind) -> Self {
        Self { kinds: self.kinds | 1 << kind as u8 }
    }
}

impl Default for Scope {
    /// Classes, functions and methods.
    fn default() -> Self {
        Self { kinds: 0 }.with(SymbolKind::Class).with(SymbolKind::Function).with(SymbolKind::Method)
    }
}

/// A word that is not a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope {token:?}; expected class, function, method or all, separated by commas")]
pub struct UnknownScope {
    /// The word as written.
    pub token: String,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(list: &str) -> Result<Self, UnknownScope> {
        if list.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut scope = Self { kinds: 0 };
        for token in list.split(',').map(str::trim) {
            scope = match token {
                "all" => Self::ALL,
                _ => match token.parse() {
                    Ok(kind) if kind != SymbolKind::File => scope.with(kind),
                    _ => return Err(UnknownScope { token: token.to_owned() }),
                },
            }
        }
        Ok(scope)
    }
}

impl fmt::Display for Scope {
    /// The canonical form: `all`, or the words in the order class, function, method.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return formatter.write_str("all");
        }
        let words: Vec<&str> =
            SymbolKind::ALL.into_iter().filter(|kind| self.contains(*kind)).map(SymbolKind::as_str).collect();
        formatter.write_str(&words.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_overrides_other_kinds() {
        for list in ["all", "all,class", "method,all", " all , all "] {
            assert_eq!(list.parse(), Ok(Scope::ALL), "{list}");
        }
    }

    #[test]
    fn wrong_word_is_named_beside_all() {
        for (list, token) in
            [("classes", "classes"), ("all,x", "x"), ("class,", ""), ("Class", "Class"), ("file", "file")]
        {
            assert_eq!(list.parse::<Scope>(), Err(UnknownScope { token: token.to_owned() }), "{list}");
        }
    }

    #[test]
    fn only_all_includes_files() {
        assert!(!Scope::default().contains(SymbolKind::File));
        assert!(SymbolKind::ALL.into_iter().all(|kind| Scope::ALL.contains(kind)));
    }
}
