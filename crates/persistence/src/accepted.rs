//! Groups of duplicates that somebody accepted.

/// What somebody accepts, and why; the columns of `accepted_duplicates` are described in `docs/schema.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// In which sense the copies say the same; the word of the search.
    pub channel: String,
    /// The fingerprint of what they say.
    pub group_id: String,
    /// How many copies there were.
    pub copy_count: u32,
    /// `file:line` of the first of them.
    pub example: String,
    /// Why they may stay.
    pub reason: String,
    /// Who answers for that.
    pub owner: Option<String>,
    /// The last day on which it counts, `YYYY-MM-DD` in UTC; none for as long as nobody revokes it.
    pub until: Option<String>,
}

/// A row of `accepted_duplicates`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedDuplicate {
    /// Its number.
    pub id: i64,
    /// What was accepted.
    pub what: Acceptance,
    /// When; RFC 3339 as it is stored.
    pub accepted_at: String,
    /// When it was taken back, or another row took its place.
    pub revoked_at: Option<String>,
}
