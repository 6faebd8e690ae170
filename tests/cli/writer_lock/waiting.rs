//! Waiting for the lock, and how the wait ends.

use std::time::{Duration, Instant};

use cds_fake_ollama::Counts;

use super::{Holder, REFUSED};
use crate::{PATIENCE, running::Running};

/// A contender that is about to wait: its probe of the provider comes right before the lock.
fn waiting(holder: &Holder, timeout: &str) -> Running {
    // The holder continues to ask; its questions do not count.
    let looks = |counts: &Counts| counts.requests - counts.questions - counts.loads;
    let before = looks(&holder.server.counts());
    let contender = holder.contender(&["--require-provider", "--lock-timeout", timeout, "--format", "json"]);
    holder.server.wait_until(PATIENCE, |counts| looks(counts) > before);
    contender
}

#[test]
fn waiting_writer_reuses_answers() {
    let mut holder = Holder::start(1);
    let mut contender = waiting(&holder, "60s");
    // This one tries for a tenth of a second.
    holder.contender(&[]).wait().exited_with(1).stderr_has(REFUSED);
    holder.check_still_holds();
    assert!(contender.is_alive());
    let Holder { place, server, gate, running } = holder;
    gate.open();
    running.wait().succeeded();
    let outcome = contender.wait().succeeded();
    assert_eq!(outcome.costs(), [3, 0, 3, 0, 0, 0]);
    assert_eq!(place.database().ends_with_lock(), ["completed", "completed"]);
    assert_eq!(server.generate_count(), 3);
    place.check_is_tidy();
}

#[test]
fn short_wait_is_refused() {
    let mut holder = Holder::start(1);
    let start = Instant::now();
    let outcome = holder.contender(&["--lock-timeout", "300ms"]).wait().exited_with(1).stderr_has(REFUSED);
    let elapsed = start.elapsed();
    assert!((Duration::from_millis(300)..PATIENCE / 4).contains(&elapsed), "{elapsed:?}");
    assert_eq!(outcome.stdout, "");
    holder.check_still_holds();
    holder.finish();
}

#[test]
fn signal_ends_wait_at_once() {
    let mut holder = Holder::start(1);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let contender = waiting(&holder, "10m");
        let start = Instant::now();
        contender.signal(signal);
        let outcome = contender.wait().exited_with(code).stderr_has(&["error: interrupted"]);
        assert!(start.elapsed() < PATIENCE / 4, "it ended after {:?}", start.elapsed());
        assert_eq!(outcome.stdout, "");
    }
    holder.check_still_holds();
    let (place, _, _) = holder.finish();
    assert_eq!(place.database().ends(), ["completed"], "who never had the lock has no account");
}
