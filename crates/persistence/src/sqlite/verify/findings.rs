//! Collects deviations.

use std::collections::HashSet;

use crate::{Deviation, DeviationKind, RunId};

/// Collects the first deviation of each kind and run, up to a limit, and the count of all.
#[derive(Debug)]
pub(super) struct Findings {
    deviations: Vec<Deviation>,
    count: u64,
    limit: usize,
    reported: HashSet<(DeviationKind, Option<RunId>)>,
}

impl Findings {
    pub(super) fn new(limit: usize) -> Self {
        Self { deviations: Vec::new(), count: 0, limit, reported: HashSet::new() }
    }

    /// Adds a deviation; `describe` is called only if it is reported.
    pub(super) fn add(&mut self, kind: DeviationKind, run: Option<RunId>, describe: impl FnOnce() -> Deviation) {
        self.count = self.count.saturating_add(1);
        if self.deviations.len() < self.limit && self.reported.insert((kind, run)) {
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
