//! What the snapshots still hold of a unit before and after a transition.
//!
//! Between two transitions code and intent stay as they are, so that any snapshot of that time has them: where that of the
//! transition itself was pruned, another one will do.

use std::ops::RangeInclusive;

use cds_persistence::{RecordedUnit, SqliteReader, StoredUnit, UnitLocation, UnitRecord};

use super::Step;
use crate::failure::{Failure, database_failure};

/// The word of the transition after which a unit is not there.
const REMOVED: &str = "removed";

/// One side of a transition.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The unit was not there.
    Nothing,
    /// Its record.
    Stored(Box<RecordedUnit>),
    /// A record that has another hash than the history says, or than it was written with.
    Altered(Box<RecordedUnit>),
    /// Every snapshot that had it was pruned.
    Pruned,
    /// It cannot be found where it should be.
    Missing,
}

/// Both sides of a transition.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) before: Side,
    pub(super) after: Side,
}

impl Side {
    /// The word for programs.
    pub(super) const fn state(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Stored(_) => "stored",
            Self::Altered(_) => "altered",
            Self::Pruned => "pruned",
            Self::Missing => "missing",
        }
    }

    /// What is there to be shown.
    pub(super) fn record(&self) -> Option<&RecordedUnit> {
        match self {
            Self::Stored(record) | Self::Altered(record) => Some(record),
            Self::Nothing | Self::Pruned | Self::Missing => None,
        }
    }

    /// Whether it is known what was there, and be it nothing.
    pub(super) const fn is_known(&self) -> bool {
        !matches!(self, Self::Pruned | Self::Missing)
    }
}

impl Sides {
    /// Reads both sides of the transition at `index`.
    pub(super) fn read(
        reader: &SqliteReader,
        unit: &StoredUnit,
        steps: &[Step],
        index: usize,
    ) -> Result<Self, Failure> {
        let step = &steps[index];
        let Some(metadata) = &step.metadata else { return Ok(Self { before: Side::Missing, after: Side::Missing }) };
        let before = match &step.row.previous_content_hash {
            None => Side::Nothing,
            Some(hash) => find(reader, &metadata.place_before(unit), stretch_before(steps, index), true, hash)?,
        };
        let after = match &step.row.content_hash {
            None => Side::Nothing,
            Some(hash) => find(reader, &metadata.place(unit), stretch(steps, index), false, hash)?,
        };
        Ok(Self { before, after })
    }

    /// Whether one of them is not what it was.
    pub(super) const fn is_altered(&self) -> bool {
        matches!(self.before, Side::Altered(_)) || matches!(self.after, Side::Altered(_))
    }
}

/// The runs from a transition to the one before the next.
fn stretch(steps: &[Step], index: usize) -> RangeInclusive<i64> {
    let end = steps.get(index + 1).map_or(i64::MAX, |next| next.row.run_id.0.saturating_sub(1));
    steps[index].row.run_id.0..=end
}

/// The runs in which the unit was last there before a transition.
fn stretch_before(steps: &[Step], index: usize) -> RangeInclusive<i64> {
    let last = (0..index).rfind(|place| steps[*place].row.transition != REMOVED);
    last.map_or(0..=steps[index].row.run_id.0.saturating_sub(1), |place| stretch(steps, place))
}

fn find(
    reader: &SqliteReader,
    place: &UnitLocation<'_>,
    among: RangeInclusive<i64>,
    newest_first: bool,
    hash: &str,
) -> Result<Side, Failure> {
    Ok(match reader.unit_record(place, among, newest_first).map_err(database_failure)? {
        UnitRecord::Stored(record) => {
            // In another snapshot than the nearest the unit may stand on other lines, and the hash of the transition tells
            // nothing; its own does.
            let is_right = if record.is_nearest { record.content_hash == hash } else { record.is_as_written };
            if is_right { Side::Stored(record) } else { Side::Altered(record) }
        }
        UnitRecord::Pruned => Side::Pruned,
        UnitRecord::Missing => Side::Missing,
    })
}
