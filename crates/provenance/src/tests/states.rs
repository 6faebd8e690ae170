//! What makes a tree dirty, and what does not.

use std::{fs, thread, time::Duration};

use super::{AnalyzedTree, CLEAN, NEVER, Sandbox, known, open, tree};

#[test]
fn a_tree_as_it_was_committed_is_clean() {
    Sandbox::new().assert_clean();
}

#[test]
fn changed_files_make_it_dirty() {
    let sandbox = Sandbox::new();
    sandbox.write("b.txt", "other\n");
    sandbox.assert_dirty("b.txt is changed");
    sandbox.write("b.txt", "b\n");
    sandbox.assert_clean();
    fs::remove_file(sandbox.root().join("sub/c.py")).unwrap();
    sandbox.assert_dirty("sub/c.py is changed");
}

#[test]
fn racy_edit_of_equal_size_is_seen() {
    for round in 0..20 {
        let sandbox = Sandbox::empty(&[]);
        sandbox.write("a.py", "a = 0\n");
        sandbox.commit_all();
        sandbox.write("a.py", "a = 1\n");
        assert_eq!(sandbox.known().commit, Some(sandbox.head() + "-dirty"), "round {round}");
    }
}

#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let sandbox = Sandbox::new();
    let path = sandbox.root().join("a.py");
    thread::sleep(Duration::from_millis(20));
    sandbox.git(&["update-index", "--refresh"]);
    let time = path.metadata().unwrap().modified().unwrap();
    sandbox.write("a.py", "a = 2\n");
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    sandbox.assert_dirty("a.py is changed");
}

#[test]
fn a_touched_file_is_clean() {
    let sandbox = Sandbox::new();
    let file = fs::File::options().write(true).open(sandbox.root().join("a.py")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    sandbox.assert_clean();
}

#[test]
fn what_is_staged_makes_it_dirty() {
    let sandbox = Sandbox::new();
    sandbox.write("sub/c.py", "c = 2\n");
    sandbox.git(&["add", "sub/c.py"]);
    sandbox.assert_dirty("sub/c.py is staged otherwise than it is committed");
    // The file is as committed again, but the index is not.
    sandbox.write("sub/c.py", "c = 1\n");
    sandbox.assert_dirty("sub/c.py is staged otherwise than it is committed");
    sandbox.git(&["restore", "--staged", "sub/c.py"]);
    sandbox.assert_clean();
    sandbox.git(&["rm", "-q", "--cached", "b.txt"]);
    sandbox.assert_dirty("b.txt is staged otherwise than it is committed");
    sandbox.git(&["reset", "-q"]);
    sandbox.assert_clean();
    sandbox.write("new/d.txt", "d\n");
    sandbox.git(&["add", "-N", "new/d.txt"]);
    sandbox.assert_dirty("new/d.txt is staged otherwise than it is committed");
}

#[test]
fn a_head_that_moved_makes_it_dirty() {
    let sandbox = Sandbox::new();
    sandbox.git(&["reset", "-q", "--soft", "HEAD~1"]);
    assert_eq!(sandbox.known().commit, Some(sandbox.head() + "-dirty"));
}

#[test]
fn a_conflict_makes_it_dirty() {
    let sandbox = Sandbox::new();
    sandbox.git(&["checkout", "-q", "-b", "other", "HEAD~1"]);
    sandbox.write("a.py", "a = 3\n");
    sandbox.commit_all();
    let merge = sandbox.command(&sandbox.root(), &["merge", "-q", "main"]).output().unwrap();
    assert!(!merge.status.success());
    sandbox.assert_dirty("a.py is staged otherwise than it is committed");
}

#[test]
fn only_source_makes_it_dirty_without_being_tracked() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitignore", "ignored.py\nbuild/\n");
    sandbox.commit_all();
    sandbox.write("new.txt", "");
    sandbox.write("ignored.py", "");
    sandbox.write("build/x.py", "");
    sandbox.write(".hidden/x.py", "");
    sandbox.assert_clean();
    let root = sandbox.root();
    let everything = AnalyzedTree { uses_ignore_files: false, ..tree(&root) };
    let everything = open(&root).origin(everything, &NEVER, "").code_ref;
    assert!(everything.note.ends_with(".py is not tracked"), "{}", everything.note);
    sandbox.write("sub/new.py", "");
    sandbox.assert_dirty("sub/new.py is not tracked");
}

#[test]
fn change_outside_of_tree_is_ignored() {
    let sandbox = Sandbox::new();
    sandbox.write("a.py", "changed\n");
    sandbox.write("new.py", "");
    sandbox.write("b.txt", "staged\n");
    sandbox.git(&["add", "b.txt"]);
    let (sub, file) = (sandbox.root().join("sub"), sandbox.root().join("sub/c.py"));
    sandbox.assert(&sub, "", CLEAN);
    sandbox.assert(&file, "", CLEAN);
    sandbox.write("sub/d.py", "");
    sandbox.assert(&sub, "-dirty", &format!("{CLEAN}; dirty, since sub/d.py is not tracked"));
    sandbox.assert(&file, "", CLEAN);
    sandbox.assert(&sub.join("d.py"), "-dirty", &format!("{CLEAN}; dirty, since sub/d.py is not tracked"));
    sandbox.write("sub/c.py", "c = 2\n");
    sandbox.assert(&file, "-dirty", &format!("{CLEAN}; dirty, since sub/c.py is changed"));
    sandbox.git(&["add", "sub/c.py"]);
    let note = format!("{CLEAN}; dirty, since sub/c.py is staged otherwise than it is committed");
    sandbox.assert(&file, "-dirty", &note);
    sandbox.assert(&sub, "-dirty", &note);
}

#[test]
fn what_the_user_vouches_for_is_believed() {
    let sandbox = Sandbox::new();
    sandbox.git(&["update-index", "--assume-unchanged", "a.py"]);
    sandbox.git(&["update-index", "--skip-worktree", "b.txt"]);
    sandbox.write("a.py", "changed\n");
    fs::remove_file(sandbox.root().join("b.txt")).unwrap();
    sandbox.assert_clean();
}

#[test]
fn other_line_ends_are_no_change() {
    let sandbox = Sandbox::new();
    sandbox.write("a.py", "a = 1\r\n");
    sandbox.assert_clean();
    sandbox.write("a.py", "a = 1\r\n\r\n");
    sandbox.assert_dirty("a.py is changed");
}

#[cfg(unix)]
#[test]
fn modes_and_links_count() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let sandbox = Sandbox::new();
    let root = sandbox.root();
    symlink("a.py", root.join("link")).unwrap();
    sandbox.commit_all();
    sandbox.assert_clean();
    fs::remove_file(root.join("link")).unwrap();
    symlink("b.txt", root.join("link")).unwrap();
    sandbox.assert_dirty("link is changed");
    sandbox.git(&["checkout", "-q", "link"]);
    fs::set_permissions(root.join("a.py"), PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.assert_dirty("a.py is changed");
    sandbox.git(&["config", "core.fileMode", "false"]);
    sandbox.assert_clean();
    // The same file, but through a link that the analysis does not follow.
    fs::rename(root.join("sub"), root.join(".sub")).unwrap();
    symlink(".sub", root.join("sub")).unwrap();
    sandbox.assert_dirty("sub/c.py is changed");
    assert!(known(&root).commit.is_some());
}
