//! What a transition tells beside its columns.

use cds_persistence::{StoredUnit, UnitLocation, UnitTransition};
use serde::Deserialize;

/// Where the unit is after the transition, or was before it was removed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Metadata {
    pub(super) file_path: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) ordinal: u32,
    #[serde(default)]
    pub(super) start_line: Option<u32>,
    #[serde(default)]
    pub(super) end_line: Option<u32>,
    /// What is another one: `code`, `intent`.
    #[serde(default)]
    pub(super) changed: Vec<String>,
    /// Where it was before it moved.
    #[serde(default)]
    pub(super) from: Option<Origin>,
}

/// An earlier name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Origin {
    pub(super) file_path: String,
    pub(super) name: String,
    pub(super) ordinal: u32,
}

impl Metadata {
    /// `None` if it cannot be parsed.
    pub(super) fn of(transition: &UnitTransition) -> Option<Self> {
        serde_json::from_str(&transition.metadata).ok()
    }

    /// Where the unit stood after the transition.
    pub(super) fn place<'a>(&'a self, unit: &'a StoredUnit) -> UnitLocation<'a> {
        let Self { file_path, kind, name, ordinal, .. } = self;
        UnitLocation { project: &unit.project, part: &unit.part, file_path, kind, name, ordinal: *ordinal }
    }

    /// Where it stood before.
    pub(super) fn place_before<'a>(&'a self, unit: &'a StoredUnit) -> UnitLocation<'a> {
        let place = self.place(unit);
        match &self.from {
            Some(Origin { file_path, name, ordinal }) => UnitLocation { file_path, name, ordinal: *ordinal, ..place },
            None => place,
        }
    }
}
