//! What ends the work in the middle of something: a signal, or the loss of the right to write.
//!
//! The first SIGINT, SIGTERM or SIGHUP asks the work to stop; the second ends the process at once, which loses nothing
//! that is in the database. A signal that was ignored when the process began stays ignored, as under `nohup`.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU8, AtomicUsize, Ordering},
};

use cds_llm_client::{StopSignal, StopSwitch};
use cds_persistence::LockLost;

use crate::{failure::Failure, render::messages, writer_lock};

/// Tells whether the work is to stop, and why.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    /// 128 and the number of the first signal; 0 as long as there was none.
    exit_status: Arc<AtomicU8>,
    /// The same of the last signal, known before the thread that listens has its turn.
    raised: Arc<AtomicUsize>,
    /// How the right to write was lost.
    lost: Arc<OnceLock<LockLost>>,
    switch: Arc<StopSwitch>,
    stop: StopSignal,
}

impl Interrupt {
    fn new() -> Self {
        let (switch, stop) = StopSwitch::new();
        Self {
            exit_status: Arc::default(),
            raised: Arc::default(),
            lost: Arc::default(),
            switch: Arc::new(switch),
            stop,
        }
    }

    /// The exit status that the first signal leads to: 128 and its number.
    pub(crate) fn exit_status(&self) -> Option<u8> {
        let raised = || u8::try_from(self.raised.load(Ordering::SeqCst)).unwrap_or(u8::MAX);
        let told = Some(self.exit_status.load(Ordering::SeqCst));
        told.filter(|status| *status != 0).or_else(|| Some(raised()).filter(|status| *status != 0))
    }

    /// Whether the work is to stop.
    pub(crate) fn is_raised(&self) -> bool {
        self.exit_status().is_some() || self.lost.get().is_some()
    }

    /// Whether somebody took the right to write away.
    pub(crate) fn has_lost_lock(&self) -> bool {
        self.lost.get().is_some()
    }

    /// Ends the command if it was asked to stop.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_raised() { Err(self.failure()) } else { Ok(()) }
    }

    /// The end of a command that was asked to stop.
    pub(crate) fn failure(&self) -> Failure {
        match self.lost.get() {
            Some(why) => writer_lock::lost(why),
            None => Failure::interrupted(self.exit_status().unwrap_or(u8::MAX)),
        }
    }

    /// The same for the engine that asks.
    pub(crate) fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }

    /// Somebody took the right to write away: no call is sent any more, and no snapshot is written.
    pub(crate) fn lose_lock(&self, why: &LockLost) {
        if self.lost.set(why.clone()).is_ok() {
            self.switch.stop();
            messages::warning(&format!("the right to write is lost: {why}; stopping"));
        }
    }
}

/// Starts to listen, for the rest of the process's life.
#[cfg(unix)]
pub(crate) fn listen() -> Interrupt {
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

    // With a handler of any kind, a write beyond the limit of file sizes is an error like any other, so that the
    // database can roll back. Without one the process runs all the same; it just dies at the limit.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let interrupt = Interrupt::new();
    let (exit_status, switch) = (Arc::clone(&interrupt.exit_status), Arc::clone(&interrupt.switch));
    let ignored = ignored_signals();
    let heard: Vec<_> =
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect();
    if let Ok(mut signals) = signal_hook::iterator::Signals::new(&heard) {
        for signal in heard {
            // Where this fails, the thread says so a moment later.
            let status = usize::try_from(128 + signal).unwrap_or(usize::MAX);
            let _ = signal_hook::flag::register_usize(signal, Arc::clone(&interrupt.raised), status);
        }
        let listen = move || {
            for signal in signals.forever() {
                let status = u8::try_from(128 + signal).unwrap_or(u8::MAX);
                if exit_status.swap(status, Ordering::SeqCst) != 0 {
                    cds_persistence::remove_copies();
                    signal_hook::low_level::exit(status.into());
                }
                cds_persistence::stop_statements();
                switch.stop();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("signals".to_owned()).spawn(listen) {
            // The command still sees a signal between its steps.
            messages::warning(&format!("a second signal does not end cds at once: no thread to wait for it: {error}"));
        }
    }
    interrupt
}

/// The signals that the process was begun with ignoring, each a bit; none where the system does not tell.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// Elsewhere a signal ends the process, as the system does it.
#[cfg(not(unix))]
pub(crate) fn listen() -> Interrupt {
    Interrupt::new()
}
