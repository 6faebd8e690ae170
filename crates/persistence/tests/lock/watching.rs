//! Lock files that are changed while the lock is held.

use std::{
    fs,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use cds_persistence::{FileLock, LockError, LockLost, LockStatus, LossReason, WATCH_INTERVAL, lock_status};

use crate::samples::{LONG, acquire, holder, workplace};

/// The longest wait of a monitor for a check in progress.
const FAREWELL: Duration = Duration::from_millis(50);

/// Holds and watches a lock while `tamper` changes its file, and returns the reported loss.
fn noticed(interval: Duration, tamper: impl FnOnce(&Path)) -> (Arc<FileLock>, LockLost, Duration) {
    let (_directory, path) = workplace();
    let lock = Arc::new(acquire(&path, "first").unwrap());
    let (sender, receiver) = mpsc::channel();
    let _monitor = lock.watch(interval, move |lost| sender.send(lost.clone()).unwrap());
    tamper(&path);
    let started = Instant::now();
    let lost = receiver.recv_timeout(LONG).unwrap();
    let elapsed = started.elapsed();
    assert_eq!(lock.check(), Err(lost.clone()));
    assert!(matches!(lock.set_stage("persist"), Err(LockError::Lost(again)) if again == lost));
    assert_eq!(receiver.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected), "it is reported once");
    (lock, lost, elapsed)
}

fn is_noticed(why: LossReason, text: &str, tamper: impl FnOnce(&Path)) {
    let (lock, lost, elapsed) = noticed(WATCH_INTERVAL, tamper);
    assert_eq!((lost.path.as_path(), lost.why), (lock.path(), why));
    let message = lost.to_string();
    assert!(message.starts_with("its lock file \"/") && message.ends_with(&format!("\" {text}")), "{message}");
    // Only the interval is guaranteed; the rest is for a busy machine.
    assert!(elapsed < 10 * WATCH_INTERVAL, "noticed after {elapsed:?}");
}

#[test]
fn default_interval_is_one_second() {
    assert_eq!(WATCH_INTERVAL, Duration::from_secs(1));
}

#[test]
fn deleted_lock_file_is_detected() {
    is_noticed(LossReason::Deleted, "was deleted", |path| fs::remove_file(path).unwrap());
}

#[test]
fn moved_directory_is_detected() {
    is_noticed(LossReason::Deleted, "was deleted", |path| {
        let directory = path.parent().unwrap();
        fs::rename(directory, directory.with_extension("moved")).unwrap();
        fs::remove_dir_all(directory.with_extension("moved")).unwrap();
    });
}

#[test]
fn replaced_lock_file_is_detected() {
    is_noticed(LossReason::Replaced, "was replaced", |path| {
        let copy = path.with_extension("copy");
        fs::copy(path, &copy).unwrap();
        fs::rename(copy, path).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn symbolic_link_to_lock_is_detected() {
    is_noticed(LossReason::Replaced, "was replaced", |path| {
        // The path always leads to a file, so that the monitor cannot report a deletion.
        let (moved, link) = (path.with_extension("moved"), path.with_extension("link"));
        fs::hard_link(path, &moved).unwrap();
        std::os::unix::fs::symlink(moved, &link).unwrap();
        fs::rename(link, path).unwrap();
    });
}

#[test]
fn overwritten_lock_file_is_detected() {
    is_noticed(LossReason::Overwritten, "was overwritten", |path| fs::write(path, "{}").unwrap());
}

#[test]
fn emptied_or_extended_file_is_overwritten() {
    let quick = Duration::from_millis(20);
    assert_eq!(noticed(quick, |path| fs::write(path, "").unwrap()).1.why, LossReason::Overwritten);
    let add = |path: &Path| fs::write(path, [fs::read(path).unwrap(), b" ".to_vec()].concat()).unwrap();
    assert_eq!(noticed(quick, add).1.why, LossReason::Overwritten);
}

#[cfg(unix)]
#[test]
fn unreadable_lock_file_is_lost() {
    // A loop of links fails like a broken system, even for the superuser.
    let (_directory, path) = workplace();
    let below = path.with_extension("below");
    fs::create_dir(&below).unwrap();
    let lock = Arc::new(acquire(&below.join("x.lock"), "first").unwrap());
    let moved = path.with_extension("moved");
    fs::rename(&below, &moved).unwrap();
    std::os::unix::fs::symlink(&below, &below).unwrap();
    lock.check().unwrap();
    lock.set_stage("build").unwrap();
    fs::remove_file(&below).unwrap();
    fs::rename(&moved, &below).unwrap();
    lock.check().unwrap();

    fs::rename(&below, &moved).unwrap();
    std::os::unix::fs::symlink(&below, &below).unwrap();
    let (sender, receiver) = mpsc::channel();
    let _monitor = lock.watch(Duration::from_millis(20), move |lost| sender.send(lost.why).unwrap());
    assert_eq!(receiver.recv_timeout(LONG).unwrap(), LossReason::Unreadable);
    assert_eq!(lock.check().unwrap_err().why, LossReason::Unreadable);
}

#[test]
fn lost_lock_stays_lost() {
    let (_directory, path) = workplace();
    let lock = acquire(&path, "first").unwrap();
    let moved = path.with_extension("moved");
    fs::rename(&path, &moved).unwrap();
    assert_eq!(lock.check().unwrap_err().why, LossReason::Deleted);
    fs::rename(&moved, &path).unwrap();
    assert_eq!(lock.check().unwrap_err().why, LossReason::Deleted);
}

#[test]
fn dropping_lost_lock_keeps_the_next() {
    let (_directory, path) = workplace();
    let lost = acquire(&path, "first").unwrap();
    fs::remove_file(&path).unwrap();
    let next = acquire(&path, "second").unwrap();
    assert_eq!(lost.check().unwrap_err().why, LossReason::Replaced);
    drop(lost);
    next.check().unwrap();
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Held(Some(holder("second"))));
}

#[test]
fn foreign_content_survives_lost_lock() {
    let (_directory, path) = workplace();
    let lock = acquire(&path, "first").unwrap();
    fs::write(&path, r#"{"pid":7}"#).unwrap();
    drop(lock);
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Free { left_behind: None });
    assert_eq!(fs::read(&path).unwrap(), br#"{"pid":7}"#);
}

#[test]
fn dropped_monitor_stops_at_once() {
    let (_directory, path) = workplace();
    let lock = Arc::new(acquire(&path, "first").unwrap());
    let (sender, receiver) = mpsc::channel::<LockLost>();
    let ends = [(); 5].map(|()| {
        let sender = sender.clone();
        let monitor = lock.watch(LONG, move |lost| sender.send(lost.clone()).unwrap());
        let started = Instant::now();
        drop(monitor);
        let elapsed = started.elapsed();
        // A monitor stops waiting only if a check is still in progress.
        assert!(elapsed >= FAREWELL || Arc::strong_count(&lock) == 1, "the thread is done with the lock");
        while Arc::strong_count(&lock) > 1 {
            assert!(started.elapsed() < LONG, "the thread keeps the lock");
            thread::yield_now();
        }
        elapsed
    });
    // A busy machine may delay some of them, but not all.
    assert!(ends.iter().any(|elapsed| *elapsed < Duration::from_secs(1)), "{ends:?}");
    drop(sender);
    fs::remove_file(&path).unwrap();
    assert_eq!(receiver.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn monitor_does_not_keep_the_lock() {
    let (_directory, path) = workplace();
    let lock = Arc::new(acquire(&path, "first").unwrap());
    let (sender, receiver) = mpsc::channel::<LockLost>();
    let _monitor = lock.watch(Duration::from_millis(1), move |lost| sender.send(lost.clone()).unwrap());
    drop(lock);
    assert_eq!(receiver.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected), "the thread has ended");
    drop(acquire(&path, "second").unwrap());
}

#[test]
fn callback_may_drop_its_monitor() {
    let (_directory, path) = workplace();
    let lock = Arc::new(acquire(&path, "first").unwrap());
    let (give, take) = mpsc::channel();
    let (sender, receiver) = mpsc::channel();
    let monitor = lock.watch(Duration::from_millis(1), move |lost| {
        drop(take.recv().unwrap());
        sender.send(lost.why).unwrap();
    });
    give.send(monitor).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(receiver.recv_timeout(LONG).unwrap(), LossReason::Deleted);
}
