//! Finds the number of calls in flight at which a provider is fastest: hill climbing over 1, 2, 4, … 64.
//!
//! The signal is throughput, as Little's law gives it: calls in flight divided by their mean latency. It needs no
//! window of wall time, so that answers that come in bursts do not blur it, and only calls that were sent while the
//! number was in force count. A step up stays when throughput grows by a tenth, a step down stays when it does not
//! shrink by a twentieth: where only latency differs, the smaller number wins. What was found is held for a while and
//! then tried again, more and more rarely. An overload that the provider reports halves the number at once.
//!
//! Two bounds hold for every number: the slots of the server where it tells them, and half of the time-out. A server with one
//! slot lets every call wait for all before it, so that more calls at once would make time-outs of their own.

use std::time::Duration;

use tokio::time::Instant;

use super::concurrency::Observed;

const FIRST_LEVEL: usize = 4;
const HIGHEST_LEVEL: usize = 64;
const GAIN_TO_STAY_UP: f64 = 1.10;
const LOSS_TO_STAY_DOWN: f64 = 0.95;
/// A step down that costs so much is not measured to the end.
const LOSS_TO_STOP_AT_ONCE: f64 = 0.75;
/// Answers that one measurement takes at least: a quick look while nothing is known, a closer one later.
const QUICK_ANSWERS: usize = 16;
const CAREFUL_ANSWERS: usize = 64;
/// Measurements between two searches, at first and at last.
const SHORTEST_HOLD: u32 = 2;
const LONGEST_HOLD: u32 = 16;

/// The state of the search.
#[derive(Debug)]
pub(crate) struct Climb {
    level: usize,
    stage: Stage,
    hold: u32,
    /// Whether the first search is over.
    is_careful: bool,
    changed_at: Option<Instant>,
    settling_count: usize,
    settled_at: Option<Instant>,
    measured: Vec<Duration>,
    /// The highest number that the server has slots for.
    highest: usize,
    /// The time that as many calls in a row may take as are in flight.
    longest_queue: Duration,
    /// The fastest call, but for the first, which may have waited for the model to be loaded.
    fastest: Option<Duration>,
    has_first: bool,
}

/// What the measurement under way is for; `before` is the throughput at the level that was left.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Twice as many are tried; `has_climbed` where less is known to be slower.
    Up { before: f64, has_climbed: bool },
    /// Half as many are tried.
    Down { before: f64 },
    /// So many measurements are left until the next search.
    Hold { left: u32 },
}

impl Climb {
    /// A search for a server with so many slots, where that is known, whose calls may take `request_timeout`.
    pub(crate) fn new(slots: Option<usize>, request_timeout: Duration) -> Self {
        let highest = slots.unwrap_or(HIGHEST_LEVEL).clamp(1, HIGHEST_LEVEL);
        Self {
            level: FIRST_LEVEL.min(highest),
            highest,
            longest_queue: request_timeout / 2,
            fastest: None,
            has_first: false,
            stage: Stage::Hold { left: 1 },
            hold: SHORTEST_HOLD,
            is_careful: false,
            changed_at: None,
            settling_count: FIRST_LEVEL,
            settled_at: None,
            measured: Vec::new(),
        }
    }

    /// Calls in flight at most.
    pub(crate) fn level(&self) -> usize {
        self.level
    }

    /// An answer came at `now`.
    pub(crate) fn answered(&mut self, now: Instant, call: Observed) {
        self.learn(now, call.latency);
        let Some(settled_at) = self.settled_at else {
            // As many answers as there are calls in flight belong to the level before.
            self.settling_count = self.settling_count.saturating_sub(1);
            if self.settling_count == 0 {
                self.settled_at = Some(now);
            }
            return;
        };
        if call.sent < settled_at || call.in_flight < self.level {
            return;
        }
        self.measured.push(call.latency);
        let count = self.measured.len();
        if count >= self.window() || count == self.quick_window() {
            let throughput = throughput(self.level, &self.measured);
            if count >= self.window() {
                self.measured.clear();
                self.decide(now, throughput);
            } else if let Stage::Down { before } = self.stage
                && throughput < before * LOSS_TO_STOP_AT_ONCE
            {
                self.rest(now, self.level * 2);
            }
        }
    }

    /// Goes down at once where the calls in flight would wait too long for each other.
    fn learn(&mut self, now: Instant, latency: Duration) {
        if !std::mem::replace(&mut self.has_first, true) {
            return;
        }
        self.fastest = Some(self.fastest.map_or(latency, |fastest| fastest.min(latency)));
        let bound = self.bound();
        if self.level > bound {
            self.rest(now, bound);
        }
    }

    /// The highest number that is allowed by what is known.
    fn bound(&self) -> usize {
        let fitting = |fastest: Duration| self.longest_queue.as_nanos() / fastest.as_nanos().max(1);
        let by_time =
            self.fastest.map_or(HIGHEST_LEVEL, |fastest| usize::try_from(fitting(fastest)).unwrap_or(HIGHEST_LEVEL));
        by_time.clamp(1, self.highest)
    }

    /// The provider has too much to do, as a call showed that was sent at `sent`.
    pub(crate) fn overloaded(&mut self, now: Instant, sent: Instant) {
        // Calls that were sent before the last change say nothing about the present level.
        if self.changed_at.is_some_and(|changed_at| sent < changed_at) {
            return;
        }
        self.is_careful = true;
        self.stage = Stage::Hold { left: self.hold };
        self.set_level(now, (self.level / 2).max(1));
    }

    /// Answers that this measurement takes.
    fn window(&self) -> usize {
        if self.is_careful { (4 * self.level).max(CAREFUL_ANSWERS) } else { self.quick_window() }
    }

    fn quick_window(&self) -> usize {
        (2 * self.level).max(QUICK_ANSWERS)
    }

    fn decide(&mut self, now: Instant, throughput: f64) {
        match self.stage {
            Stage::Hold { left: 0 | 1 } => self.search(now, throughput),
            Stage::Hold { left } => self.stage = Stage::Hold { left: left - 1 },
            Stage::Up { before, .. } if throughput >= before * GAIN_TO_STAY_UP => {
                self.hold = SHORTEST_HOLD;
                self.try_more(now, throughput, true);
            }
            Stage::Up { has_climbed: true, .. } => self.rest(now, self.level / 2),
            // Back to the level before is on the way to half of it, and its throughput is known.
            Stage::Up { before, .. } if self.level > 2 => self.step(now, self.level / 4, Stage::Down { before }),
            Stage::Up { .. } => self.rest(now, self.level / 2),
            Stage::Down { before } if throughput >= before * LOSS_TO_STAY_DOWN => {
                self.hold = SHORTEST_HOLD;
                self.try_less(now, throughput);
            }
            Stage::Down { .. } => self.rest(now, self.level * 2),
        }
    }

    fn search(&mut self, now: Instant, throughput: f64) {
        if self.can_double() {
            self.try_more(now, throughput, false);
        } else {
            self.try_less(now, throughput);
        }
    }

    fn try_more(&mut self, now: Instant, throughput: f64, has_climbed: bool) {
        if self.can_double() {
            self.step(now, self.level * 2, Stage::Up { before: throughput, has_climbed });
        } else {
            self.rest(now, self.level);
        }
    }

    fn can_double(&self) -> bool {
        self.level * 2 <= self.bound()
    }

    fn try_less(&mut self, now: Instant, throughput: f64) {
        if self.level > 1 {
            self.step(now, self.level / 2, Stage::Down { before: throughput });
        } else {
            self.rest(now, self.level);
        }
    }

    fn rest(&mut self, now: Instant, level: usize) {
        self.is_careful = true;
        self.step(now, level, Stage::Hold { left: self.hold });
        self.hold = (self.hold * 2).min(LONGEST_HOLD);
    }

    fn step(&mut self, now: Instant, level: usize, stage: Stage) {
        self.stage = stage;
        self.set_level(now, level);
    }

    fn set_level(&mut self, now: Instant, level: usize) {
        if self.level != level {
            self.level = level;
            self.changed_at = Some(now);
            self.settling_count = level;
            self.settled_at = None;
        }
        self.measured.clear();
    }
}

/// Answers a second when `level` calls are in flight (Little's law).
fn throughput(level: usize, latencies: &[Duration]) -> f64 {
    let seconds: f64 = latencies.iter().map(Duration::as_secs_f64).sum();
    let count = u32::try_from(latencies.len() * level).unwrap_or(u32::MAX);
    f64::from(count) / seconds.max(1e-9)
}

#[cfg(test)]
#[path = "climb_tests.rs"]
mod tests;
