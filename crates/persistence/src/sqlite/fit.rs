//! Whether a table that is there already is the one that we would create.
//!
//! What is expected is asked of a table that our own definition makes in memory, so that it is written down only once.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row};

use crate::table::Table;

const KIND: &str = "
SELECT CASE WHEN type = 'view' THEN 'a view' WHEN rootpage = 0 THEN 'a virtual table' ELSE 'a table' END
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE";

const COLUMNS: &str = r#"SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid"#;

const HAS_KEY_INDEX: &str = "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) WHERE origin = 'pk')";

const HAS_INDEX: &str = r#"
SELECT EXISTS (
    SELECT 1
    FROM pragma_index_list(?1) AS list
    WHERE list.partial = 0
      AND (SELECT group_concat(iif(part.coll = 'BINARY', part.name, ''), ', ' ORDER BY part.seqno)
           FROM pragma_index_xinfo(list.name) AS part
           WHERE part."key" = 1) = ?2)"#;

/// The first thing about a table that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Something else has the table's name.
    NotATable {
        /// What it is, with its article.
        found: &'static str,
    },
    /// A column is another one.
    WrongColumn {
        /// Its place, from 1.
        position: usize,
        /// What is there.
        found: String,
        /// What must be there.
        expected: String,
    },
    /// The table ends too early.
    MissingColumn {
        /// Its place, from 1.
        position: usize,
        /// What must be there.
        expected: String,
    },
    /// The table goes on where it should end.
    ExtraColumn {
        /// Its place, from 1.
        position: usize,
        /// What is there.
        found: String,
    },
    /// The primary key has an index of its own: it gets no number when a row is inserted.
    KeyIsNotRowId,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATable { found } => write!(formatter, "it is {found}, not a table"),
            Self::WrongColumn { position, found, expected } => {
                write!(formatter, "column {position} is {found}, not {expected}")
            }
            Self::MissingColumn { position, expected } => {
                write!(formatter, "column {position} is missing, {expected}")
            }
            Self::ExtraColumn { position, found } => write!(formatter, "column {position} is one too many, {found}"),
            Self::KeyIsNotRowId => write!(formatter, "its primary key is not the row id"),
        }
    }
}

/// Whether there is a table of this name.
pub(super) fn has_table(connection: &Connection, table: &Table) -> rusqlite::Result<bool> {
    let kind: Option<String> = connection.query_row(KIND, [table.name], |row| row.get(0)).optional()?;
    Ok(kind.as_deref() == Some("a table"))
}

/// Compares the table with our own definition of it; a table that is missing fits.
pub(super) fn first_mismatch(connection: &Connection, table: &Table) -> rusqlite::Result<Option<Mismatch>> {
    let kind: Option<String> = connection.query_row(KIND, [table.name], |row| row.get(0)).optional()?;
    match kind.as_deref() {
        None => return Ok(None),
        Some("a view") => return Ok(Some(Mismatch::NotATable { found: "a view" })),
        Some("a virtual table") => return Ok(Some(Mismatch::NotATable { found: "a virtual table" })),
        Some(_) => {}
    }
    let memory = Connection::open_in_memory()?;
    memory.execute_batch(table.create)?;
    let mismatch = first_difference(&columns(connection, table.name)?, &columns(&memory, table.name)?);
    if mismatch.is_some() {
        return Ok(mismatch);
    }
    let lacks_row_id = has_key_index(connection, table)? && !has_key_index(&memory, table)?;
    Ok(lacks_row_id.then_some(Mismatch::KeyIsNotRowId))
}

/// Whether the table has an index over `columns` and nothing else, under whatever name.
pub(super) fn has_index(connection: &Connection, table: &Table, columns: &str) -> rusqlite::Result<bool> {
    connection.query_row(HAS_INDEX, [table.name, columns], |row| row.get(0))
}

fn first_difference(found: &[Column], expected: &[Column]) -> Option<Mismatch> {
    (0..found.len().max(expected.len())).find_map(|index| {
        let position = index + 1;
        match (found.get(index), expected.get(index)) {
            (Some(found), Some(expected)) if found.is_same_as(expected) => None,
            (Some(found), Some(expected)) => {
                Some(Mismatch::WrongColumn { position, found: found.to_string(), expected: expected.to_string() })
            }
            (None, Some(expected)) => Some(Mismatch::MissingColumn { position, expected: expected.to_string() }),
            (Some(found), None) => Some(Mismatch::ExtraColumn { position, found: found.to_string() }),
            (None, None) => None,
        }
    })
}

fn has_key_index(connection: &Connection, table: &Table) -> rusqlite::Result<bool> {
    connection.query_row(HAS_KEY_INDEX, [table.name], |row| row.get(0))
}

fn columns(connection: &Connection, table_name: &str) -> rusqlite::Result<Vec<Column>> {
    connection.prepare(COLUMNS)?.query_map([table_name], Column::read)?.collect()
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    sql_type: String,
    is_not_null: bool,
    /// Its place in the primary key, from 1; 0 outside of it.
    key_position: i64,
    /// 0 for a plain column; others are hidden or generated.
    special: i64,
}

impl Column {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            sql_type: row.get(1)?,
            is_not_null: row.get(2)?,
            key_position: row.get(3)?,
            special: row.get(4)?,
        })
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.sql_type.eq_ignore_ascii_case(&other.sql_type)
            && (self.is_not_null, self.key_position, self.special)
                == (other.is_not_null, other.key_position, other.special)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.name.escape_debug(), self.sql_type.escape_debug())?;
        if self.key_position > 0 {
            formatter.write_str(" PRIMARY KEY")?;
        }
        if self.is_not_null {
            formatter.write_str(" NOT NULL")?;
        }
        if self.special > 0 {
            formatter.write_str(" GENERATED")?;
        }
        Ok(())
    }
}
