//! The tables `shared_texts` and `shared_text_pieces`: code that is stored once.
//!
//! The code of a class or file holds that of its definitions, so it is a list of pieces. In normalized code a nested
//! definition is indented, which its piece says.

use super::super::{Index, Table};
use super::guards::{delete_guard, insert_guard, update_guard};

pub(crate) const TABLE: Table = Table {
    name: "shared_texts",
    // The hash is NULL if another program stored the text.
    create: "
CREATE TABLE IF NOT EXISTS shared_texts (
    id INTEGER PRIMARY KEY,
    hash INTEGER,
    text TEXT
)",
    indexes: &[Index {
        columns: "hash",
        create: "CREATE INDEX IF NOT EXISTS idx_shared_texts_hash ON shared_texts(hash)",
    }],
    guards: &[
        insert_guard!("shared_texts", "id = NEW.id"),
        update_guard!("shared_texts"),
        delete_guard!(
            "shared_texts",
            "EXISTS (SELECT 1 FROM shared_contents WHERE OLD.id IN (raw_text, normalized_text))
     OR EXISTS (SELECT 1 FROM shared_text_pieces WHERE piece_id = OLD.id)"
        ),
    ],
    insert: "INSERT OR FAIL INTO shared_texts (id, hash, text) VALUES (?1, ?2, ?3)",
};

pub(crate) const PIECES: Table = Table {
    name: "shared_text_pieces",
    create: "
CREATE TABLE IF NOT EXISTS shared_text_pieces (
    text_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    piece_id INTEGER NOT NULL,
    indent TEXT,
    PRIMARY KEY (text_id, position)
) WITHOUT ROWID",
    indexes: &[],
    guards: &[
        insert_guard!("shared_text_pieces", "text_id = NEW.text_id AND position = NEW.position"),
        update_guard!("shared_text_pieces"),
        delete_guard!(
            "shared_text_pieces",
            "EXISTS (SELECT 1 FROM shared_contents WHERE OLD.text_id IN (raw_text, normalized_text))"
        ),
    ],
    insert: "INSERT OR FAIL INTO shared_text_pieces (text_id, position, piece_id, indent) VALUES (?1, ?2, ?3, ?4)",
};
