//! Extreme input must not crash, hang or disappear silently.

use std::{fmt::Write as _, fs};

use crate::{records_of, records_of_text};

/// The error caused by the only file of a tree.
fn reason_for(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.py"), bytes).unwrap();
    let (_, errors) = records_of(folder.path());
    assert_eq!(errors.len(), 1, "one error for one file");
    assert_eq!(errors[0].file_path, "bad.py");
    errors[0].reason.clone()
}

#[test]
fn non_utf8_file_is_one_error() {
    assert_eq!(reason_for(b"\x7fELF\x02\x01\x01\0\0"), "contains a NUL character, so it is no source text");
    assert_eq!(reason_for(b"x = '\xe9'"), "not valid UTF-8 and no other encoding is declared");
    assert_eq!(reason_for(b"# coding: klingon\n"), "declares the unknown encoding \"klingon\"");
}

#[test]
fn large_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("large.py")).unwrap();
    file.set_len(2 << 30).unwrap();
    let (records, errors) = records_of(folder.path());
    assert!(records.is_empty());
    assert_eq!(errors[0].reason, "larger than the limit: 2147483648 bytes, at most 5000000");
}

#[test]
fn deep_nesting_exhausts_nothing() {
    let parentheses = format!("x = {}{}\n", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(records_of_text(parentheses).len(), 1);
    assert_eq!(records_of_text("(".repeat(200_000)).len(), 1);
    let mut functions = String::new();
    for level in 0..2_000 {
        writeln!(functions, "{}def f{level}():", " ".repeat(level)).unwrap();
    }
    let records = records_of_text(format!("{functions}{}pass\n", " ".repeat(2_000)));
    assert!(records.len() <= 101, "{}", records.len());
}

#[test]
fn long_continuations_parse_quickly() {
    let text = format!("def f():\n    return 1 + {}2\n", "\\\n".repeat(100_000));
    assert_eq!(crate::outline(&records_of_text(text)), ["function 1-100002"]);
}

#[test]
fn many_small_constructs_parse_quickly() {
    // Each of these once took quadratic time.
    for text in [
        "'';".repeat(100_000),
        "x; ''; ''\n".repeat(30_000),
        format!("x; {}", "''; ".repeat(100_000)),
        format!("def f(:\n{}", "# c\n".repeat(4_000)),
        format!("(\n{}", "# c\n".repeat(50_000)),
        format!("(\n{}", "def f(): pass\n".repeat(30_000)),
    ] {
        assert!(!records_of_text(text).is_empty());
    }
}

#[cfg(unix)]
#[test]
fn endless_ignore_file_is_not_opened() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    for name in ["pipe", "device", "plain"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("a.py"), "x = 1\n").unwrap();
    }
    let pipe = folder.path().join("pipe/.ignore");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink("/dev/zero", folder.path().join("device/.gitignore")).unwrap();
    let (records, errors) = records_of(folder.path());
    assert_eq!(records.iter().map(|record| &*record.file_path).collect::<Vec<_>>(), ["plain/a.py"]);
    assert_eq!(errors.iter().map(|error| &*error.file_path).collect::<Vec<_>>(), ["device", "pipe"]);
    let (records, errors) = records_of(&folder.path().join("pipe"));
    assert_eq!((records.len(), &*errors[0].file_path), (0, "."));
}

#[test]
fn long_line_is_read() {
    let line = format!("def f():\n    return [{}]\n", "1, ".repeat(400_000));
    let records = records_of_text(&line);
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].normalized_code.len(), line.len() - 1);
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_opened() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("real.py"), "x = 1\n").unwrap();
    symlink("real.py", folder.path().join("link.py")).unwrap();
    symlink(".", folder.path().join("loop")).unwrap();
    symlink("/dev/zero", folder.path().join("device.py")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.py")).status().unwrap();
    assert!(made.success());
    let (records, errors) = records_of(folder.path());
    let paths: Vec<&str> = records.iter().map(|record| &*record.file_path).collect();
    assert_eq!(paths, ["real.py"]);
    let reported: Vec<(&str, &str)> = errors.iter().map(|error| (&*error.file_path, &*error.reason)).collect();
    assert_eq!(reported, [("pipe.py", "not a regular file")]);
}

#[cfg(target_os = "linux")]
#[test]
fn non_utf8_file_name_is_escaped() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(OsStr::from_bytes(b"caf\xe9.py")), "x = 1\n").unwrap();
    let (records, errors) = records_of(folder.path());
    assert_eq!(&*records[0].file_path, "caf\\xe9.py");
    assert!(errors.is_empty());
    // A file whose name has these characters literally must differ.
    fs::write(folder.path().join("caf\\xe9.py"), "x = 1\n").unwrap();
    let (records, _) = records_of(folder.path());
    assert_eq!(&*records[0].file_path, "caf\\x5cxe9.py");
}
