//! The list of what is not as it was written.

use std::collections::HashSet;

use crate::{Deviation, DeviationKind, RunId};

/// Collects deviations: of each kind and run the first, up to a limit, and the number of all.
#[derive(Debug)]
pub(super) struct Findings {
    deviations: Vec<Deviation>,
    count: u64,
    limit: usize,
    told: HashSet<(DeviationKind, Option<RunId>)>,
}

impl Findings {
    pub(super) fn new(limit: usize) -> Self {
        Self { deviations: Vec::new(), count: 0, limit, told: HashSet::new() }
    }

    /// Adds one; `describe` is only asked where it is to be told.
    pub(super) fn add(&mut self, kind: DeviationKind, run: Option<RunId>, describe: impl FnOnce() -> Deviation) {
        self.count = self.count.saturating_add(1);
        if self.deviations.len() < self.limit && self.told.insert((kind, run)) {
            let mut deviation = describe();
            deviation.run = run;
            self.deviations.push(deviation);
        }
    }

    /// Adds one of a table that belongs to no run.
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
