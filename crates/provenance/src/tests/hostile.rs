//! Repositories that are damaged, or made to do harm.

use std::{
    fs,
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use gix::{hash::Kind as Hash, objs::Kind};

use super::{CLEAN, NEVER, Sandbox, assert_unknown, open, tree};
use crate::{Id, index};

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
    sandbox.write("a.py", "a = 9\n");
    assert_doubt(&sandbox, &sandbox.head(), "a.py is under the filter evil, which is not run");
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
fn foreign_gitfile_is_refused() {
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
fn nothing_outside_the_repository_is_read() {
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
fn pipes_and_devices_do_not_block() {
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
        let unchecked = |content: &[u8]| index::parse(&[content, &[0; 20]].concat(), Hash::Sha1);
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
        assert!(unchecked(&greedy).err().unwrap().to_string().contains("more than it can hold"));
    }
}

#[test]
fn damaged_objects_leave_the_commit() {
    let sandbox = Sandbox::new();
    let head = sandbox.head();
    let path = sandbox.root().join(".git/objects").join(&head[..2]).join(&head[2..]);
    let object = |content: &[u8]| deflated(content);
    let bomb = object(&[b"commit 104857600\0", &*vec![0; 100 << 20]].concat());
    let lie = object(&[b"commit 8\0", &*vec![0; 100 << 20]].concat());
    for (content, reason) in [
        (Vec::new(), "read the object"),
        (b"no stream".to_vec(), "read the object"),
        (object(b""), "read the object"),
        (object(b"commit"), "read the object"),
        (object(b"commit 7\0"), "read the object"),
        (object(b"comet 0\0"), "read the object"),
        (object(b"commit 0\0"), "is damaged"),
        (object(b"blob 0\0"), "is damaged"),
        (bomb, "it has more than 16777216 bytes"),
        (lie, "read the object"),
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

#[test]
fn other_kinds_of_objects_are_refused() {
    let sandbox = Sandbox::new();
    let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    fs::write(sandbox.root().join(".git/HEAD"), format!("{tree}\n")).unwrap();
    assert_doubt(&sandbox, &tree, &format!("the object {tree} is no commit"));
}

/// Whatever is wrong with a pack, reading it ends, and gives the object or an error.
#[test]
fn no_pack_is_trusted() {
    let sandbox = Sandbox::new();
    sandbox.git(&["gc", "-q", "--prune=now"]);
    let head = Id::from_hex(Hash::Sha1, sandbox.head().as_bytes()).unwrap();
    let repository = open(&sandbox.root());
    let read = || repository.objects(&NEVER)?.read(&head.0, Kind::Commit);
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
fn only_packs_with_the_object_are_mapped() {
    let sandbox = Sandbox::empty(&[]);
    let mut ids = Vec::new();
    for number in 0..4 {
        sandbox.write("a.py", &number.to_string());
        sandbox.commit_all();
        sandbox.git(&["repack", "-q", "-d"]);
        ids.push(Id::from_hex(Hash::Sha1, sandbox.head().as_bytes()).unwrap());
    }
    let repository = open(&sandbox.root());
    let objects = repository.objects(&NEVER).unwrap();
    let absent = crate::id::id_of(Hash::Sha1, Kind::Commit, b"").unwrap();
    assert!(objects.read(&absent, Kind::Commit).is_err());
    assert_eq!(objects.mapped_pack_count(), 0);
    for (count, id) in ids.iter().enumerate() {
        objects.read(&id.0, Kind::Commit).unwrap();
        assert_eq!(objects.mapped_pack_count(), count + 1);
    }
    for id in ids.iter().rev() {
        objects.read(&id.0, Kind::Commit).unwrap();
    }
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
    let stop = AtomicBool::new(true);
    let origin = open(&sandbox.root()).origin(tree(&sandbox.root()), &stop, "looking took longer than 10 s");
    assert_eq!(origin.code_ref.commit, Some(sandbox.head()));
    let note = format!("{CLEAN}; whether it is dirty is not known: looking took longer than 10 s");
    assert_eq!(origin.code_ref.note, note);
}

/// The content as a stream of zlib, not made smaller.
fn deflated(content: &[u8]) -> Vec<u8> {
    // Blocks that are stored as they are: a mark for the last, a length, its complement, the bytes.
    let mut stream = vec![0x78, 0x01];
    let mut blocks = content.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        stream.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in content {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

/// A split index in which the cache of trees is deeper than any stack.
#[test]
fn a_deep_cache_of_trees_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.git(&["update-index", "--split-index"]);
    let path = sandbox.root().join(".git/index");
    let mut index = fs::read(&path).unwrap();
    index.truncate(index.len() - 20);
    let cache = b"x\0-1 1\n".repeat(1_000_000);
    index.extend(b"TREE");
    index.extend(u32::try_from(cache.len()).unwrap().to_be_bytes());
    index.extend(&cache);
    index.extend([0; 20]);
    fs::write(&path, &index).unwrap();
    assert_doubt(&sandbox, &sandbox.head(), "read the index: its cache of trees is too deep");
    // Where nothing is split, the library does not get to see it.
    sandbox.git(&["read-tree", "--reset", "HEAD"]);
    let plain = Sandbox::new();
    let path = plain.root().join(".git/index");
    let mut index = fs::read(&path).unwrap();
    index.truncate(index.len() - 20);
    index.extend(b"TREE");
    index.extend(u32::try_from(cache.len()).unwrap().to_be_bytes());
    index.extend(&cache);
    index.extend([0; 20]);
    fs::write(&path, &index).unwrap();
    plain.assert_clean();
}

/// In version 4 each path goes on where the one before ended, so that few bytes make long paths.
#[test]
fn paths_that_grow_are_refused() {
    let long = "n".repeat(4000);
    let mut index = [&b"DIRC\0\0\0\x04"[..], &100_000_u32.to_be_bytes()].concat();
    for number in 0..100_000_u32 {
        index.extend([0; 60]);
        index.extend([0, 0]);
        // The first path as a whole, then eight more letters instead of the last eight.
        if number == 0 {
            index.extend([0]);
            index.extend(long.as_bytes());
        } else {
            index.extend([8]);
            index.extend(format!("{number:08}").as_bytes());
        }
        index.push(0);
    }
    index.extend([0; 20]);
    let error = index::parse(&index, Hash::Sha1).err().unwrap().to_string();
    assert_eq!(error, "a list of its paths has more than 67108864 bytes");
}
