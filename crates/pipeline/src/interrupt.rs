//! What ends the work in the middle of something: a signal, or the loss of the right to write.
//!
//! Here is only the flag. The thread that listens to signals raises it with [`Interrupt::hear`].

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
};

use cds_llm_client::{StopSignal, StopSwitch};
use cds_persistence::LockLost;

use crate::{Error, Reporter, Warning};

/// Tells whether the work is to stop, and why; every clone is the same flag.
#[derive(Debug, Clone)]
pub struct Interrupt {
    /// The number of the first signal; 0 as long as there was none.
    heard: Arc<AtomicU8>,
    /// The same of the last signal, set in the handler, before a thread that listens has its turn.
    raised: Arc<AtomicUsize>,
    /// How the right to write was lost.
    lost: Arc<OnceLock<LockLost>>,
    switch: Arc<StopSwitch>,
    stop: StopSignal,
    /// Raised together with the others, for looks at a repository.
    flag: Arc<AtomicBool>,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self::new()
    }
}

impl Interrupt {
    /// A flag that nothing raised yet.
    pub fn new() -> Self {
        let (switch, stop) = StopSwitch::new();
        Self {
            heard: Arc::default(),
            raised: Arc::default(),
            lost: Arc::default(),
            switch: Arc::new(switch),
            stop,
            flag: Arc::default(),
        }
    }

    /// Where a handler may store the number of a signal that is not heard yet.
    pub fn raised(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.raised)
    }

    /// Takes note of a signal, and says whether it is the first.
    pub fn hear(&self, signal: u8) -> bool {
        self.flag.store(true, Ordering::SeqCst);
        self.heard.swap(signal, Ordering::SeqCst) == 0
    }

    /// Asks the enrichment to come to its end.
    pub fn stop_asking(&self) {
        self.switch.stop();
    }

    /// The number of the signal that ends the work.
    pub fn signal(&self) -> Option<u8> {
        let raised = || u8::try_from(self.raised.load(Ordering::SeqCst)).unwrap_or(u8::MAX);
        let heard = Some(self.heard.load(Ordering::SeqCst));
        heard.filter(|signal| *signal != 0).or_else(|| Some(raised()).filter(|signal| *signal != 0))
    }

    /// Whether the work is to stop.
    pub fn is_raised(&self) -> bool {
        self.signal().is_some() || self.has_lost_lock()
    }

    /// Whether the right to write was taken away.
    pub fn has_lost_lock(&self) -> bool {
        self.lost.get().is_some()
    }

    /// Ends the work if it is to stop.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] or [`Error::LockLost`].
    pub fn check(&self) -> Result<(), Error> {
        if self.is_raised() { Err(self.error()) } else { Ok(()) }
    }

    /// The end of work that is to stop.
    pub fn error(&self) -> Error {
        match self.lost.get() {
            Some(why) => Error::LockLost(why.clone()),
            None => Error::Interrupted { signal: self.signal() },
        }
    }

    /// The same for a look at a repository.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// The same for the engine that asks.
    pub fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }

    /// The right to write was taken away: no call is sent any more, and no snapshot is written.
    pub fn lose_lock(&self, why: &LockLost, reporter: &dyn Reporter) {
        self.flag.store(true, Ordering::SeqCst);
        if self.lost.set(why.clone()).is_ok() {
            self.switch.stop();
            reporter.warn(&Warning::LockLost(why.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_signal_is_the_reason() {
        let interrupt = Interrupt::new();
        assert!(interrupt.check().is_ok());
        interrupt.raised().store(15, Ordering::SeqCst);
        assert_eq!(interrupt.signal(), Some(15));
        assert!(interrupt.hear(2) && !interrupt.clone().hear(1));
        assert!(interrupt.is_raised() && interrupt.check().is_err());
    }
}
