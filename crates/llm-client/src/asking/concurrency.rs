//! How many calls may be in flight: a fixed number, or one found by hill climbing over 1, 2, 4, … 64.
//!
//! The signal is throughput by Little's law: calls in flight divided by their mean latency. It needs no time window, so
//! bursts of answers do not distort it. Only calls sent at the current number count. A step up stays if throughput
//! grows by a tenth. A step down stays if throughput does not shrink by a twentieth: if only latency differs, the
//! smaller number wins. The result is held for a while and then tested again, at growing intervals. A reported overload
//! halves the number at once.
//!
//! Two bounds always hold: the server's slots, if it reports them, and half of the time-out. On a server with one slot
//! every call waits for all earlier ones, so more concurrent calls would cause time-outs.

use std::{num::NonZeroUsize, time::Duration};

use tokio::time::Instant;

const FIRST_LEVEL: usize = 4;
const HIGHEST_LEVEL: usize = 64;
const GAIN_TO_STAY_UP: f64 = 1.10;
const LOSS_TO_STAY_DOWN: f64 = 0.95;
/// A step down that loses this much ends its measurement early.
const LOSS_TO_STOP_AT_ONCE: f64 = 0.75;
/// The minimum number of answers in a measurement: few in the first search, more later.
const QUICK_ANSWERS: usize = 16;
const CAREFUL_ANSWERS: usize = 64;
/// Measurements between two searches: the shortest and the longest hold.
const SHORTEST_HOLD: u32 = 2;
const LONGEST_HOLD: u32 = 16;

/// How many calls may be in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concurrency {
    /// A fixed number.
    Fixed(NonZeroUsize),
    /// As many as make the provider faster: between 1 and 64, starting with 4.
    Auto,
}

/// One answered call, as the limit uses it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    /// When it was sent.
    pub(crate) sent: Instant,
    /// Calls in flight right after that, including this one.
    pub(crate) in_flight: usize,
    /// The time from then until its answer.
    pub(crate) latency: Duration,
}

/// The current limit.
#[derive(Debug)]
pub(crate) enum Limit {
    Fixed(usize),
    Auto(Climb),
}

impl Limit {
    /// Creates the limit. `slots` is the server's capacity, if known; each call may take `request_timeout`.
    pub(crate) fn new(concurrency: Concurrency, slots: Option<usize>, request_timeout: Duration) -> Self {
        match concurrency {
            Concurrency::Fixed(limit) => Self::Fixed(limit.get()),
            Concurrency::Auto => Self::Auto(Climb::new(slots, request_timeout)),
        }
    }

    /// The maximum of calls in flight.
    pub(crate) fn get(&self) -> usize {
        match self {
            Self::Fixed(limit) => *limit,
            Self::Auto(climb) => climb.level(),
        }
    }

    /// Records an answer.
    pub(crate) fn answered(&mut self, now: Instant, call: Observed) {
        if let Self::Auto(climb) = self {
            climb.answered(now, call);
        }
    }

    /// Records an overload, reported by a call that was sent at `sent`.
    pub(crate) fn overloaded(&mut self, now: Instant, sent: Instant) {
        if let Self::Auto(climb) = self {
            climb.overloaded(now, sent);
        }
    }
}

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
    /// The server's number of slots.
    highest: usize,
    /// The longest time that the calls in flight may take one after the other.
    longest_queue: Duration,
    /// The fastest call, except the first, which may have waited for the model to load.
    fastest: Option<Duration>,
    has_first: bool,
}

/// The purpose of the current measurement; `before` is the throughput at the previous level.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Tries twice as many. `has_climbed` if a smaller number is known to be slower.
    Up { before: f64, has_climbed: bool },
    /// Tries half as many.
    Down { before: f64 },
    /// Holds the level for this number of measurements.
    Hold { left: u32 },
}

impl Climb {
    /// Starts a search. `slots` is the server's capacity, if known; each call may take `request_timeout`.
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

    /// The maximum of calls in flight.
    pub(crate) fn level(&self) -> usize {
        self.level
    }

    /// Records an answer at `now`.
    pub(crate) fn answered(&mut self, now: Instant, call: Observed) {
        self.learn(now, call.latency);
        let Some(settled_at) = self.settled_at else {
            // The first answers, one for each call in flight, belong to the previous level.
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

    /// Lowers the level immediately if the calls in flight would wait too long for each other.
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

    /// The highest number that the known limits allow.
    fn bound(&self) -> usize {
        let fitting = |fastest: Duration| self.longest_queue.as_nanos() / fastest.as_nanos().max(1);
        let by_time =
            self.fastest.map_or(HIGHEST_LEVEL, |fastest| usize::try_from(fitting(fastest)).unwrap_or(HIGHEST_LEVEL));
        by_time.clamp(1, self.highest)
    }

    /// Records an overload, reported by a call that was sent at `sent`.
    pub(crate) fn overloaded(&mut self, now: Instant, sent: Instant) {
        // Calls sent before the last change say nothing about the current level.
        if self.changed_at.is_some_and(|changed_at| sent < changed_at) {
            return;
        }
        self.is_careful = true;
        self.stage = Stage::Hold { left: self.hold };
        self.set_level(now, (self.level / 2).max(1));
    }

    /// The number of answers in this measurement.
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
            // The previous level is on the way to half of it, and its throughput is known.
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

/// Answers per second with `level` calls in flight (Little's law).
fn throughput(level: usize, latencies: &[Duration]) -> f64 {
    let seconds: f64 = latencies.iter().map(Duration::as_secs_f64).sum();
    let count = u32::try_from(latencies.len() * level).unwrap_or(u32::MAX);
    f64::from(count) / seconds.max(1e-9)
}

#[cfg(test)]
#[path = "concurrency_tests.rs"]
mod climb_tests;
