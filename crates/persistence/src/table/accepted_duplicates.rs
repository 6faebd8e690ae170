//! The table `accepted_duplicates`: groups of duplicates that a user accepted.
//!
//! It does not depend on runs. Rows are never removed; a row that is no longer valid has the moment of its revocation.

use rusqlite::{Connection, Result, Row, Statement, params};

use super::{Index, Table, read_number};
use crate::{Acceptance, AcceptedDuplicate};

pub(crate) const TABLE: Table = Table {
    name: "accepted_duplicates",
    create: "
CREATE TABLE IF NOT EXISTS accepted_duplicates (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    group_id TEXT NOT NULL,
    copy_count INTEGER NOT NULL,
    example TEXT NOT NULL,
    reason TEXT NOT NULL,
    owner TEXT,
    accepted_at TEXT NOT NULL,
    until TEXT,
    revoked_at TEXT
)",
    indexes: &[Index {
        columns: "group_id",
        create: "CREATE INDEX IF NOT EXISTS idx_accepted_duplicates_group_id ON accepted_duplicates(group_id)",
    }],
    guards: &[],
    insert: "
INSERT INTO accepted_duplicates (channel, group_id, copy_count, example, reason, owner, accepted_at, until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
};

const ALL: &str = "
SELECT id, channel, group_id, copy_count, example, reason, owner, accepted_at, until, revoked_at
FROM accepted_duplicates
ORDER BY id";

const REVOKE: &str = "UPDATE accepted_duplicates SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";

const REVOKE_GROUP: &str = "
UPDATE accepted_duplicates
SET revoked_at = ?3
WHERE channel = ?1 AND group_id = ?2 AND revoked_at IS NULL";

/// Inserts one row; returns the number of rows written.
pub(crate) fn insert(statement: &mut Statement<'_>, acceptance: &Acceptance, at: &str) -> Result<usize> {
    statement.execute(params![
        acceptance.channel,
        acceptance.group_id,
        acceptance.copy_count,
        acceptance.example,
        acceptance.reason,
        acceptance.owner,
        at,
        acceptance.until,
    ])
}

/// Every row, oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<AcceptedDuplicate>> {
    connection.prepare(ALL)?.query_map([], read)?.collect()
}

/// Revokes one valid row; returns the number of rows changed.
pub(crate) fn revoke(connection: &Connection, id: i64, at: &str) -> Result<usize> {
    connection.execute(REVOKE, params![id, at])
}

/// Revokes every valid row of one group.
pub(crate) fn revoke_group(connection: &Connection, channel: &str, group_id: &str, at: &str) -> Result<usize> {
    connection.execute(REVOKE_GROUP, [channel, group_id, at])
}

fn read(row: &Row<'_>) -> Result<AcceptedDuplicate> {
    Ok(AcceptedDuplicate {
        id: row.get(0)?,
        what: Acceptance {
            channel: row.get(1)?,
            group_id: row.get(2)?,
            copy_count: u32::try_from(read_number(row, 3)?).unwrap_or(u32::MAX),
            example: row.get(4)?,
            reason: row.get(5)?,
            owner: row.get(6)?,
            until: row.get(8)?,
        },
        accepted_at: row.get(7)?,
        revoked_at: row.get(9)?,
    })
}
