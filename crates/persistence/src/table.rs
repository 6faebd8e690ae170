//! The tables: each file holds one table's definition and statements.
//!
//! A table of the tool's own points at `runs` or `records`; these two are a published contract and get no new column.

pub(crate) mod analyzer_errors;
pub(crate) mod records;
pub(crate) mod runs;

/// One table as this program creates and fills it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// Creates it where it is missing.
    pub(crate) create: &'static str,
    pub(crate) indexes: &'static [Index],
    /// Writes one row.
    pub(crate) insert: &'static str,
}

/// An index over one column.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) column: &'static str,
    pub(crate) create: &'static str,
}

/// Every table, in the order in which they must be created.
pub(crate) const TABLES: [&Table; 3] = [&runs::TABLE, &records::TABLE, &analyzer_errors::TABLE];

/// The tables of the contract; a database that has content and none of them is not ours.
pub(crate) const CONTRACT_TABLES: [&Table; 2] = [&runs::TABLE, &records::TABLE];
