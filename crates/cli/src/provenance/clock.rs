//! How long the look at a repository may take.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// After this, what is not known yet stays unknown.
const LONGEST_LOOK: Duration = Duration::from_secs(10);

/// The moment at which looking ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// The whole time, from now on.
    pub(super) fn start() -> Self {
        Self(Instant::now() + LONGEST_LOOK)
    }

    /// An error once the time is over.
    pub(super) fn check(self) -> Result<()> {
        ensure!(Instant::now() < self.0, "looking took longer than {} s", LONGEST_LOOK.as_secs());
        Ok(())
    }

    /// A moment that is over already.
    #[cfg(test)]
    pub(super) fn over() -> Self {
        Self(Instant::now())
    }
}
