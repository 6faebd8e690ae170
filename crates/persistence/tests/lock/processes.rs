//! Two processes. The other one is this test program, started with only the test that holds the lock.

use std::{
    env,
    io::{self, Read},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use cds_persistence::{LockHolder, LockStatus, get_pid, is_lock_file_valid, lock_status};

use crate::samples::{LONG, acquire, holder, refused_by, workplace};

const LOCK: &str = "CDS_TEST_HOLD_LOCK";

/// Holds the lock for another test until its input ends; it does nothing if run on its own.
#[test]
fn holds_the_lock_for_another_test() {
    let Some(path) = env::var_os(LOCK) else { return };
    let lock = acquire(Path::new(&path), "child").unwrap();
    lock.set_stage("enrich").unwrap();
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
    lock.check().unwrap();
}

/// Starts another process that holds the lock until its input ends.
fn start_holder(path: &Path) -> Child {
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::holds_the_lock_for_another_test"])
        .env(LOCK, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while lock_status(path).unwrap() != LockStatus::Held(Some(holder_of(&child))) {
        assert!(started.elapsed() < LONG, "the other process has not taken the lock");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

fn holder_of(child: &Child) -> LockHolder {
    LockHolder { pid: child.id(), stage: "enrich".into(), ..holder("child") }
}

#[test]
fn other_process_is_refused_with_holder() {
    let (_directory, path) = workplace();
    let mut child = start_holder(&path);
    assert_eq!(refused_by(acquire(&path, "second")), Some(holder_of(&child)));
    assert!(is_lock_file_valid(&path));

    drop(child.stdin.take());
    assert!(child.wait().unwrap().success(), "the holder was not disturbed");
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Free { left_behind: None });
    assert_eq!(acquire(&path, "second").unwrap().left_behind(), None);
}

#[test]
fn killed_holder_is_replaced_and_reported() {
    let (_directory, path) = workplace();
    let mut child = start_holder(&path);
    child.kill().unwrap();
    child.wait().unwrap();

    let dead = holder_of(&child);
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Free { left_behind: Some(dead.clone()) });
    assert_eq!((is_lock_file_valid(&path), get_pid(&path)), (false, Some(dead.pid)));
    let lock = acquire(&path, "second").unwrap();
    assert_eq!(lock.left_behind(), Some(&dead));
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Held(Some(holder("second"))));
}
