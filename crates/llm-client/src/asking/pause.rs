//! The pause that a provider requests (`Retry-After`); it holds for every call of the run.

use std::time::Duration;

use tokio::time::Instant;

/// A longer wait counts as a refusal, not a pause: most likely the quota is used up.
const LONGEST: Duration = Duration::from_secs(300);

/// No call is sent before its end.
#[derive(Debug, Default)]
pub(crate) struct Pause {
    until: Option<Instant>,
}

/// The result of a requested pause.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The pause begins or becomes longer.
    Granted,
    /// A pause of at least this length is already active.
    Known,
    /// The pause is too long; the text says why.
    Refused(String),
}

impl Pause {
    /// Applies a requested pause.
    pub(crate) fn extend(&mut self, now: Instant, wait: Duration) -> Wish {
        if wait > LONGEST {
            return Wish::Refused(format!("provider asks to wait {} s", wait.as_secs()));
        }
        let until = now + wait;
        if self.until.is_some_and(|known| known >= until) {
            return Wish::Known;
        }
        self.until = Some(until);
        Wish::Granted
    }

    /// When it ends, unless it has ended.
    pub(crate) fn end(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_requested_pause_wins() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut pause = Pause::default();
        assert_eq!(pause.extend(now, 5 * second), Wish::Granted);
        assert_eq!(pause.extend(now, 3 * second), Wish::Known);
        assert_eq!(pause.extend(now, 7 * second), Wish::Granted);
        assert_eq!(pause.end(now), Some(now + 7 * second));
        assert_eq!(pause.end(now + 7 * second), None);
    }

    #[test]
    fn too_long_pause_is_refused() {
        let mut pause = Pause::default();
        assert_eq!(pause.extend(Instant::now(), LONGEST), Wish::Granted);
        let refused = Wish::Refused("provider asks to wait 301 s".to_owned());
        assert_eq!(pause.extend(Instant::now(), LONGEST + Duration::from_secs(1)), refused);
    }
}
