//! Contenders for one lock in one process: the kernel separates two open files just as well.

use std::{
    fs,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use cds_persistence::{FileLock, LockError, LockHolder, LockStatus, get_pid, is_lock_file_valid, lock_status};

use crate::samples::{LONG, acquire, holder, refused_by, wait_for, workplace};

#[test]
fn refused_contender_sees_the_holder() {
    let (_directory, path) = workplace();
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Missing);
    assert!(!path.exists(), "reading the status creates nothing");

    let lock = acquire(&path, "first").unwrap();
    assert_eq!((lock.path(), lock.left_behind()), (path.as_path(), None));
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Held(Some(holder("first"))));
    let started = Instant::now();
    let error = acquire(&path, "second").unwrap_err();
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    let pid = std::process::id();
    assert_eq!(
        error.to_string(),
        format!(
            "take lock {path:?}: it is held by process {pid} on host-a, since 2026-01-02T03:04:05.678Z, \
             command persist, run first, stage analyze"
        )
    );
    assert!(is_lock_file_valid(&path));
    assert_eq!(get_pid(&path), Some(pid));
    lock.check().unwrap();

    drop(lock);
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Free { left_behind: None });
    assert_eq!(fs::read(&path).unwrap(), b"", "the file stays, but empty");
    assert!(!is_lock_file_valid(&path));
    assert_eq!(get_pid(&path), None);
    assert_eq!(acquire(&path, "second").unwrap().left_behind(), None);
}

#[test]
fn set_stage_changes_only_the_stage() {
    let (_directory, path) = workplace();
    let lock = acquire(&path, "first").unwrap();
    lock.set_stage("enrich").unwrap();
    let seen = LockHolder { stage: "enrich".into(), ..holder("first") };
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Held(Some(seen)));
    lock.check().unwrap();
    lock.set_stage(&"x".repeat(100_000)).unwrap();
    lock.check().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 1024);
}

#[test]
fn waiting_contender_gets_released_lock() {
    let (_directory, path) = workplace();
    let lock = acquire(&path, "first").unwrap();
    let attempts = AtomicUsize::new(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let count = || {
                attempts.fetch_add(1, Ordering::SeqCst);
                false
            };
            FileLock::acquire(&path, &holder("second"), LONG, &count)
        });
        // More refusals than a contender that does not wait would get.
        while attempts.load(Ordering::SeqCst) < 13 {
            thread::yield_now();
        }
        drop(lock);
        let second = waiting.join().unwrap().unwrap();
        assert_eq!(second.left_behind(), None);
        assert_eq!(lock_status(&path).unwrap(), LockStatus::Held(Some(holder("second"))));
    });
}

#[test]
fn wait_ends_at_timeout_or_stop() {
    let (_directory, path) = workplace();
    let _lock = acquire(&path, "first").unwrap();
    let started = Instant::now();
    assert_eq!(refused_by(wait_for(&path, "second", Duration::from_millis(300))), Some(holder("first")));
    assert!(started.elapsed() >= Duration::from_millis(300));

    let asked = AtomicUsize::new(0);
    let stop = || asked.fetch_add(1, Ordering::SeqCst) == 3;
    let outcome = FileLock::acquire(&path, &holder("second"), Duration::MAX, &stop);
    assert!(matches!(outcome, Err(LockError::Stopped)), "{outcome:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[test]
fn stopped_contender_takes_no_free_lock() {
    let (_directory, path) = workplace();
    let outcome = FileLock::acquire(&path, &holder("first"), LONG, &|| true);
    assert!(matches!(outcome, Err(LockError::Stopped)), "{outcome:?}");
    assert!(!path.exists());
}

#[test]
fn readers_do_not_block_a_writer() {
    let (_directory, path) = workplace();
    drop(acquire(&path, "first").unwrap());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _end = EndsOthers(&is_over);
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    lock_status(&path).unwrap();
                }
            });
        }
        // The system may pause a reader for any time while it holds the shared lock.
        for _ in 0..30 {
            drop(wait_for(&path, "second", LONG).unwrap());
        }
    });
}

#[test]
fn impatient_contender_still_waits_for_readers() {
    let (_directory, path) = workplace();
    fs::write(&path, "").unwrap();
    let reader = fs::File::open(&path).unwrap();
    reader.lock_shared().unwrap();
    let attempts = AtomicUsize::new(0);
    let lets_go_late = || {
        // More attempts than for a lock held by a writer.
        if attempts.fetch_add(1, Ordering::SeqCst) == 20 {
            reader.unlock().unwrap();
        }
        false
    };
    FileLock::acquire(&path, &holder("first"), Duration::ZERO, &lets_go_late).unwrap();

    reader.lock_shared().unwrap();
    assert_eq!(refused_by(acquire(&path, "second")), None, "the wait has a limit");
}

#[test]
fn parallel_creators_yield_one_holder() {
    for _ in 0..10 {
        let (_directory, path) = workplace();
        let start = Barrier::new(6);
        thread::scope(|scope| {
            let contend = || {
                start.wait();
                acquire(&path, "first")
            };
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(contend)).collect();
            let outcomes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            let (got, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
            assert_eq!((got.len(), refused.len()), (1, 5), "{refused:?}");
            for lock in got {
                lock.unwrap().check().unwrap();
            }
        });
    }
}

/// Four contenders and four readers, while the holder sets a new stage more than a thousand times.
#[test]
fn readers_never_see_torn_blocks() {
    const STAGES: usize = 1000;
    const REFUSALS: usize = 3;
    let (_directory, path) = workplace();
    let lock = acquire(&path, "first").unwrap();
    let stages: Vec<String> = (0..20).map(|number| "abcdefghij".repeat(number % 8) + &number.to_string()).collect();
    // `None` if the holder was paused in the middle of writing for as long as a reader retries.
    let check_holder = |seen: Option<LockHolder>| {
        let Some(seen) = seen else { return 0 };
        let stage = seen.stage.clone();
        assert!(stage == "analyze" || stages.contains(&stage), "{stage:?}");
        assert_eq!(seen, LockHolder { stage, ..holder("first") });
        1
    };
    let is_over = AtomicBool::new(false);
    let (refusals, looks) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let is_done = |count: usize| {
        count >= STAGES && refusals.load(Ordering::SeqCst) >= 4 * REFUSALS && looks.load(Ordering::SeqCst) > 0
    };
    thread::scope(|scope| {
        // Ends the other threads even if an assertion fails here.
        let _end = EndsOthers(&is_over);
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let seen = check_holder(refused_by(acquire(&path, "second")));
                    refusals.fetch_add(seen, Ordering::SeqCst);
                }
            });
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let seen = match lock_status(&path).unwrap() {
                        LockStatus::Held(seen) => check_holder(seen),
                        other => panic!("{other:?}"),
                    };
                    let pid = get_pid(&path);
                    assert!(pid.is_none_or(|pid| pid == std::process::id()), "{pid:?}");
                    looks.fetch_add(seen.min(usize::from(pid.is_some())), Ordering::SeqCst);
                }
            });
        }
        let started = Instant::now();
        for (count, stage) in stages.iter().cycle().enumerate() {
            if is_done(count) {
                break;
            }
            assert!(started.elapsed() < LONG, "the other threads have failed");
            lock.set_stage(stage).unwrap();
            lock.check().unwrap();
        }
    });
    lock.check().unwrap();
}

struct EndsOthers<'a>(&'a AtomicBool);

impl Drop for EndsOthers<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
