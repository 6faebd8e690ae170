//! Threads, as many of those that are wanted as the system gives.
//!
//! A limit on the processes of a user (`ulimit -u`) refuses them at any time. Fewer will do, down to the one that is
//! there anyway.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, available_parallelism},
};

use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

/// Starts the threads that all parts of a command share.
///
/// Left to itself, the library would do so when they are first needed, and panic where it gets none. It tries only once:
/// so the threads are started first, and given to it then.
pub fn start() {
    let (sender, receiver) = mpsc::channel::<ThreadBuilder>();
    let receiver = Arc::new(Mutex::new(receiver));
    let wait_for_work = |_: &usize| {
        let receiver = Arc::clone(&receiver);
        let work = move || {
            let given = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            if let Ok(given) = given {
                given.run();
            }
        };
        thread::Builder::new().spawn(work).is_ok()
    };
    let count = (0..available_parallelism().map_or(1, usize::from)).take_while(wait_for_work).count();
    let builder = match count {
        // The present thread does all of the work.
        0 => ThreadPoolBuilder::new().num_threads(1).use_current_thread(),
        _ => ThreadPoolBuilder::new().num_threads(count),
    };
    // It fails only where it was done before.
    drop(
        builder
            .spawn_handler(|thread| sender.send(thread).map_err(|_| io::ErrorKind::BrokenPipe.into()))
            .build_global(),
    );
}

/// Whether the system gives one more thread at this moment; a bar that moves by itself needs one, and panics without.
pub fn are_available() -> bool {
    thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok())
}

/// Threads for one piece of work.
pub struct Workers {
    /// `None` if the shared ones are used.
    pool: Option<ThreadPool>,
}

impl Workers {
    /// `count` threads, or half of them and so on where the system refuses them.
    pub fn new(count: usize) -> Self {
        let mut tried = count.max(1);
        loop {
            match ThreadPoolBuilder::new().num_threads(tried).build() {
                Err(_) if tried > 1 => tried /= 2,
                outcome => return Self { pool: outcome.ok() },
            }
        }
    }

    /// Does the work, which may divide itself among them.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
