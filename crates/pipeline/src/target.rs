//! The piece of code that others are compared with: a whole text, or one definition in it.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use cds_analyzer::{Analyzers, DecodeError, decode, is_built_in};
use cds_language::{LANGUAGES, Language};
use cds_model::{AnalyzedFile, Record, SourceText, Symbol, SymbolKind};

/// The longest text that is read; bytes.
const MOST_BYTES: u64 = 5_000_000;

/// Where the code is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// What comes in on stdin.
    Stdin,
    /// All of a file.
    File(PathBuf),
    /// The innermost definition at a line of a file, 1-based.
    Line(PathBuf, u32),
}

impl FromStr for Place {
    type Err = String;

    /// `-`, `FILE` or `FILE:LINE`; a file that is there is never taken for one with a line.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if let Some((path, line)) = text.rsplit_once(':')
            && !path.is_empty()
            && !line.is_empty()
            && line.bytes().all(|digit| digit.is_ascii_digit())
            && !Path::new(text).exists()
        {
            let line = line.parse().ok().filter(|line| *line > 0);
            return line
                .map(|line| Self::Line(PathBuf::from(path), line))
                .ok_or_else(|| "lines are numbered from 1".to_owned());
        }
        if text.is_empty() {
            return Err("accepted are FILE, FILE:LINE and - for stdin".to_owned());
        }
        Ok(Self::File(PathBuf::from(text)))
    }
}

/// A piece of code as a snapshot would hold it.
#[derive(Debug)]
pub struct Target {
    /// What a message calls it.
    pub name: String,
    /// The whole text or the one definition.
    pub record: Record,
    /// Why a part of the text is not compared.
    pub problem: Option<String>,
}

/// Why there is no code to compare with.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It cannot be read.
    #[error("read {name}")]
    Read {
        /// The place.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is a folder.
    #[error("read {name}: it is a directory")]
    Folder {
        /// The place.
        name: String,
    },
    /// It is longer than a text of code is.
    #[error("read {name}: it is larger than {MOST_BYTES} bytes")]
    TooLarge {
        /// The place.
        name: String,
    },
    /// It is no text.
    #[error("read {name}")]
    Decode {
        /// The place.
        name: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// No definition is at the line that was named.
    #[error("look at {name}:{line}: no class, function or method covers that line{}", broken(problem.as_deref()))]
    NoDefinition {
        /// The file.
        name: String,
        /// 1-based.
        line: u32,
        /// What may hide one.
        problem: Option<String>,
    },
    /// It holds no code.
    #[error("look at {name}: there is no code in it")]
    NoCode {
        /// The place.
        name: String,
    },
}

fn broken(problem: Option<&str>) -> String {
    problem.map(|problem| format!(" ({problem})")).unwrap_or_default()
}

/// Reads the code, from `stdin` where that is the place, and makes the record of it that a snapshot would hold.
///
/// # Errors
///
/// There is no code to compare with.
pub fn read(place: &Place, stdin: &mut dyn Read) -> Result<Target, TargetError> {
    let (name, bytes) = match place {
        Place::Stdin => ("stdin".to_owned(), bytes("stdin", stdin)?),
        Place::File(path) | Place::Line(path, _) => {
            let name = path.display().to_string();
            let bytes = bytes(&name, &mut open(&name, path)?)?;
            (name, bytes)
        }
    };
    let text = decode(Language::of_record(&name), bytes)
        .map_err(|source| TargetError::Decode { name: name.clone(), source })?;
    let text = if *place == Place::Stdin { without_indentation(&text) } else { text };
    let line = if let Place::Line(_, line) = place { Some(*line) } else { None };
    let (records, problem) = records(&name, text, line);
    let (record, problem) = match line {
        // What is broken beside a definition does not matter to it.
        Some(line) => match records.into_iter().next() {
            Some(record) => (record, None),
            None => return Err(TargetError::NoDefinition { name, line, problem }),
        },
        None => match whole(records) {
            Some(record) => (record, problem),
            None => return Err(TargetError::NoCode { name }),
        },
    };
    if record.normalized_code.trim().is_empty() {
        return Err(TargetError::NoCode { name });
    }
    Ok(Target { name, record, problem })
}

fn open(name: &str, path: &Path) -> Result<File, TargetError> {
    let failed = |source| TargetError::Read { name: name.to_owned(), source };
    if path.metadata().map_err(failed)?.is_dir() {
        return Err(TargetError::Folder { name: name.to_owned() });
    }
    File::open(path).map_err(failed)
}

fn bytes(name: &str, source: &mut dyn Read) -> Result<Vec<u8>, TargetError> {
    let mut bytes = Vec::new();
    let read = source.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| TargetError::Read { name: name.to_owned(), source })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(TargetError::TooLarge { name: name.to_owned() });
    }
    Ok(bytes)
}

/// The records of a text, the whole text first, or only the innermost definition at a line; and why some may be missing.
fn records(name: &str, text: String, line: Option<u32>) -> (Vec<Record>, Option<String>) {
    let source = SourceText::new(text);
    let language = Some(Language::of_record(name)).filter(|language| is_built_in(language)).unwrap_or(LANGUAGES[0]);
    let found = Analyzers::default().of(language, name).analyze(&source, &|| false);
    let whole =
        Symbol { kind: SymbolKind::File, signature: None, start_line: 1, end_line: source.line_count(), owner: None };
    let symbols = match line {
        Some(line) => innermost(found.symbols, line).into_iter().collect(),
        None => std::iter::once(whole).chain(found.symbols).collect(),
    };
    let file = AnalyzedFile {
        path: Arc::from(name),
        source,
        symbols,
        spans: found.spans,
        indentation: language.indentation(),
    };
    let problem = found.problem.map(|problem| format!("line {}: {}", problem.line, problem.reason));
    (cds_model_builder::build_file(&file), problem)
}

fn innermost(symbols: Vec<Symbol>, line: u32) -> Option<Symbol> {
    let covers =
        |symbol: &Symbol| symbol.kind != SymbolKind::File && (symbol.start_line..=symbol.end_line).contains(&line);
    symbols.into_iter().filter(covers).min_by_key(|symbol| symbol.end_line - symbol.start_line)
}

/// The whole text; where it is nothing but one definition, that definition.
fn whole(records: Vec<Record>) -> Option<Record> {
    let mut records = records.into_iter();
    let file = records.next()?;
    let only = records.find(|record| record.normalized_code.trim_end() == file.normalized_code.trim_end());
    Some(only.unwrap_or(file))
}

/// The text without the indentation of its first line, as far as each line has it: a method that was cut out of its class
/// is read like a function.
fn without_indentation(text: &str) -> String {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let indent = &first[..first.len() - first.trim_start_matches([' ', '\t']).len()];
    text.split_inclusive('\n').map(|line| line.strip_prefix(indent).unwrap_or(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "import os\n\nclass Cart:\n    def total(self):\n        # sum\n        return sum(self)\n\ndef f():\n    def g():\n        return 1\n    return g\n";

    fn at(line: u32) -> Option<String> {
        (records("a.py", CODE.to_owned(), Some(line)).0.pop())
            .and_then(|record| record.signature.map(|text| text.to_string()))
    }

    #[test]
    fn place_is_file_line_or_stdin() {
        assert_eq!("-".parse(), Ok(Place::Stdin));
        assert_eq!("no/a.py".parse(), Ok(Place::File("no/a.py".into())));
        assert_eq!("no/a.py:12".parse(), Ok(Place::Line("no/a.py".into(), 12)));
        assert_eq!("c:\\no\\a.py".parse(), Ok(Place::File("c:\\no\\a.py".into())));
        for wrong in ["", "no/a.py:0", "no/a.py:99999999999"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn line_means_innermost_definition() {
        let expected =
            [(3, "class Cart:"), (5, "def total(self):"), (8, "def f():"), (10, "def g():"), (11, "def f():")];
        for (line, signature) in expected {
            assert_eq!(at(line).as_deref(), Some(signature), "{line}");
        }
        assert_eq!((at(1), at(99)), (None, None));
    }

    #[test]
    fn single_definition_is_the_target() {
        let cut = "    def total(self):\n        # sum\n        return sum(self)\n";
        let record = whole(records("stdin", without_indentation(cut), None).0).unwrap();
        let inside = records("a.py", CODE.to_owned(), Some(5)).0.pop().unwrap();
        assert_eq!((record.kind, record.md5sum), (SymbolKind::Function, inside.md5sum));
        assert_eq!(whole(records("a.py", CODE.to_owned(), None).0).unwrap().kind, SymbolKind::File);
        assert_eq!(&*whole(records("a.py", "x = 1  # one\n".to_owned(), None).0).unwrap().normalized_code, "x = 1");
    }
}
