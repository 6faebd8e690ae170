//! Lock files: possible file kinds at the path, and the path itself.

use std::{fs, path::Path};

use cds_persistence::{LockError, LockStatus, get_pid, is_lock_file_valid, lock_path, lock_status};

use crate::samples::{acquire, holder, workplace};

#[test]
fn lock_is_next_to_its_file() {
    let (directory, _) = workplace();
    let root = directory.path().canonicalize().unwrap();
    let database = root.join("snapshots.db");
    assert_eq!(lock_path(&database), root.join("snapshots.db.lock"));
    fs::write(&database, "").unwrap();
    assert_eq!(lock_path(&database), root.join("snapshots.db.lock"));
    fs::create_dir(root.join("archive")).unwrap();
    assert_eq!(lock_path(&root.join("archive/")), root.join("archive.lock"));
    assert_eq!(lock_path(&root.join("archive/../new.db")), root.join("new.db.lock"));
    assert_eq!(lock_path(&root.join("nowhere/new.db")), root.join("nowhere/new.db.lock"));
    assert!(lock_path(Path::new("new.db")).is_absolute());
}

#[cfg(unix)]
#[test]
fn two_names_share_one_lock() {
    let (directory, _) = workplace();
    let root = directory.path().canonicalize().unwrap();
    fs::create_dir(root.join("real")).unwrap();
    fs::write(root.join("real/snapshots.db"), "").unwrap();
    std::os::unix::fs::symlink(root.join("real"), root.join("folder")).unwrap();
    std::os::unix::fs::symlink("real/snapshots.db", root.join("latest.db")).unwrap();
    let expected = root.join("real/snapshots.db.lock");
    assert_eq!(lock_path(&root.join("latest.db")), expected);
    assert_eq!(lock_path(&root.join("folder/snapshots.db")), expected);
    assert_eq!(lock_path(&root.join("folder/new.db")), root.join("real/new.db.lock"));

    let _lock = acquire(&lock_path(&root.join("latest.db")), "first").unwrap();
    let refused = acquire(&lock_path(&root.join("folder/snapshots.db")), "second");
    assert!(matches!(refused, Err(LockError::Held { .. })), "{refused:?}");
}

fn is_refused(path: &Path, expected: &str) {
    assert_eq!(acquire(path, "first").unwrap_err().to_string(), expected);
    assert_eq!(lock_status(path).unwrap_err().to_string(), expected);
    assert_eq!((is_lock_file_valid(path), get_pid(path)), (false, None));
}

#[test]
fn directory_is_refused() {
    let (_directory, path) = workplace();
    fs::create_dir(&path).unwrap();
    is_refused(&path, &format!("open lock {path:?}: it is a directory, not a regular file"));
}

#[cfg(unix)]
#[test]
fn symbolic_link_is_not_followed() {
    let (_directory, path) = workplace();
    let other = path.with_extension("other");
    std::os::unix::fs::symlink(&other, &path).unwrap();
    let expected = format!("open lock {path:?}: it is a symbolic link, not a regular file");
    is_refused(&path, &expected);
    assert!(!other.exists(), "its target is not created");
    fs::write(&other, "mine").unwrap();
    is_refused(&path, &expected);
    assert_eq!(fs::read(&other).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn socket_is_refused() {
    let (_directory, path) = workplace();
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    is_refused(&path, &format!("open lock {path:?}: it is a pipe, a socket or a device, not a regular file"));
}

#[cfg(target_os = "linux")]
#[test]
fn pipe_is_refused_without_waiting() {
    let (_directory, path) = workplace();
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    is_refused(&path, &format!("open lock {path:?}: it is a pipe, a socket or a device, not a regular file"));
}

#[test]
fn read_only_lock_is_never_taken() {
    let (_directory, path) = workplace();
    let block = block_of("first");
    fs::write(&path, &block).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let error = acquire(&path, "first").unwrap_err();
    assert!(matches!(error, LockError::ReadOnly { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("write to lock {path:?}: it is read-only"));
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Free { left_behind: Some(holder("first")) });
    assert_eq!(fs::read(&path).unwrap(), block);
}

#[test]
fn missing_directory_is_not_created() {
    let (_directory, path) = workplace();
    let path = path.join("x.lock");
    let error = acquire(&path, "first").unwrap_err();
    assert_eq!(error.to_string(), format!("open lock {path:?}"));
    assert_eq!(lock_status(&path).unwrap(), LockStatus::Missing);
}

#[test]
fn holder_keeps_foreign_content() {
    let contents = [
        &b"\0\xff\x1b[31m"[..],
        b"no JSON",
        b"[1, 2, 3]",
        b"{}",
        br#"{"pid":7,"precious":"data"}"#,
        &[b'x'; 1024],
        &[0; 1024],
        &[b'x'; 5000],
        &[&[b' '; 5000][..], b"precious"].concat(),
    ];
    for content in contents {
        let (_directory, path) = workplace();
        fs::write(&path, content).unwrap();
        assert_eq!(lock_status(&path).unwrap(), LockStatus::Free { left_behind: None });
        assert_eq!(get_pid(&path), None);

        let lock = acquire(&path, "first").unwrap();
        assert!(lock.is_nameless() && lock.left_behind().is_none());
        lock.set_stage("build").unwrap();
        lock.check().unwrap();
        let error = acquire(&path, "second").unwrap_err();
        let expected = format!("take lock {path:?}: it is held by an unknown process");
        assert_eq!(error.to_string(), expected);
        assert!(!is_lock_file_valid(&path));
        drop(lock);
        assert_eq!(fs::read(&path).unwrap(), content);
        assert!(acquire(&path, "third").is_ok(), "it was released anyway");
    }
}

#[test]
fn next_holder_replaces_torn_block() {
    let (one, other) = (block_of("first"), block_of("another"));
    let torn = [&one[..100], &other[100..]].concat();
    for content in [&torn[..], &[b' '; 2000], b"\n"] {
        let (_directory, path) = workplace();
        fs::write(&path, content).unwrap();
        assert_eq!(lock_status(&path).unwrap(), LockStatus::Free { left_behind: None });
        let lock = acquire(&path, "first").unwrap();
        assert!(!lock.is_nameless() && lock.left_behind().is_none());
        assert_eq!(lock_status(&path).unwrap(), LockStatus::Held(Some(holder("first"))));
        assert_eq!(fs::read(&path).unwrap(), one, "nothing follows the block");
        lock.set_stage("build").unwrap();
        lock.check().unwrap();
        drop(lock);
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}

/// The content of the file while that run holds the lock.
fn block_of(run_id: &str) -> Vec<u8> {
    let (_directory, path) = workplace();
    let _lock = acquire(&path, run_id).unwrap();
    fs::read(&path).unwrap()
}

#[cfg(unix)]
#[test]
fn new_lock_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = workplace();
    let _lock = acquire(&path, "first").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(target_os = "linux")]
#[test]
fn lock_file_copies_database_mode() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mode_of = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // The modes of the database, and of the lock file before and after.
    for (database_mode, lock_mode, expected) in [
        (0o600, None, 0o600),
        (0o660, None, 0o660),
        (0o666, None, 0o666),
        (0o640, Some(0o600), 0o640),
        (0o660, Some(0o644), 0o660),
        (0o600, Some(0o666), 0o600),
        (0o6775, Some(0o600), 0o664),
        // A database that is read-only for a while keeps a lock that can be taken later.
        (0o444, None, 0o644),
    ] {
        let (_directory, path) = workplace();
        let database = path.with_extension("");
        fs::write(&database, "").unwrap();
        set_mode(&database, database_mode);
        if let Some(mode) = lock_mode {
            fs::write(&path, "").unwrap();
            set_mode(&path, mode);
        }
        let lock = acquire(&path, "first").unwrap();
        assert_eq!(mode_of(&path), expected, "{database_mode:o}, {lock_mode:?}");
        lock.check().unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn superuser_gives_lock_to_database_owner() {
    use std::os::unix::fs::MetadataExt;
    let (_directory, path) = workplace();
    let database = path.with_extension("");
    fs::write(&database, "").unwrap();
    if std::os::unix::fs::chown(&database, Some(4711), Some(4712)).is_err() {
        eprintln!("skipped: this user may not change the owner of files");
        return;
    }
    let _lock = acquire(&path, "first").unwrap();
    let lock = fs::metadata(&path).unwrap();
    assert_eq!((lock.uid(), lock.gid()), (4711, 4712));
}

#[cfg(unix)]
#[test]
fn mode_of_another_programs_file_stays() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = workplace();
    fs::write(path.with_extension(""), "").unwrap();
    fs::write(&path, "[[package]]").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let _lock = acquire(&path, "first").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}
