//! The search for concurrency against simulated servers with a queue and several slots.

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::asking::spending::Jitter;

/// A server that works on `slots` calls at once while the others wait.
struct Server {
    slots: usize,
    /// The shortest time of a call, and the most that is added to it.
    shortest: Duration,
    noise: Duration,
}

#[derive(Debug)]
struct Outcome {
    /// Answers divided by the most that the server could give, over the whole time.
    efficiency: f64,
    /// The most calls in flight over the last half of the answers.
    late_levels: Vec<usize>,
}

impl Outcome {
    /// The mean of the level over the last half.
    fn late_mean(&self) -> f64 {
        let sum: usize = self.late_levels.iter().sum();
        f64::from(u32::try_from(sum).unwrap()) / f64::from(u32::try_from(self.late_levels.len()).unwrap())
    }
}

/// Sends `total` calls to `server`, as many at once as the search allows.
fn simulate(server: &Server, total: usize, seed: u64) -> Outcome {
    let start = Instant::now();
    let (mut climb, mut jitter) = (Climb::new(None, Duration::from_secs(3600)), Jitter::new(seed));
    let mut waiting: VecDeque<(Instant, usize)> = VecDeque::new();
    let mut working: BTreeMap<(Instant, usize), (Instant, usize)> = BTreeMap::new();
    let (mut now, mut sent, mut answered, mut work) = (start, 0, 0, Duration::ZERO);
    let mut late_levels = Vec::new();
    while answered < total {
        while sent < total && waiting.len() + working.len() < climb.level() {
            sent += 1;
            waiting.push_back((now, waiting.len() + working.len() + 1));
        }
        while working.len() < server.slots
            && let Some(call) = waiting.pop_front()
        {
            let service = server.shortest + jitter.below(server.noise);
            work += service;
            working.insert((now + service, answered * 100 + working.len()), call);
        }
        let ((done, _), (sent_at, in_flight)) = working.pop_first().expect("a call is under way");
        now = done;
        answered += 1;
        climb.answered(now, Observed { sent: sent_at, in_flight, latency: now - sent_at });
        if answered > total / 2 {
            late_levels.push(climb.level());
        }
    }
    let ideal = work.as_secs_f64() / f64::from(u32::try_from(server.slots).unwrap());
    Outcome { efficiency: ideal / (now - start).as_secs_f64(), late_levels }
}

/// A call takes 100 ms on average.
fn server(slots: usize, noise: u64) -> Server {
    Server { slots, shortest: Duration::from_millis(100 - noise / 2), noise: Duration::from_millis(noise) }
}

#[test]
fn eight_slots_are_found_quickly() {
    for (noise, seed) in [(0, 1), (20, 1), (100, 2), (150, 3), (150, 4), (190, 5)] {
        let outcome = simulate(&server(8, noise), 1000, seed);
        assert!(outcome.efficiency >= 0.85, "noise {noise}: {}", outcome.efficiency);
        assert!(outcome.late_mean() <= 24.0, "noise {noise}: {}", outcome.late_mean());
    }
}

#[test]
fn one_slot_is_not_crowded() {
    for (noise, seed) in [(0, 1), (100, 2), (150, 3), (190, 4), (190, 5), (190, 6)] {
        let outcome = simulate(&server(1, noise), 1000, seed);
        assert!(outcome.efficiency >= 0.95, "noise {noise}: {}", outcome.efficiency);
        assert!(outcome.late_mean() <= 6.0, "noise {noise}: {}", outcome.late_mean());
    }
}

#[test]
fn sixty_four_slots_are_found() {
    for (noise, seed) in [(0, 1), (100, 2), (150, 3), (190, 4)] {
        let outcome = simulate(&server(64, noise), 10_000, seed);
        assert!(outcome.efficiency >= 0.8, "noise {noise}: {}", outcome.efficiency);
    }
}

#[test]
fn uneven_slot_count_is_used_well() {
    for slots in [2, 3, 5, 6, 10, 12, 20, 40] {
        let outcome = simulate(&server(slots, 100), 2000, 7);
        assert!(outcome.efficiency >= 0.75, "{slots} slots: {}", outcome.efficiency);
    }
}

#[test]
fn overload_halves_limit_once() {
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let mut climb = Climb::new(None, Duration::from_secs(3600));
    climb.overloaded(at(10), at(0));
    climb.overloaded(at(11), at(5));
    assert_eq!(climb.level(), 2);
    climb.overloaded(at(30), at(20));
    climb.overloaded(at(50), at(40));
    assert_eq!(climb.level(), 1);
}

/// The highest level while a server with one slot answers 200 calls of `service` each.
fn highest_level(slots: Option<usize>, service: Duration, timeout: Duration) -> usize {
    let mut climb = Climb::new(slots, timeout);
    let mut now = Instant::now();
    let mut highest = 0;
    for number in 0..200 {
        let level = climb.level();
        if number > 1 {
            highest = highest.max(level);
        }
        now += service;
        let in_flight = u32::try_from(level).unwrap();
        // Every call waits for all earlier ones.
        climb.answered(
            now,
            Observed { sent: now - service * in_flight, in_flight: level, latency: service * in_flight },
        );
    }
    highest
}

#[test]
fn calls_wait_half_the_timeout() {
    let seconds = Duration::from_secs;
    for (service, expected) in [(seconds(1), 64), (seconds(10), 6), (seconds(25), 2), (seconds(100), 1)] {
        let highest = highest_level(None, service, seconds(120));
        assert!(highest <= expected, "{service:?}: {highest}");
    }
}

#[test]
fn known_slot_count_is_the_limit() {
    for slots in [1, 2, 3] {
        assert!(highest_level(Some(slots), Duration::from_millis(10), Duration::from_secs(120)) <= slots);
    }
}
