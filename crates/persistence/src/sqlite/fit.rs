//! Compares an existing table with our own definition.
//!
//! The expected columns are read from a table that our definition creates in memory, so that they are written only
//! once.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, Row};

use crate::table::{self, Table, as_stored};

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

/// The first difference between a table and its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Something else has the name of the table.
    NotATable {
        /// What it is, with an article.
        found: &'static str,
    },
    /// A column differs.
    WrongColumn {
        /// Its position, from 1.
        position: usize,
        /// The column found.
        found: String,
        /// The column expected.
        expected: String,
    },
    /// A column is missing at the end.
    MissingColumn {
        /// Its position, from 1.
        position: usize,
        /// The column expected.
        expected: String,
    },
    /// There is an additional column at the end.
    ExtraColumn {
        /// Its position, from 1.
        position: usize,
        /// The column found.
        found: String,
    },
    /// The primary key has its own index, so it is not the row id and gets no number on insert.
    KeyIsNotRowId,
    /// A view of the compact layout has another definition.
    OtherView,
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
            Self::ExtraColumn { position, found } => write!(formatter, "column {position} is not expected: {found}"),
            Self::KeyIsNotRowId => write!(formatter, "its primary key is not the row id"),
            Self::OtherView => write!(formatter, "its view is not the one of the compact layout"),
        }
    }
}

const VIEW: &str = "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?1";

/// Whether a table of this name exists, or the view of the compact layout that stands for it.
pub(super) fn has_table(connection: &Connection, table: &Table) -> rusqlite::Result<bool> {
    let kind: Option<String> = connection.query_row(KIND, [table.name], |row| row.get(0)).optional()?;
    Ok(match kind.as_deref() {
        Some("a table") => true,
        Some("a view") => {
            let is_ours = |ours: &&&Table| ours.name == table.name && ours.is_view();
            table::of_layout(table::layout(connection)?).iter().any(|ours| is_ours(&ours))
        }
        _ => false,
    })
}

/// Compares the table with our own definition; a missing table fits.
pub(super) fn first_mismatch(connection: &Connection, table: &Table) -> rusqlite::Result<Option<Mismatch>> {
    if table.is_view() {
        let stored: Option<String> = connection.query_row(VIEW, [table.name], |row| row.get(0)).optional()?;
        let is_ours = stored.is_none_or(|sql| sql == as_stored(table.create));
        return Ok((!is_ours).then_some(Mismatch::OtherView));
    }
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

/// Whether the table has an index over exactly `columns`, under any name.
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
    /// Its position in the primary key, from 1; 0 if it is not part of it.
    key_position: i64,
    /// 0 for a normal column; other values are hidden or generated columns.
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
