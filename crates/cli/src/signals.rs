//! The signals that end the work in the middle of something.
//!
//! The first SIGINT, SIGTERM or SIGHUP asks the work to stop; the second ends the process at once, which loses nothing
//! that is in the database. A signal that was ignored when the process began stays ignored, as under `nohup`.

use cds_pipeline::Interrupt;

use crate::render::messages::Console;

/// Starts to listen, for the rest of the process's life.
#[cfg(unix)]
pub(crate) fn listen(console: Console) -> Interrupt {
    use std::sync::{Arc, atomic::AtomicBool};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};

    // With a handler of any kind, a write beyond the limit of file sizes is an error like any other, so that the
    // database can roll back. Without one the process runs all the same; it just dies at the limit.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let interrupt = Interrupt::new();
    let ignored = ignored_signals();
    let heard: Vec<_> =
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect();
    if let Ok(mut signals) = signal_hook::iterator::Signals::new(&heard) {
        for signal in heard {
            // Where this fails, the thread says so a moment later.
            let _ = signal_hook::flag::register_usize(signal, interrupt.raised(), usize::from(number(signal)));
        }
        let flag = interrupt.clone();
        let listen = move || {
            for signal in signals.forever() {
                if !flag.hear(number(signal)) {
                    cds_persistence::remove_copies();
                    signal_hook::low_level::exit(128 + i32::from(number(signal)));
                }
                cds_persistence::stop_statements();
                flag.stop_asking();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("signals".to_owned()).spawn(listen) {
            // The command still sees a signal between its steps.
            console.warning(&format!("a second signal does not end cds at once: no thread to wait for it: {error}"));
        }
    }
    interrupt
}

#[cfg(unix)]
fn number(signal: i32) -> u8 {
    u8::try_from(signal).unwrap_or(u8::MAX)
}

/// The signals that the process was begun with ignoring, each a bit; none if the system does not report them.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// Elsewhere a signal ends the process, as the system does it.
#[cfg(not(unix))]
pub(crate) fn listen(_console: Console) -> Interrupt {
    Interrupt::new()
}
