//! Repositories of every shape that git makes.

use std::{fs, path::Path};

use super::{CLEAN, Sandbox, assert_unknown, known, open};

fn project_name(folder: &Path) -> String {
    open(folder).project_name().unwrap()
}

/// Clean, and dirty after a change.
fn assert_works(sandbox: &Sandbox, root: &Path) {
    sandbox.assert(root, "", CLEAN);
    fs::write(root.join("a.py"), "changed\n").unwrap();
    sandbox.assert(root, "-dirty", &format!("{CLEAN}; dirty, since a.py is changed"));
    sandbox.git_in(root, &["add", "a.py"]);
    sandbox.assert(root, "-dirty", &format!("{CLEAN}; dirty, since a.py is staged otherwise than it is committed"));
}

#[test]
fn outside_of_a_repository_there_is_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    assert_unknown(&folder.path().canonicalize().unwrap(), "the tree lies in no git repository");
}

#[test]
fn before_the_first_commit_there_is_none() {
    let sandbox = Sandbox::empty(&[]);
    sandbox.write("a.py", "");
    assert_unknown(&sandbox.root(), "nothing is committed yet on the branch that is checked out");
}

#[test]
fn a_head_without_a_branch_works() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-q", "--detach"]);
    assert_works(&sandbox, &sandbox.root());
}

#[test]
fn packed_references_and_objects_work() {
    let sandbox = Sandbox::empty(&[]);
    // Similar versions of large folders become differences of one another.
    for round in 0..20 {
        for file in 0..40 {
            sandbox.write(&format!("sub/folder_with_a_long_name/{file}.py"), "");
        }
        sandbox.write("sub/folder_with_a_long_name/x.py", &round.to_string());
        sandbox.write("a.py", "a = 1\n");
        sandbox.commit_all();
    }
    for options in [&["repack.useDeltaBaseOffset=true"], &["repack.useDeltaBaseOffset=false"]] {
        sandbox.git(&["-c", options[0], "gc", "-q", "--aggressive", "--prune=now"]);
        assert!(!sandbox.root().join(".git/refs/heads/main").exists());
        for _ in 0..3 {
            assert_works(&sandbox, &sandbox.root());
            sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
            sandbox.git(&["pack-refs", "--all"]);
        }
        let sub = sandbox.root().join("sub/folder_with_a_long_name");
        sandbox.assert(&sub, "", CLEAN);
        sandbox.git(&["reset", "-q", "--hard"]);
    }
}

#[test]
fn every_version_of_the_index_works() {
    for version in ["2", "3", "4"] {
        let sandbox = Sandbox::new();
        sandbox.git(&["update-index", "--index-version", version]);
        sandbox.git(&["update-index", "--skip-worktree", "b.txt"]);
        assert_works(&sandbox, &sandbox.root());
    }
}

#[test]
fn a_split_index_works() {
    let sandbox = Sandbox::new();
    sandbox.git(&["update-index", "--split-index"]);
    assert!(
        fs::read_dir(sandbox.root().join(".git"))
            .unwrap()
            .any(|entry| { entry.unwrap().file_name().to_string_lossy().starts_with("sharedindex.") })
    );
    sandbox.write("sub/d.py", "d = 1\n");
    sandbox.commit_all();
    assert_works(&sandbox, &sandbox.root());
    sandbox.git(&["commit", "-q", "-m", "x"]);
    sandbox.git(&["rm", "-q", "sub/c.py"]);
    sandbox.assert_dirty("sub/c.py is staged otherwise than it is committed");
    sandbox.git(&["commit", "-q", "-m", "x"]);
    sandbox.assert_clean();
    // With a cache of untracked files the library would have to read that, too.
    sandbox.git(&["update-index", "--force-untracked-cache"]);
    let note = "read the index: it is split, and has a cache of untracked files";
    sandbox.assert(&sandbox.root(), "", &format!("{CLEAN}; whether it is dirty is not known: {note}"));
}

#[test]
fn a_sparse_index_works() {
    let sandbox = Sandbox::new();
    sandbox.write("other/d.py", "");
    sandbox.write("other/deep/e.py", "");
    sandbox.commit_all();
    sandbox.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "sub"]);
    assert!(sandbox.git(&["ls-files", "--sparse"]).lines().any(|line| line == "other/"));
    sandbox.assert_clean();
    sandbox.assert(&sandbox.root().join("sub"), "", CLEAN);
    sandbox.write("sub/c.py", "c = 2\n");
    sandbox.assert_dirty("sub/c.py is changed");
    sandbox.git(&["add", "sub/c.py"]);
    sandbox.assert_dirty("sub/c.py is staged otherwise than it is committed");
    sandbox.git(&["commit", "-q", "-m", "x"]);
    // The index says only that the folder is as it was committed, and not what is in it.
    sandbox.write("other/d.py", "");
    let why = "the index is sparse, and a folder that it keeps as a whole has files here";
    sandbox.assert(&sandbox.root(), "", &format!("{CLEAN}; whether it is dirty is not known: {why}"));
    sandbox.assert(&sandbox.root().join("other"), "", &format!("{CLEAN}; whether it is dirty is not known: {why}"));
    sandbox.git(&["reset", "-q", "--soft", "HEAD~2"]);
    assert!(sandbox.known().commit.unwrap().ends_with("-dirty"));
}

#[test]
fn ids_of_64_digits_work() {
    let sandbox = Sandbox::empty(&["--object-format=sha256"]);
    sandbox.write("a.py", "a = 1\n");
    sandbox.commit_all();
    sandbox.git(&["gc", "-q"]);
    assert_eq!(sandbox.known().commit.unwrap().len(), 64);
    assert_works(&sandbox, &sandbox.root());
}

#[test]
fn references_in_tables_are_read() {
    let sandbox = Sandbox::empty(&["--ref-format=reftable"]);
    sandbox.write("a.py", "");
    sandbox.commit_all();
    let note = "the repository keeps its references in tables (reftable), which are not read";
    assert_unknown(&sandbox.root(), note);
}

#[test]
fn worktrees_work() {
    let sandbox = Sandbox::new();
    let other = sandbox.root().with_file_name("other");
    sandbox.git(&["worktree", "add", "-q", "--detach", other.to_str().unwrap()]);
    sandbox.git(&["config", "remote.origin.url", "https://example.org/tool.git"]);
    assert_eq!(project_name(&other), "tool");
    assert_works(&sandbox, &other);
    sandbox.assert_clean();
}

#[test]
fn worktrees_and_submodules_find_their_repository() {
    let inner = Sandbox::new();
    let outer = Sandbox::new();
    outer.git(&["submodule", "--quiet", "add", inner.root().to_str().unwrap(), "lib"]);
    outer.commit_all();
    let lib = outer.root().join("lib");
    // The folder of the tree may be set elsewhere, as git does where each working tree has settings of its own.
    outer.git_in(&lib, &["config", "--unset", "core.worktree"]);
    inner.assert(&lib, "", CLEAN);
    let other = outer.root().with_file_name("other");
    outer.git(&["-c", "worktree.useRelativePaths=true", "worktree", "add", "-q", "--detach", other.to_str().unwrap()]);
    outer.assert(&other, "", CLEAN);
    outer.git_in(&other, &["submodule", "--quiet", "update", "--init"]);
    inner.assert(&other.join("lib"), "", CLEAN);
    let (separate, elsewhere) = (inner.root().with_file_name("separate"), inner.root().with_file_name("elsewhere"));
    inner.git(&["clone", "-q", "--separate-git-dir", elsewhere.to_str().unwrap(), ".", separate.to_str().unwrap()]);
    inner.git_in(&separate, &["config", "core.worktree", separate.to_str().unwrap()]);
    inner.assert(&separate, "", CLEAN);
}

#[test]
fn submodules_are_looked_into() {
    let inner = Sandbox::new();
    let outer = Sandbox::new();
    outer.git(&["submodule", "--quiet", "add", inner.root().to_str().unwrap(), "lib"]);
    outer.commit_all();
    outer.assert_clean();
    let lib = outer.root().join("lib");
    inner.assert(&lib, "", CLEAN);
    outer.write("lib/new.py", "");
    outer.assert_dirty("lib/new.py is not tracked");
    outer.git_in(&lib, &["add", "."]);
    outer.assert_dirty("lib/new.py is staged otherwise than it is committed");
    outer.git_in(&lib, &["commit", "-q", "-m", "x"]);
    outer.assert_dirty("lib is changed");
    outer.commit_all();
    outer.assert_clean();
    outer.git(&["submodule", "--quiet", "deinit", "-f", "lib"]);
    outer.assert_clean();
    fs::remove_dir(&lib).unwrap();
    outer.assert_dirty("lib is changed");
}

#[test]
fn clones_work() {
    let origin = Sandbox::new();
    for options in [&["--depth=1"][..], &["--shared"], &["--reference-if-able"], &["--filter=blob:none"], &[]] {
        let sandbox = Sandbox::empty(&[]);
        let url = format!("file://{}", origin.root().display());
        let source = if options == ["--shared"] { origin.root().display().to_string() } else { url };
        let mut arguments = vec!["clone", "-q"];
        arguments.extend(options);
        let reference = origin.root().display().to_string();
        arguments.extend((options == ["--reference-if-able"]).then_some(reference.as_str()));
        let clone = sandbox.root().with_file_name("clone");
        sandbox.git(&[&arguments[..], &[&source, clone.to_str().unwrap()]].concat());
        assert_eq!(project_name(&clone), "repo");
        assert_works(&origin, &clone);
    }
}

#[test]
fn a_copied_tree_is_compared_by_content() {
    let sandbox = Sandbox::new();
    let copy = sandbox.root().with_file_name("copy");
    let is_copied = std::process::Command::new("cp").arg("-R").arg(sandbox.root()).arg(&copy).status().unwrap();
    assert!(is_copied.success());
    assert_works(&sandbox, &copy);
}

#[test]
fn the_nearest_repository_counts() {
    let sandbox = Sandbox::new();
    let inner = sandbox.root().join("inner");
    fs::create_dir_all(inner.join(".git")).unwrap();
    fs::write(inner.join("x.py"), "").unwrap();
    // A folder that is only called like a repository is none.
    sandbox.assert(&inner, "-dirty", &format!("{CLEAN}; dirty, since inner/x.py is not tracked"));
    sandbox.git_in(&inner, &["init", "-q"]);
    assert_unknown(&inner, "nothing is committed yet on the branch that is checked out");
    sandbox.assert_dirty("inner/x.py is not tracked");
}

#[test]
fn bare_repository_has_no_commit() {
    let sandbox = Sandbox::new();
    let bare = sandbox.root().with_file_name("bare");
    sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    assert_unknown(&bare, "the tree lies in a repository without a working tree");
    assert_unknown(&sandbox.root().join(".git/hooks"), "the tree lies in a repository without a working tree");
    sandbox.git(&["config", "core.bare", "true"]);
    assert_unknown(&sandbox.root(), "the repository has no working tree");
    sandbox.git(&["config", "core.bare", "false"]);
    sandbox.git(&["config", "core.worktree", "/"]);
    assert_eq!(known(&sandbox.root()).note, "the working tree of the repository is elsewhere");
}

#[test]
fn the_project_is_called_like_the_repository() {
    let sandbox = Sandbox::new();
    let sub = sandbox.root().join("sub");
    assert_eq!(project_name(&sub), "repo");
    sandbox.git(&["config", "remote.origin.url", "https://user:s3cret@example.org/group/tool.git"]);
    assert_eq!(project_name(&sub), "tool");
    sandbox.git(&["config", "remote.origin.url", "https://user:s3cret@example.org"]);
    assert_eq!(project_name(&sub), "repo");
}
