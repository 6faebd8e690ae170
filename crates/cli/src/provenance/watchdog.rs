//! How long the look at a repository may take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

/// After this, what is not known yet stays unknown.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// What is said then.
pub(super) const STOPPED: &str = "looking took longer than 10 s";

/// Raises a flag when the time is over, as long as it lives.
pub(super) struct Watchdog {
    flag: Arc<AtomicBool>,
    /// Held only to be dropped, which ends the thread.
    _alive: Sender<()>,
}

impl Watchdog {
    /// The whole time, from now on.
    pub(super) fn start() -> Self {
        Self::after(LONGEST_LOOK)
    }

    fn after(time: Duration) -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        let (alive, dropped) = channel();
        let raised = Arc::clone(&flag);
        let watch = move || {
            if dropped.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                raised.store(true, Ordering::Relaxed);
            }
        };
        if thread::Builder::new().name("watchdog".to_owned()).spawn(watch).is_err() {
            // Without a thread nothing could end the look, so that it ends at once.
            flag.store(true, Ordering::Relaxed);
        }
        Self { flag, _alive: alive }
    }

    /// The flag, raised when the time is over.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.flag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_raised_in_time() {
        let patient = Watchdog::start();
        let hasty = Watchdog::after(Duration::from_millis(1));
        thread::sleep(Duration::from_millis(200));
        assert!(!patient.flag().load(Ordering::Relaxed));
        assert!(hasty.flag().load(Ordering::Relaxed));
    }
}
