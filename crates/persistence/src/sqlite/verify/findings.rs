//! Collects deviations.
//!
//! In the compact layout one altered row alters records of many runs, so there each record is reported.

use std::collections::HashSet;

use crate::{Deviation, DeviationKind, Layout, RunId};

/// Collects the first deviation of each kind and run, up to a limit, and the count of all.
#[derive(Debug)]
pub(super) struct Findings {
    deviations: Vec<Deviation>,
    count: u64,
    limit: usize,
    reported: HashSet<(DeviationKind, Option<RunId>)>,
    /// Whether every altered record is reported.
    names_records: bool,
}

/// The kinds of deviations of a record.
const OF_RECORDS: [DeviationKind; 3] = [DeviationKind::Record, DeviationKind::RecordHash, DeviationKind::Unpaired];

impl Findings {
    pub(super) fn new(limit: usize, layout: Layout) -> Self {
        let names_records = layout == Layout::Compact;
        Self { deviations: Vec::new(), count: 0, limit, reported: HashSet::new(), names_records }
    }

    /// Adds a deviation; `describe` is called only if it is reported.
    pub(super) fn add(&mut self, kind: DeviationKind, run: Option<RunId>, describe: impl FnOnce() -> Deviation) {
        self.count = self.count.saturating_add(1);
        let is_new = self.reported.insert((kind, run)) || (self.names_records && OF_RECORDS.contains(&kind));
        if self.deviations.len() < self.limit && is_new {
            let mut deviation = describe();
            deviation.run = run;
            self.deviations.push(deviation);
        }
    }

    /// Adds a deviation of a table without runs.
    pub(super) fn push(&mut self, deviation: Deviation) {
        self.count = self.count.saturating_add(1);
        if self.deviations.len() < self.limit {
            self.deviations.push(deviation);
        }
    }

    pub(super) fn into_parts(self) -> (Vec<Deviation>, u64) {
        (self.deviations, self.count)
    }
}
