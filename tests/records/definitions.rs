//! Which definitions are found, and where.

use std::fmt::Write as _;

use crate::{fixture, outline, records_of, records_of_text};

/// `shop.definitions.jsonl` lists what Python's `ast` module finds in the files that Python 3.11 can parse.
#[test]
fn definitions_match_cpython_ast() {
    let (records, _) = records_of(&fixture("shop"));
    let found: Vec<(String, String, u64, u64)> = records
        .iter()
        .map(|record| {
            let (start, end) = (record.start_line.into(), record.end_line.into());
            (record.kind.to_string(), record.file_path.to_string(), start, end)
        })
        .collect();
    let list = std::fs::read_to_string(fixture("shop.definitions.jsonl")).unwrap();
    let missing: Vec<&str> = list
        .lines()
        .filter(|line| {
            let expected: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |field: &str| expected[field].as_str().unwrap().to_owned();
            let number = |field: &str| expected[field].as_u64().unwrap();
            !found.contains(&(text("kind"), text("file_path"), number("start_line"), number("end_line")))
        })
        .collect();
    assert!(list.lines().count() > 30);
    assert_eq!(missing, [""; 0]);
}

#[test]
fn fixture_records_match_snapshot() {
    let (records, errors) = records_of(&fixture("shop"));
    let mut text = String::new();
    for record in &records {
        let (kind, path, start, end) = (record.kind, &record.file_path, record.start_line, record.end_line);
        writeln!(text, "=== {kind} {path}:{start}-{end} {}", record.md5sum).unwrap();
        writeln!(text, "signature: {:?}", record.signature).unwrap();
        writeln!(text, "raw: {:?}", record.raw_code).unwrap();
        writeln!(text, "{}", record.normalized_code.replace('\r', "\\r")).unwrap();
    }
    for error in &errors {
        writeln!(text, "!!! {error:?}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn thread_count_changes_nothing() {
    let with_threads = |count| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        pool.install(|| records_of(&fixture("shop")))
    };
    assert_eq!(with_threads(1), with_threads(7));
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(outline(&records_of_text(text)), expected, "{text}");
}

#[test]
fn function_directly_in_class_is_method() {
    check("class A:\n  if x:\n    def f(): pass\n", &["class 1-3", "method 3-3"]);
    check("class A:\n  def f():\n    def g(): pass\n", &["class 1-3", "method 2-3", "function 3-3"]);
    check("def f():\n  class A:\n    async def g(): pass\n", &["function 1-3", "class 2-3", "method 3-3"]);
    check("try:\n  def f(): pass\nexcept E:\n  def f(): pass\n", &["function 2-2", "function 4-4"]);
}

#[test]
fn definition_ends_with_last_statement() {
    check("def f():\n  x\n  # no\n\n# no\n", &["function 1-2"]);
    check("def f():\n  if x:\n    y\n    # no\n  # no\n", &["function 1-3"]);
    check("def f():\n  x = (1,\n    2)  # same line\n", &["function 1-3"]);
    check("def f():\n  x = 1 \\\n\ny\n", &["function 1-2"]);
    check("def f():\n  '''a\n  b'''\n\n", &["function 1-3"]);
}

#[test]
fn broken_file_keeps_whole_definitions() {
    check("def a():\n  x\ndef b(:\n  x\ndef c():\n  x\n", &["function 1-2", "function 5-6"]);
    check("class A:\n  def a(self):\n    x\n  y = = 1\n  def b(self):\n    x\n", &["method 2-3", "method 5-6"]);
    check("class A(:\n  def a(self):\n    x\n", &["method 2-3"]);
    check("def a():\n  x\nif (:\n", &["function 1-2"]);
}

#[test]
fn signature_is_the_verbatim_header() {
    let signature = |text: &str| records_of_text(text)[1].signature.as_deref().map(str::to_owned);
    assert_eq!(signature("class A(B, c=D): pass\n").as_deref(), Some("class A(B, c=D):"));
    assert_eq!(
        signature("async  def f(x, # y\n  z: int = {1: 2}) -> a[b:c] :\n  x\n").as_deref(),
        Some("async  def f(x, # y\n  z: int = {1: 2}) -> a[b:c] :")
    );
    assert_eq!(signature("@d\ndef f(x=lambda: 1): return 1\n").as_deref(), Some("def f(x=lambda: 1):"));
    assert_eq!(records_of_text("x\n")[0].signature, None);
}
