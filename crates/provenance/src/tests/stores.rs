//! Commits and the files that differ between them, held against git.

use super::{NEVER, Sandbox, open};
use crate::{FileKind, Id, TreeChange};

fn id(sandbox: &Sandbox, name: &str) -> Id {
    open(&sandbox.root()).id_in(&sandbox.git(&["rev-parse", name])).unwrap()
}

fn changes(sandbox: &Sandbox, old: Option<&str>, new: &str, scope: &str) -> Vec<TreeChange> {
    let repository = open(&sandbox.root());
    let store = repository.store(&NEVER).unwrap();
    let tree = |name: &str| store.commit(&id(sandbox, name)).unwrap().tree;
    store.changes(old.map(tree).as_ref(), &tree(new), scope.as_bytes()).unwrap()
}

/// A file becomes a folder and a folder a file, a name is the beginning of another, and modes change.
fn edited() -> Sandbox {
    let sandbox = Sandbox::new();
    for path in ["a.py", "a/b.py", "a/deep/c.py", "ab.py", "file", "folder/x.py"] {
        sandbox.write(path, path);
    }
    sandbox.commit_all();
    for path in ["file", "folder/x.py"] {
        std::fs::remove_file(sandbox.root().join(path)).unwrap();
    }
    std::fs::remove_dir(sandbox.root().join("folder")).unwrap();
    for (path, text) in [("file/x.py", "1"), ("folder", "2"), ("a/deep/c.py", "3"), ("a/deep/new.py", "4")] {
        sandbox.write(path, text);
    }
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["update-index", "--chmod=+x", "ab.py"]);
    sandbox.git(&["commit", "-q", "-m", "edited"]);
    sandbox
}

#[test]
fn changes_are_those_of_git() {
    let sandbox = edited();
    for round in ["loose", "packed"] {
        for (old, new) in [("HEAD~1", "HEAD"), ("HEAD", "HEAD~1"), ("HEAD", "HEAD")] {
            for scope in ["", "a", "a/deep", "file", "folder", "absent"] {
                let mut arguments = vec!["diff-tree", "-r", "--no-renames", "--name-only", old, new];
                arguments.extend(["--"].into_iter().chain((!scope.is_empty()).then_some(scope)));
                let mut expected: Vec<String> = sandbox.git(&arguments).lines().map(str::to_owned).collect();
                expected.sort();
                let found = changes(&sandbox, Some(old), new, scope);
                let paths: Vec<String> =
                    found.iter().map(|change| String::from_utf8_lossy(&change.path).into_owned()).collect();
                assert_eq!(paths, expected, "{round} {old} {new} {scope}");
            }
        }
        sandbox.git(&["gc", "-q", "--prune=now"]);
    }
    let found = changes(&sandbox, Some("HEAD~1"), "HEAD", "ab.py");
    assert!(matches!(found[0].now, Some((_, FileKind::Program))), "{found:?}");
}

#[test]
fn without_old_tree_all_files_are_new() {
    let sandbox = edited();
    let expected = sandbox.git(&["ls-tree", "-r", "--name-only", "HEAD"]);
    let mut expected: Vec<&str> = expected.lines().collect();
    expected.sort_unstable();
    let found = changes(&sandbox, None, "HEAD", "");
    assert_eq!(found.iter().map(|change| String::from_utf8_lossy(&change.path)).collect::<Vec<_>>(), expected);
    let repository = open(&sandbox.root());
    let store = repository.store(&NEVER).unwrap();
    let (file, _) = found[0].now.unwrap();
    assert_eq!(store.content(&file, 100).unwrap(), b"a.py");
    assert_eq!(store.content(&file, 3).unwrap_err().object_size(), Some(4));
}

#[test]
fn commits_say_what_git_shows() {
    let sandbox = edited();
    sandbox.git(&["merge", "-q", "--no-ff", "-s", "ours", "--allow-unrelated-histories", "-m", "all", "HEAD~1"]);
    let repository = open(&sandbox.root());
    let store = repository.store(&NEVER).unwrap();
    for name in ["HEAD", "HEAD~1"] {
        let commit = store.commit(&id(&sandbox, name)).unwrap();
        let shown = sandbox.git(&["show", "-s", "--format=%T|%P|%ct|%an <%ae>|%s", name]);
        let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
        let ours = format!(
            "{}|{}|{}|{}|{}",
            commit.tree,
            parents.join(" "),
            commit.committed_at.unwrap(),
            commit.authorship.author.unwrap(),
            commit.authorship.subject.unwrap()
        );
        assert_eq!(ours, shown.trim());
    }
    assert!(store.commit(&id(&sandbox, "HEAD^{tree}")).is_err());
}
