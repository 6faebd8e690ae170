//! Signals that would end the process in the middle of something.
//!
//! The first SIGINT or SIGTERM asks the work to stop; the second ends the process at once, which loses nothing that is
//! in the database.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use cds_llm_client::StopSignal;

use crate::failure::Failure;

/// Tells whether somebody asked the work to stop, and by which signal.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    /// 128 and the number of the first signal; 0 as long as there was none.
    exit_status: Arc<AtomicU8>,
    stop: StopSignal,
}

impl Interrupt {
    /// The exit status that the first signal leads to: 128 and its number.
    pub(crate) fn exit_status(&self) -> Option<u8> {
        Some(self.exit_status.load(Ordering::SeqCst)).filter(|status| *status != 0)
    }

    /// Whether the work is to stop.
    pub(crate) fn is_raised(&self) -> bool {
        self.exit_status().is_some()
    }

    /// Ends the command if it was asked to stop.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_raised() { Err(self.failure()) } else { Ok(()) }
    }

    /// The end of a command that was asked to stop.
    pub(crate) fn failure(&self) -> Failure {
        Failure::interrupted(self.exit_status().unwrap_or(u8::MAX))
    }

    /// The same for the engine that asks.
    pub(crate) fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }
}

/// Starts to listen, for the rest of the process's life.
#[cfg(unix)]
pub(crate) fn listen() -> Interrupt {
    use std::sync::atomic::AtomicBool;

    use cds_llm_client::StopSwitch;
    use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};

    // With a handler of any kind, a write beyond the limit of file sizes is an error like any other, so that the
    // database can roll back. Without one the process runs all the same; it just dies at the limit.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let (switch, stop) = StopSwitch::new();
    let interrupt = Interrupt { exit_status: Arc::default(), stop };
    let exit_status = Arc::clone(&interrupt.exit_status);
    if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) {
        std::thread::spawn(move || {
            for signal in signals.forever() {
                let status = u8::try_from(128 + signal).unwrap_or(u8::MAX);
                if exit_status.swap(status, Ordering::SeqCst) != 0 {
                    signal_hook::low_level::exit(status.into());
                }
                switch.stop();
            }
        });
    }
    interrupt
}

/// Elsewhere a signal ends the process, as the system does it.
#[cfg(not(unix))]
pub(crate) fn listen() -> Interrupt {
    Interrupt { exit_status: Arc::default(), stop: StopSignal::never() }
}
