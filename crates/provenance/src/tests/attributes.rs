//! Files that a checkout changes are clean or not known, never dirty by mistake.

use std::{fs, thread, time::Duration};

use super::{CLEAN, Sandbox};

/// Gives the file another time, so that only its content can say whether it is another.
fn touch(sandbox: &Sandbox, path: &str) {
    let file = fs::File::options().write(true).open(sandbox.root().join(path)).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
}

/// A checkout of `a.py` with that content under those attributes; git and we call it clean once its time is another.
fn checked_out(attributes: &str, content: &[u8], settings: &[&str]) -> Sandbox {
    let sandbox = Sandbox::empty(&[]);
    for setting in settings {
        let (key, value) = setting.split_once('=').unwrap();
        sandbox.git(&["config", key, value]);
    }
    sandbox.write(".gitattributes", attributes);
    fs::write(sandbox.root().join("a.py"), content).unwrap();
    sandbox.commit_all();
    fs::remove_file(sandbox.root().join("a.py")).unwrap();
    sandbox.git(&["checkout", "-q", "--", "a.py"]);
    // Else the file may be as young as the index, and is read.
    thread::sleep(Duration::from_millis(50));
    sandbox.git(&["update-index", "--force-write-index"]);
    sandbox.assert_clean();
    touch(&sandbox, "a.py");
    sandbox
}

/// Clean in spite of the other time, like for git, and dirty after a change.
fn assert_undone(attributes: &str, content: &[u8], on_disk: &[u8], settings: &[&str]) {
    let sandbox = checked_out(attributes, content, settings);
    assert_eq!(fs::read(sandbox.root().join("a.py")).unwrap(), on_disk, "{attributes}: as git checks it out");
    sandbox.assert_clean();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{attributes}");
    touch(&sandbox, "a.py");
    let changed = [on_disk, on_disk].concat();
    fs::write(sandbox.root().join("a.py"), changed).unwrap();
    sandbox.assert_dirty("a.py is changed");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "M a.py", "{attributes}");
}

#[test]
fn line_ends_are_undone() {
    for attributes in ["*.py text eol=crlf\n", "*.py eol=crlf\n", "*.py text=auto eol=crlf\n"] {
        assert_undone(attributes, b"a = 1\nb = 2\n", b"a = 1\r\nb = 2\r\n", &[]);
    }
    assert_undone("*.py text=auto\n", b"a = 1\n", b"a = 1\r\n", &["core.autocrlf=true"]);
    assert_undone("*.py -text\n", b"a = 1\r\n", b"a = 1\r\n", &[]);
}

#[test]
fn an_expanded_ident_is_undone() {
    let sandbox = checked_out("*.py ident\n", b"# $Id$\na = 1\n", &[]);
    let on_disk = fs::read(sandbox.root().join("a.py")).unwrap();
    assert!(on_disk.starts_with(b"# $Id: "), "git expands it");
    assert_undone("*.py ident\n", b"# $Id$\na = 1\n", &on_disk, &[]);
}

#[test]
fn another_encoding_is_undone() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let little = utf16("a = 'ü'\n");
    assert_undone("*.py working-tree-encoding=UTF-16LE\n", &little, &little, &[]);
    let latin = b"a = '\xfc'\n";
    assert_undone("*.py working-tree-encoding=ISO-8859-1\n", latin, latin, &[]);
    assert_undone("*.py working-tree-encoding=ISO-8859-1 eol=crlf\n", latin, b"a = '\xfc'\r\n", &[]);
}

#[test]
fn unknown_encoding_is_not_known() {
    let sandbox = Sandbox::new();
    sandbox.write(".gitattributes", "*.txt working-tree-encoding=no-such-thing\n");
    sandbox.write("b.txt", "c\n");
    assert_doubt(&sandbox, "convert b.txt: ");
}

#[test]
fn filtered_files_are_not_known() {
    let settings = ["filter.lfs.clean=tr a-z A-Z", "filter.lfs.smudge=tr A-Z a-z", "filter.lfs.required=true"];
    let attributes = "*.py filter=lfs diff=lfs merge=lfs -text\n";
    let sandbox = checked_out(attributes, b"abc\n", &settings);
    assert_eq!(sandbox.git(&["cat-file", "blob", "HEAD:a.py"]), "ABC", "what is stored is another");
    let why = "a.py is under the filter lfs, which is not run";
    assert_doubt(&sandbox, why);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    // Git has noted the time, so that nothing needs to be read.
    sandbox.assert_clean();
    sandbox.write("a.py", "xyz\n");
    assert_doubt(&sandbox, why);
    // What is surely another counts more.
    sandbox.write("new.py", "");
    sandbox.assert_dirty("new.py is not tracked");
    // With another size than git noted it is a change for git, too, and the filter is not asked.
    sandbox.write("a.py", "longer\n");
    sandbox.assert_dirty("a.py is changed");
}

#[test]
fn attributes_are_found_where_git_finds_them() {
    let sandbox = Sandbox::new();
    sandbox.write("sub/deep/d.py", "d\n");
    sandbox.write(".gitattributes", "[attr]large filter=large\n*.py large\nsub/*.py !filter\n");
    sandbox.write("sub/deep/.gitattributes", "d.py -filter\n");
    sandbox.commit_all();
    for (path, content, is_filtered) in
        [("a.py", "a = 9\n", true), ("sub/c.py", "c = 9\n", false), ("sub/deep/d.py", "e\n", false)]
    {
        sandbox.write(path, content);
        if is_filtered {
            assert_doubt(&sandbox, &format!("{path} is under the filter large, which is not run"));
        } else {
            sandbox.assert_dirty(&format!("{path} is changed"));
        }
        sandbox.git(&["checkout", "-q", "--", path]);
    }
    fs::create_dir_all(sandbox.root().join(".git/info")).unwrap();
    sandbox.write(".git/info/attributes", "sub/c.py filter=own\n");
    sandbox.write("sub/c.py", "c = 9\n");
    assert_doubt(&sandbox, "sub/c.py is under the filter own, which is not run");
}

#[test]
fn large_files_are_compared_as_they_are() {
    let sandbox = Sandbox::empty(&[]);
    let text = "abcdefghijklmnopqrstuvwxyz012345\n".repeat(600_000);
    sandbox.write("a.py", "a = 1\n");
    sandbox.write("large.txt", &text);
    fs::write(sandbox.root().join("large.bin"), [text.as_bytes(), b"\0\r\n"].concat()).unwrap();
    sandbox.commit_all();
    touch(&sandbox, "large.txt");
    sandbox.assert_clean();
    sandbox.write("large.txt", &text.replacen("ab", "ba", 1));
    sandbox.assert_dirty("large.txt is changed");
    // As a checkout with the line ends of another system would leave it.
    sandbox.write("large.txt", &text.replacen("5\n", "\r\n", 1));
    assert_doubt(&sandbox, "a large file has line ends that a checkout may have made");
    fs::write(sandbox.root().join("large.bin"), [text.as_bytes(), b"\0\r\r"].concat()).unwrap();
    sandbox.assert_dirty("large.bin is changed");
}

#[cfg(unix)]
#[test]
fn attributes_in_pipes_do_not_block() {
    let sandbox = Sandbox::new();
    sandbox.write("a.py", "a = 9\n");
    let made = std::process::Command::new("mkfifo").arg(sandbox.root().join(".gitattributes")).status().unwrap();
    assert!(made.success());
    assert_doubt(&sandbox, "read .gitattributes: not a regular file");
}

#[track_caller]
fn assert_doubt(sandbox: &Sandbox, why: &str) {
    let known = sandbox.known();
    assert_eq!(known.commit, Some(sandbox.head()), "{}", known.note);
    let note = format!("{CLEAN}; whether it is dirty is not known: {why}");
    assert!(known.note.starts_with(&note), "{}", known.note);
}
