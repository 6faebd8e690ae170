//! The units of a project as they were last seen, without their names.

use cds_model::{FieldHasher, Fingerprint, HistoryContext, UnitKey};

use super::super::database::Database;
use crate::{
    Error, Step,
    table::units::{self, UnitState},
};

/// A unit as it was last seen.
#[derive(Debug, Clone)]
pub(super) struct KnownUnit {
    pub(super) id: i64,
    /// Which of its names it was in its file, from 1.
    pub(super) ordinal: u32,
    pub(super) state: UnitState,
}

/// Units by the hash of their names without the number.
pub(super) struct KnownUnits {
    /// By the hash of the names, then the number.
    units: Vec<(u128, KnownUnit)>,
    /// Whether a unit is in the snapshot that is written, in the same order.
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

    /// Where units are that were there under these names and are not in the snapshot yet.
    pub(super) fn present(&self, names_hash: u128) -> impl Iterator<Item = usize> + '_ {
        self.places(names_hash).filter(|place| self.units[*place].1.state.is_present && !self.are_seen[*place])
    }

    /// The unit at a place.
    pub(super) fn at(&self, place: usize) -> &KnownUnit {
        &self.units[place].1
    }

    /// The unit at a place, which is from now on in the snapshot.
    pub(super) fn take(&mut self, place: usize) -> KnownUnit {
        self.are_seen[place] = true;
        self.units[place].1.clone()
    }

    /// Of the units that were removed under these names and are wanted, the last that was new.
    pub(super) fn removed(&self, names_hash: u128, is_wanted: impl Fn(&KnownUnit) -> bool) -> Option<&KnownUnit> {
        let units = self.places(names_hash).rev().map(|place| &self.units[place].1);
        units.filter(|unit| !unit.state.is_present).find(|unit| is_wanted(unit))
    }

    /// The units that were there and are not in the snapshot, in the order of their numbers.
    pub(super) fn missing(&self) -> Vec<&KnownUnit> {
        let all = self.units.iter().zip(&self.are_seen);
        let mut missing: Vec<&KnownUnit> =
            all.filter(|((_, unit), is_seen)| unit.state.is_present && !**is_seen).map(|((_, unit), _)| unit).collect();
        missing.sort_unstable_by_key(|unit| unit.id);
        missing
    }

    fn places(&self, hash: u128) -> std::ops::Range<usize> {
        let first = self.units.partition_point(|(other, _)| *other < hash);
        let count = self.units[first..].iter().take_while(|(other, _)| *other == hash).count();
        first..first + count
    }
}

/// The first half of a SHA-256 over the names: no two of them will ever share it.
pub(in super::super) fn hash(key: &UnitKey<'_>) -> u128 {
    let fields = [key.file_path.into(), key.kind.into(), key.name.into(), key.ordinal.into()];
    first_half(FieldHasher::hash("cds unit 1", fields))
}

/// The same over the names without the number, by which namesakes find each other.
pub(super) fn names_hash(key: &UnitKey<'_>) -> u128 {
    first_half(FieldHasher::hash("cds unit names 1", [key.file_path.into(), key.kind.into(), key.name.into()]))
}

fn first_half(Fingerprint(bytes): Fingerprint) -> u128 {
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    u128::from_be_bytes(half)
}
