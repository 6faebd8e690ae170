//! Accepted groups of duplicates.

use serde::Serialize;

/// One acceptance and its reason; `docs/schema.md` describes the columns of `accepted_duplicates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acceptance {
    /// The channel of the search that found the group.
    pub channel: String,
    /// The fingerprint of the group.
    pub group_id: String,
    /// The number of copies.
    pub copy_count: u32,
    /// `file:line` of the first copy.
    pub example: String,
    /// Why the copies may stay.
    pub reason: String,
    /// Who is responsible for that.
    pub owner: Option<String>,
    /// The last day on which it is valid, `YYYY-MM-DD` in UTC; `None` until it is revoked.
    pub until: Option<String>,
}

/// A row of `accepted_duplicates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptedDuplicate {
    /// Its number.
    pub id: i64,
    /// The acceptance.
    #[serde(flatten)]
    pub what: Acceptance,
    /// When it was accepted; RFC 3339 as stored.
    pub accepted_at: String,
    /// When it was revoked or replaced by another row.
    pub revoked_at: Option<String>,
}
