//! How long to wait before a retry: exponential, capped, with full jitter.
//!
//! Full jitter spreads clients that failed together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
//! 2015): each wait is uniform between zero and the exponential bound.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// The upper bound of the wait after the `failure_count`-th failure in a row: 0.5 s, 1 s, 2 s, … 8 s.
pub(crate) fn bound(failure_count: u32) -> Duration {
    let doublings = failure_count.saturating_sub(1).min(16);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

/// Random numbers that are reproducible for a seed (xorshift64*, Vigna 2016).
#[derive(Debug, Clone)]
pub(crate) struct Jitter {
    state: u64,
}

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        // The generator would stay at zero forever; an odd multiplier spreads small seeds over all bits.
        Self { state: (seed ^ 0x5851_f42d_4c95_7f2d).wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1) }
    }

    /// A uniformly random part of `bound`, to the microsecond.
    pub(crate) fn below(&mut self, bound: Duration) -> Duration {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let random = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        let microseconds = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        let part = (u128::from(microseconds) * u128::from(random)) >> 32;
        Duration::from_micros(u64::try_from(part).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_up_to_eight_seconds() {
        let bounds: Vec<u128> = [1, 2, 3, 4, 5, 6, 1000].map(|count| bound(count).as_millis()).into();
        assert_eq!(bounds, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }

    #[test]
    fn jitter_is_uniform_and_repeatable() {
        for seed in [0, 1, u64::MAX] {
            let mut jitter = Jitter::new(seed);
            let waits: Vec<Duration> = (0..10_000).map(|_| jitter.below(LONGEST)).collect();
            assert!(waits.iter().all(|wait| *wait < LONGEST));
            let mean = waits.iter().sum::<Duration>() / 10_000;
            assert!((Duration::from_millis(3_850)..Duration::from_millis(4_150)).contains(&mean), "{mean:?}");
            let mut again = Jitter::new(seed);
            assert!(waits.iter().all(|wait| *wait == again.below(LONGEST)));
        }
        assert_ne!(Jitter::new(1).below(LONGEST), Jitter::new(2).below(LONGEST));
    }
}
