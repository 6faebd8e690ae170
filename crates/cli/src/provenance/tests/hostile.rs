//! Repositories that are damaged, or made to do harm.

use std::{
    fs,
    io::Write as _,
    time::{Duration, Instant},
};

use flate2::{Compression, write::ZlibEncoder};

use super::{CLEAN, Sandbox, assert_unknown, known};
use crate::provenance::{
    clock::Deadline,
    id::{Hash, Kind},
    index::Index,
    objects::Objects,
    repository::Repository,
};

/// The commit without a suffix, and a note that ends with `reason`.
fn assert_doubt(sandbox: &Sandbox, head: &str, reason: &str) {
    let known = sandbox.known();
    assert_eq!(known.commit.as_deref(), Some(head), "{}", known.note);
    assert!(known.note.starts_with(&format!("{CLEAN}; whether it is dirty is not known: ")), "{}", known.note);
    assert!(known.note.ends_with(reason), "{}", known.note);
}

#[cfg(unix)]
#[test]
fn nothing_is_executed() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    sandbox.write(".gitattributes", "*.py filter=evil diff=evil\n");
    sandbox.commit_all();
    let (root, trace) = (sandbox.root(), sandbox.root().with_file_name("trace"));
    let script = root.join(".git/evil");
    fs::write(&script, format!("#!/bin/sh\ntouch '{}'\ncat\n", trace.display())).unwrap();
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    for hook in ["post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"] {
        fs::copy(&script, root.join(".git/hooks").join(hook)).unwrap();
    }
    let script = script.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.process",
        "diff.evil.textconv",
        "core.pager",
        "core.sshCommand",
    ] {
        sandbox.git(&["config", key, script]);
    }
    sandbox.write("a.py", "changed\n");
    sandbox.assert(&root, "-dirty", &format!("{CLEAN}; dirty, since a.py is changed"));
    assert!(!trace.exists());
    // The trap does work.
    sandbox.git(&["status"]);
    assert!(trace.exists());
}

#[test]
fn a_pointer_to_nowhere_is_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::write(root.join(".git"), "gitdir: /nowhere/at/all\n").unwrap();
    assert_unknown(&root, "the file .git points to no repository");
    fs::write(root.join(".git"), "anything").unwrap();
    assert_unknown(&root, "the file .git names no repository");
    fs::write(root.join(".git"), "x".repeat(10_000)).unwrap();
    assert_unknown(&root, ".git has more than 8192 bytes");
}

#[test]
fn a_file_cannot_make_the_repository_of_others_that_of_its_tree() {
    let victim = Sandbox::new();
    victim.git(&["worktree", "add", "-q", "--detach", "../other"]);
    let git = victim.root().join(".git");
    let other = git.join("worktrees/other");
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let inner = victim.root().join("sub");
    // As a repository with several working trees would look, but that it is not the one that is borrowed from.
    let forged = root.join("forged");
    fs::create_dir(&forged).unwrap();
    fs::write(forged.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(forged.join("commondir"), git.to_str().unwrap()).unwrap();
    fs::write(forged.join("gitdir"), root.join(".git").to_str().unwrap()).unwrap();
    let note = "the file .git points to a repository that does not point back to this tree";
    for (tree, target) in [(&root, &git), (&root, &other), (&root, &forged), (&inner, &git), (&inner, &other)] {
        fs::write(tree.join(".git"), format!("gitdir: {}\n", target.display())).unwrap();
        assert_unknown(tree, note);
        fs::remove_file(tree.join(".git")).unwrap();
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(victim.root().with_file_name("other/.git"), root.join(".git")).unwrap();
        assert_unknown(&root, note);
    }
    victim.assert_clean();
}

#[test]
fn references_that_lead_nowhere_are_reasons() {
    let sandbox = Sandbox::new();
    let git = sandbox.root().join(".git");
    for (content, reason) in [
        ("", "a reference holds no commit id"),
        ("0123", "a reference holds no commit id"),
        ("\x1b[31m", "a reference holds no commit id"),
        ("ref: refs/heads/../../../secret", "a reference has a name that none may have"),
        ("ref: /etc/passwd", "a reference has a name that none may have"),
        ("ref: refs/heads/absent", "nothing is committed yet on the branch that is checked out"),
        ("ref: refs/heads", "nothing is committed yet on the branch that is checked out"),
        ("ref: refs/heads/loop", "the references of the repository lead from one to the next without an end"),
    ] {
        fs::write(git.join("refs/heads/loop"), "ref: refs/heads/loop\n").unwrap();
        fs::write(git.join("HEAD"), content).unwrap();
        assert_unknown(&sandbox.root(), reason);
    }
    fs::write(git.join("HEAD"), "x".repeat(10_000)).unwrap();
    assert_unknown(&sandbox.root(), "HEAD has more than 8192 bytes");
}

#[cfg(unix)]
#[test]
fn nothing_outside_of_the_repository_is_told() {
    use std::os::unix::fs::symlink;

    let sandbox = Sandbox::new();
    let git = sandbox.root().join(".git");
    let secrets = sandbox.root().with_file_name("secrets");
    fs::create_dir(&secrets).unwrap();
    fs::write(secrets.join("token"), "0123456789abcdef0123456789abcdef01234567").unwrap();
    fs::remove_file(git.join("HEAD")).unwrap();
    symlink(secrets.join("token"), git.join("HEAD")).unwrap();
    assert_unknown(&sandbox.root(), "a reference has a name that none may have");
    fs::remove_file(git.join("HEAD")).unwrap();
    symlink("refs/heads/main", git.join("HEAD")).unwrap();
    assert!(sandbox.known().commit.is_some());
    fs::remove_file(git.join("HEAD")).unwrap();
    fs::write(git.join("HEAD"), "ref: refs/heads/evil/token").unwrap();
    symlink(&secrets, git.join("refs/heads/evil")).unwrap();
    assert_unknown(&sandbox.root(), "a reference lies outside of the repository");
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_hold_nobody_up() {
    use std::os::unix::fs::symlink;

    let start = Instant::now();
    for name in ["HEAD", "config", "index", "commondir", "objects/info/alternates", "packed-refs"] {
        for is_pipe in [true, false] {
            let sandbox = Sandbox::new();
            let path = sandbox.root().join(".git").join(name);
            sandbox.git(&["pack-refs", "--all"]);
            let _ = fs::remove_file(&path);
            if is_pipe {
                let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
                assert!(made.success());
            } else {
                symlink("/dev/zero", &path).unwrap();
            }
            let known = sandbox.known();
            assert_ne!(known.note, CLEAN, "{name}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_damaged_index_leaves_the_commit() {
    let sandbox = Sandbox::new();
    let (head, path) = (sandbox.head(), sandbox.root().join(".git/index"));
    let index = fs::read(&path).unwrap();
    let mut damaged = index.clone();
    damaged[60] ^= 1;
    for (content, reason) in [
        (&b""[..], "it is too short"),
        (&b"DIRC"[..], "it is too short"),
        (&damaged, "its checksum is wrong"),
        (&index[..index.len() / 2], "its checksum is wrong"),
    ] {
        fs::write(&path, content).unwrap();
        assert_doubt(&sandbox, &head, reason);
    }
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    assert_doubt(&sandbox, &head, "index has more than 67108864 bytes");
}

/// Whatever is wrong with an index, reading it ends, and with an error.
#[test]
fn no_index_is_trusted() {
    let sandbox = Sandbox::new();
    for version in ["2", "4"] {
        sandbox.git(&["update-index", "--index-version", version]);
        let index = fs::read(sandbox.root().join(".git/index")).unwrap();
        let content = &index[..index.len() - 20];
        let unchecked = |content: &[u8]| Index::parse(&[content, &[0; 20]].concat(), Hash::Sha1);
        assert!(unchecked(content).is_ok());
        for length in 0..content.len() {
            // Without its extensions it is whole again.
            let _ = unchecked(&content[..length]);
        }
        for at in 0..content.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = content.to_owned();
                damaged[at] = value;
                let _ = unchecked(&damaged);
            }
        }
        let mut greedy = content.to_owned();
        greedy[8..12].fill(0xff);
        assert!(unchecked(&greedy).unwrap_err().to_string().contains("more than it can hold"));
    }
}

#[test]
fn damaged_objects_leave_the_commit() {
    let sandbox = Sandbox::new();
    let head = sandbox.head();
    let path = sandbox.root().join(".git/objects").join(&head[..2]).join(&head[2..]);
    let object = |content: &[u8]| {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    };
    let bomb = object(&vec![0; 100 << 20]);
    for (content, reason) in [
        (Vec::new(), "inflate it: "),
        (b"no stream".to_vec(), "inflate it: "),
        (object(b""), "it has no header"),
        (object(b"commit"), "it has no header"),
        (object(b"commit 7\0"), "its size is wrong"),
        (object(b"comet 0\0"), "its kind is not known"),
        (object(b"commit 0\0"), "is damaged"),
        (object(b"blob 0\0"), "is no commit"),
        (bomb, "it has more than 16777248 bytes"),
    ] {
        let _ = fs::remove_file(&path);
        fs::write(&path, content).unwrap();
        let known = sandbox.known();
        assert_eq!(known.commit.as_deref(), Some(&*head));
        assert!(known.note.contains(reason), "{} without {reason}", known.note);
    }
    fs::remove_file(&path).unwrap();
    assert_doubt(&sandbox, &head, &format!("the repository has no object {head}"));
}

/// Whatever is wrong with a pack, reading it ends, and gives the object or an error.
#[test]
fn no_pack_is_trusted() {
    let sandbox = Sandbox::new();
    sandbox.git(&["gc", "-q", "--prune=now"]);
    let head = crate::provenance::id::ObjectId::from_hex(Hash::Sha1, sandbox.head().as_bytes()).unwrap();
    let repository = Repository::discover(&sandbox.root()).unwrap().unwrap();
    let read = || Objects::of(&repository, Deadline::start()).unwrap().read(&head, Kind::Commit);
    let whole = read().unwrap();
    for entry in fs::read_dir(sandbox.root().join(".git/objects/pack")).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let content = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let check = |damaged: &[u8]| {
            fs::write(&path, damaged).unwrap();
            if let Ok(found) = read() {
                assert_eq!(found, whole);
            }
        };
        for at in 0..content.len() {
            check(&content[..at]);
            for value in [0, 0x7f, 0xff] {
                let mut damaged = content.clone();
                damaged[at] = value;
                check(&damaged);
            }
        }
        fs::write(&path, content).unwrap();
    }
}

#[test]
fn only_the_pack_that_has_the_object_is_open() {
    let sandbox = Sandbox::empty(&[]);
    let mut ids = Vec::new();
    for number in 0..4 {
        sandbox.write("a.py", &number.to_string());
        sandbox.commit_all();
        sandbox.git(&["repack", "-q", "-d"]);
        ids.push(crate::provenance::id::ObjectId::from_hex(Hash::Sha1, sandbox.head().as_bytes()).unwrap());
    }
    let repository = Repository::discover(&sandbox.root()).unwrap().unwrap();
    let mut objects = Objects::of(&repository, Deadline::start()).unwrap();
    for id in ids.iter().chain(&ids).chain(ids.iter().rev()) {
        objects.read(id, Kind::Commit).unwrap();
        assert_eq!(objects.open_file_count(), 2);
    }
    assert!(objects.read(&Hash::Sha1.id_of(Kind::Commit, b""), Kind::Commit).is_err());
    assert_eq!(objects.open_file_count(), 0);
}

#[test]
fn stores_that_borrow_from_each_other_end() {
    let sandbox = Sandbox::new();
    let objects = sandbox.root().join(".git/objects");
    fs::write(objects.join("info/alternates"), "../objects\n/nowhere\n.\n\n# x\n../../.git/objects\n").unwrap();
    sandbox.assert_clean();
}

#[test]
fn looking_ends() {
    let sandbox = Sandbox::new();
    let repository = Repository::discover(&sandbox.root()).unwrap().unwrap();
    let id = Hash::Sha1.id_of(Kind::Commit, b"");
    let error = Objects::of(&repository, Deadline::over()).unwrap().read(&id, Kind::Commit).unwrap_err();
    assert_eq!(error.to_string(), "looking took longer than 10 s");
}

#[test]
fn notes_obey_nobody() {
    let sandbox = Sandbox::new();
    sandbox.write("x\x1b[31m\n.py", "");
    sandbox.assert_dirty("x\\u{1b}[31m .py is not tracked");
    sandbox.write(&format!("{0}/{0}/{0}.py", "n".repeat(200)), "");
    assert!(known(&sandbox.root()).note.chars().count() <= 400);
}
