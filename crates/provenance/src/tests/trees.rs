//! What a commit holds, without a checkout.

use std::{fs, sync::atomic::AtomicBool, time::Instant};

use super::{NEVER, Sandbox, open};
use crate::{Error, FileKind, Id};

fn head(sandbox: &Sandbox) -> Id {
    open(&sandbox.root()).head().unwrap()
}

/// The files as `git ls-tree -r` writes them.
fn listed(sandbox: &Sandbox, commit: &Id, scope: &str) -> Vec<String> {
    let repository = open(&sandbox.root());
    let tree = repository.tree_at(commit, &NEVER).unwrap();
    let files = tree.files(scope.as_bytes()).unwrap();
    let line = |file: &crate::CommittedFile| {
        let kind = match file.kind {
            FileKind::File => "100644 blob",
            FileKind::Program => "100755 blob",
            FileKind::Link => "120000 blob",
            FileKind::Repository => "160000 commit",
        };
        format!("{kind} {}\t{}", file.id, String::from_utf8(file.path.clone()).unwrap())
    };
    files.iter().map(line).collect()
}

#[test]
fn files_are_those_of_git() {
    for options in [&[][..], &["--object-format=sha256"]] {
        let sandbox = Sandbox::empty(options);
        for path in ["a.py", "sub/c.py", "sub/deep/täst.py", "sub-x/f.py", "sub.py"] {
            sandbox.write(path, path);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt, symlink};
            symlink("a.py", sandbox.root().join("link")).unwrap();
            fs::set_permissions(sandbox.root().join("sub.py"), PermissionsExt::from_mode(0o755)).unwrap();
        }
        sandbox.commit_all();
        let first = head(&sandbox);
        sandbox.write("a.py", "other");
        sandbox.git(&["rm", "-q", "-r", "sub"]);
        sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{first},lib")]);
        sandbox.git(&["commit", "-q", "-a", "-m", "x"]);
        for round in ["loose", "packed"] {
            for commit in [first, head(&sandbox)] {
                for scope in ["", "sub", "sub/deep", "sub/deep/täst.py", "a.py", "absent", "sub/absent"] {
                    let commit_text = commit.to_string();
                    let mut arguments = vec!["-c", "core.quotePath=false", "ls-tree", "-r", &commit_text];
                    arguments.extend((!scope.is_empty()).then_some(scope));
                    let expected = sandbox.git(&arguments);
                    let found = listed(&sandbox, &commit, scope);
                    assert_eq!(found, expected.lines().collect::<Vec<_>>(), "{round} {scope}");
                }
            }
            sandbox.git(&["gc", "-q", "--prune=now"]);
        }
    }
}

#[test]
fn contents_have_a_bound() {
    let sandbox = Sandbox::new();
    let repository = open(&sandbox.root());
    let tree = repository.tree_at(&head(&sandbox), &NEVER).unwrap();
    let file = &tree.files(b"a.py").unwrap()[0];
    assert_eq!(tree.content(&file.id, 6).unwrap(), b"a = 1\n");
    assert!(matches!(tree.content(&file.id, 5), Err(Error::While { .. })));
    assert!(tree.content(&head(&sandbox), 1000).unwrap_err().to_string().ends_with("is no blob"));
    sandbox.write("large.txt", &"x".repeat(17 << 20));
    sandbox.commit_all();
    let large = sandbox.git(&["rev-parse", "HEAD:large.txt"]);
    for _ in ["loose", "packed"] {
        let tree = repository.tree_at(&head(&sandbox), &NEVER).unwrap();
        let error = tree.content(&repository.id_in(&large).unwrap(), u64::MAX).unwrap_err();
        assert!(error.to_string().ends_with("it has more than 16777216 bytes"), "{error}");
        sandbox.git(&["gc", "-q", "--prune=now"]);
    }
}

/// Each folder holds the next one a hundred times, so that a few objects make a hundred million files.
#[test]
fn a_tree_that_multiplies_ends() {
    let sandbox = Sandbox::new();
    let blob = sandbox.git(&["rev-parse", "HEAD:a.py"]);
    let listing = |what: &str| (0..100).map(|name| format!("{what}\t{name:03}\n")).collect::<Vec<_>>().concat();
    let mut inner = listing(&format!("100644 blob {blob}"));
    let mut tree = String::new();
    for _ in 0..4 {
        tree = made(&sandbox, &inner);
        inner = listing(&format!("040000 tree {tree}"));
    }
    let commit = sandbox.git(&["commit-tree", "-m", "x", &tree]);
    let repository = open(&sandbox.root());
    let start = Instant::now();
    let committed = repository.tree_at(&repository.id_in(&commit).unwrap(), &NEVER).unwrap();
    let error = committed.files(b"").unwrap_err();
    assert_eq!(error.to_string(), "the tree has more than 1000000 files");
    assert!(start.elapsed().as_secs() < 60);
    assert_eq!(committed.files(b"000/000/000").unwrap().len(), 100);
    // A tree like that is no trap for the question whether the working tree is as it was committed, either.
    sandbox.git(&["update-ref", "HEAD", &commit]);
    assert!(sandbox.known().commit.unwrap().ends_with("-dirty"));
}

fn made(sandbox: &Sandbox, listing: &str) -> String {
    use std::{io::Write as _, process::Stdio};

    let mut command = sandbox.command(&sandbox.root(), &["mktree"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(listing.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn listing_stops_when_asked() {
    let sandbox = Sandbox::new();
    let repository = open(&sandbox.root());
    let stop = AtomicBool::new(false);
    let tree = repository.tree_at(&head(&sandbox), &stop).unwrap();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(tree.files(b"").unwrap_err().is_interrupt());
}

#[test]
fn names_are_resolved_like_by_git() {
    let sandbox = Sandbox::new();
    let (first, second) = (sandbox.git(&["rev-parse", "HEAD~1"]), sandbox.head());
    sandbox.git(&["tag", "-a", "-m", "x", "v1", &first]);
    sandbox.git(&["tag", "-a", "-m", "x", "v1-again", "v1"]);
    sandbox.git(&["branch", "topic/a", &first]);
    sandbox.git(&["update-ref", "refs/remotes/origin/main", &first]);
    let blob = sandbox.git(&["rev-parse", "HEAD:a.py"]);
    for round in ["loose", "packed"] {
        let repository = open(&sandbox.root());
        for (name, expected) in [
            ("HEAD", &second),
            ("main", &second),
            ("refs/heads/main", &second),
            ("heads/main", &second),
            ("v1", &first),
            ("v1-again", &first),
            ("topic/a", &first),
            ("origin/main", &first),
            (&first.to_uppercase(), &first),
        ] {
            assert_eq!(repository.resolve(name, &NEVER).unwrap().to_string(), *expected, "{round} {name}");
        }
        for name in ["absent", "../HEAD", "", "-x", &first[..10], &blob, "main~1", "@{u}"] {
            assert!(repository.resolve(name, &NEVER).is_err(), "{round} {name}");
        }
        sandbox.git(&["pack-refs", "--all"]);
    }
}
