//! The definitions of a project in their last known state, without their names.

use cds_model::{FieldHasher, Fingerprint, HistoryContext, UnitKey};

use super::super::database::Database;
use crate::{
    Error, Step,
    table::units::{self, UnitState},
};

/// The last known state of a definition.
#[derive(Debug, Clone)]
pub(super) struct KnownUnit {
    pub(super) id: i64,
    /// Its ordinal among equal names in its file, from 1.
    pub(super) ordinal: u32,
    pub(super) state: UnitState,
}

/// Definitions, found by the hash of their names without the ordinal.
pub(super) struct KnownUnits {
    /// Sorted by the hash of the names, then the id.
    units: Vec<(u128, KnownUnit)>,
    /// For each unit, whether it is in the snapshot that is being written.
    are_seen: Vec<bool>,
}

impl KnownUnits {
    pub(super) fn load(database: &Database, context: &HistoryContext) -> Result<Self, Error> {
        let mut loaded = Vec::new();
        units::of_project(&database.connection, context, &mut |id, key, state| {
            loaded.push((names_hash(&key), KnownUnit { id, ordinal: key.ordinal, state }));
        })
        .map_err(|cause| database.error(Step::ReadUnits, cause))?;
        loaded.sort_unstable_by_key(|(hash, unit)| (*hash, unit.id));
        let are_seen = vec![false; loaded.len()];
        Ok(Self { units: loaded, are_seen })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The indexes of present units with these names that are not in the snapshot yet.
    pub(super) fn present(&self, names_hash: u128) -> impl Iterator<Item = usize> + '_ {
        self.indexes(names_hash).filter(|index| self.units[*index].1.state.is_present && !self.are_seen[*index])
    }

    /// The unit at an index.
    pub(super) fn at(&self, index: usize) -> &KnownUnit {
        &self.units[index].1
    }

    /// The unit at an index, which is marked as part of the snapshot.
    pub(super) fn take(&mut self, index: usize) -> KnownUnit {
        self.are_seen[index] = true;
        self.units[index].1.clone()
    }

    /// The newest removed unit with these names that is wanted.
    pub(super) fn removed(&self, names_hash: u128, is_wanted: impl Fn(&KnownUnit) -> bool) -> Option<&KnownUnit> {
        let units = self.indexes(names_hash).rev().map(|index| &self.units[index].1);
        units.filter(|unit| !unit.state.is_present).find(|unit| is_wanted(unit))
    }

    /// The present units that are not in the snapshot, ordered by id.
    pub(super) fn missing(&self) -> Vec<&KnownUnit> {
        let all = self.units.iter().zip(&self.are_seen);
        let mut missing: Vec<&KnownUnit> =
            all.filter(|((_, unit), is_seen)| unit.state.is_present && !**is_seen).map(|((_, unit), _)| unit).collect();
        missing.sort_unstable_by_key(|unit| unit.id);
        missing
    }

    fn indexes(&self, hash: u128) -> std::ops::Range<usize> {
        let first = self.units.partition_point(|(other, _)| *other < hash);
        let count = self.units[first..].iter().take_while(|(other, _)| *other == hash).count();
        first..first + count
    }
}

/// The first half of a SHA-256 over the names; a collision is practically impossible.
pub(in super::super) fn hash(key: &UnitKey<'_>) -> u128 {
    let fields = [key.file_path.into(), key.kind.into(), key.name.into(), key.ordinal.into()];
    first_half(FieldHasher::hash("cds unit 1", fields))
}

/// The same without the ordinal; it finds namesakes.
pub(super) fn names_hash(key: &UnitKey<'_>) -> u128 {
    first_half(FieldHasher::hash("cds unit names 1", [key.file_path.into(), key.kind.into(), key.name.into()]))
}

fn first_half(Fingerprint(bytes): Fingerprint) -> u128 {
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    u128::from_be_bytes(half)
}
