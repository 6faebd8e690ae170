//! Stores each text once.

use std::collections::HashMap;

use cds_model::{FieldHasher, FieldValue, Fingerprint};
use rusqlite::{OptionalExtension as _, Statement};

use super::super::database::Database;
use crate::{
    Error, Step,
    table::{bound::Bound, run_hash::field_value, shared},
};

const LAST: &str = "SELECT coalesce(max(id), 0) FROM shared_texts";

const WITH_HASH: &str = "SELECT id FROM shared_texts WHERE hash = ?1 LIMIT 1";

const TEXT: &str = "SELECT text FROM shared_texts WHERE id = ?1";

const PIECES: &str = "SELECT piece_id, indent FROM shared_text_pieces WHERE text_id = ?1 ORDER BY position";

/// A part of a code: a stored text, and the indent of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text_id: i64,
    pub(super) indent: String,
}

/// The texts of a database.
pub(super) struct TextStore<'a> {
    database: &'a Database,
    insert_text: Statement<'a>,
    insert_piece: Statement<'a>,
    /// Finds earlier texts by their hash; `None` if the table was empty, because then its index may be suspended.
    with_hash: Option<Statement<'a>>,
    text: Statement<'a>,
    pieces: Statement<'a>,
    /// The new texts by their hash.
    new: HashMap<i64, i64>,
    last_id: i64,
}

impl<'a> TextStore<'a> {
    pub(super) fn new(database: &'a Database) -> Result<Self, Error> {
        let connection = &database.connection;
        let reading = |cause| database.error(Step::ReadRecords, cause);
        let last_id: i64 = connection.query_row(LAST, [], |row| row.get(0)).map_err(reading)?;
        Ok(Self {
            database,
            insert_text: database.prepare_insert(&shared::TEXTS)?,
            insert_piece: database.prepare_insert(&shared::PIECES)?,
            with_hash: (last_id > 0).then(|| connection.prepare(WITH_HASH)).transpose().map_err(reading)?,
            text: connection.prepare(TEXT).map_err(reading)?,
            pieces: connection.prepare(PIECES).map_err(reading)?,
            new: HashMap::new(),
            last_id,
        })
    }

    /// The id of a text without pieces.
    pub(super) fn leaf(&mut self, text: FieldValue<'_>) -> Result<i64, Error> {
        let hash = short(FieldHasher::hash("cds text 1", [text]));
        let earlier = self.find(hash)?;
        if let Some(id) = earlier
            && self.is_text(id, text)?
        {
            return Ok(id);
        }
        // A second text with the same hash is stored without it, and is not found again.
        self.insert(earlier.is_none().then_some(hash), text)
    }

    /// The id of a text that consists of these pieces.
    pub(super) fn composite(&mut self, pieces: &[Piece]) -> Result<i64, Error> {
        let fields = pieces.iter().flat_map(|piece| [piece.text_id.into(), FieldValue::from(piece.indent.as_str())]);
        let hash = short(FieldHasher::hash("cds text pieces 1", fields));
        let earlier = self.find(hash)?;
        if let Some(id) = earlier
            && self.is_composite(id, pieces)?
        {
            return Ok(id);
        }
        let id = self.insert(earlier.is_none().then_some(hash), FieldValue::Null)?;
        for (piece, position) in pieces.iter().zip(0_i64..) {
            let indent = (!piece.indent.is_empty()).then_some(piece.indent.as_str());
            let outcome = self.insert_piece.execute((id, position, piece.text_id, indent));
            self.database.check_one_row(outcome, || Step::InsertShared(shared::PIECES.name))?;
        }
        Ok(id)
    }

    fn insert(&mut self, hash: Option<i64>, text: FieldValue<'_>) -> Result<i64, Error> {
        self.last_id += 1;
        let outcome = self.insert_text.execute((self.last_id, hash, Bound(text)));
        self.database.check_one_row(outcome, || Step::InsertShared(shared::TEXTS.name))?;
        if let Some(hash) = hash {
            self.new.insert(hash, self.last_id);
        }
        Ok(self.last_id)
    }

    fn find(&mut self, hash: i64) -> Result<Option<i64>, Error> {
        if let Some(id) = self.new.get(&hash) {
            return Ok(Some(*id));
        }
        let Some(statement) = &mut self.with_hash else { return Ok(None) };
        let found = statement.query_row([hash], |row| row.get(0)).optional();
        found.map_err(|cause| self.database.error(Step::ReadRecords, cause))
    }

    /// Whether a stored text is this one: hashes of eight bytes may be equal by chance.
    fn is_text(&mut self, id: i64, text: FieldValue<'_>) -> Result<bool, Error> {
        let is_same = self.text.query_row([id], |row| Ok(field_value(row.get_ref(0)?) == text)).optional();
        is_same.map(Option::unwrap_or_default).map_err(|cause| self.database.error(Step::ReadRecords, cause))
    }

    fn is_composite(&mut self, id: i64, pieces: &[Piece]) -> Result<bool, Error> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Piece { text_id: row.get(0)?, indent: row.get::<_, Option<String>>(1)?.unwrap_or_default() })
        };
        let stored = self.pieces.query_map([id], read).and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>);
        stored.map(|stored| stored == pieces).map_err(|cause| self.database.error(Step::ReadRecords, cause))
    }
}

/// The first half of the first half of a SHA-256: a chance of one in four billion that two of 65,536 texts share it.
fn short(Fingerprint(bytes): Fingerprint) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    i64::from_be_bytes(first)
}
