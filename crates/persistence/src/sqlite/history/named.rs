//! Records with their names and hashes, prepared before they are written.

use cds_model::{NameOf, RecordHashes, SymbolKind, UnitKey, UnitName, UnitRow, unit_names};

use super::{
    known,
    rows::{self, Seen},
};

/// A record with its hashes and the fields that decide its name.
#[derive(Debug, Clone)]
pub(in super::super) struct Unnamed<'a> {
    pub(in super::super) kind: &'a str,
    pub(in super::super) file_path: &'a str,
    pub(in super::super) signature: Option<&'a str>,
    /// The first and the last line.
    pub(in super::super) lines: (u32, u32),
    pub(in super::super) hashes: RecordHashes,
}

/// What is prepared of a record besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Preparation {
    /// The project has no definitions yet, so all are new: their metadata is prepared. `is_derived` says whether the
    /// intents of the run are derived.
    AllNew { is_derived: bool },
    /// Known definitions exist: the hash of the names without the ordinal is prepared, to look them up.
    Compared,
}

/// A record with its name.
#[derive(Debug, Clone)]
pub(in super::super) struct Named<'a> {
    kind: &'a str,
    file_path: &'a str,
    name: UnitName,
    signature: Option<&'a str>,
    lines: (u32, u32),
    pub(in super::super) hashes: RecordHashes,
    /// The hash of the names without the ordinal; 0 if no lookup needs it.
    pub(super) names_hash: u128,
    /// See [`Seen::metadata`].
    metadata: Option<String>,
}

impl<'a> Named<'a> {
    /// Names all records of one file.
    pub(in super::super) fn of_file(records: &[Unnamed<'a>], name_of: NameOf, preparation: Preparation) -> Vec<Self> {
        let row = |record: &Unnamed<'a>| UnitRow::stored(record.kind, record.file_path, record.signature, record.lines);
        let names = unit_names(&records.iter().map(row).collect::<Vec<_>>(), name_of);
        let units = records.iter().zip(names).map(|(record, name)| {
            let &Unnamed { kind, file_path, signature, lines, hashes } = record;
            let mut unit = Self { kind, file_path, name, signature, lines, hashes, names_hash: 0, metadata: None };
            match preparation {
                Preparation::AllNew { is_derived } => {
                    // An error occurs again when the row is written, where it is reported.
                    unit.metadata = rows::metadata_of_new(&unit.seen(), is_derived).ok();
                }
                Preparation::Compared => unit.names_hash = known::names_hash(&unit.seen().key),
            }
            unit
        });
        units.collect()
    }

    /// The definition as it is in this snapshot.
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen {
            key: UnitKey {
                file_path: self.file_path,
                kind: self.kind,
                name: &self.name.qualified,
                ordinal: self.name.ordinal,
            },
            content: self.hashes.content,
            code: self.hashes.code,
            intent: self.hashes.intent,
            lines: self.lines,
            metadata: self.metadata.as_deref(),
        }
    }

    /// Whether it is the file itself.
    pub(super) fn is_file(&self) -> bool {
        self.kind == SymbolKind::File.as_str()
    }

    /// Its declaration; `None` for files.
    pub(super) fn signature(&self) -> Option<&'a str> {
        self.signature
    }

    /// The path of its file and its first line.
    pub(super) fn location(&self) -> (&'a str, u32) {
        (self.file_path, self.lines.0)
    }
}
