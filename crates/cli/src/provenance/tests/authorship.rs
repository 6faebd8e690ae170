//! Who made a commit, and when that is told.

use super::{Sandbox, origin_of};
use crate::provenance::Authorship;

fn told(author: &str, subject: &str) -> Authorship {
    Authorship { author: Some(author.to_owned()), subject: Some(subject.to_owned()) }
}

fn commit(sandbox: &Sandbox, author: &str, message: &str) -> String {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "--author", author, "-m", message]);
    sandbox.head()
}

#[test]
fn the_author_of_a_clean_tree_is_told() {
    let sandbox = Sandbox::new();
    commit(&sandbox, "Ada <ada@example.org>", "Sum up prices\n\nLong story.");
    let expected = told("Ada <ada@example.org>", "Sum up prices");
    assert_eq!(origin_of(None, &sandbox.root()).authorship, expected);
    assert_eq!(origin_of(None, &sandbox.root().join("sub")).authorship, expected);
    assert_eq!(origin_of(None, &sandbox.root().join("a.py")).authorship, expected);
    sandbox.git(&["gc", "-q"]);
    assert_eq!(origin_of(None, &sandbox.root()).authorship, expected, "from a pack");
}

#[test]
fn changes_that_are_not_committed_are_nobodys() {
    let sandbox = Sandbox::new();
    sandbox.write("a.py", "a = 2\n");
    assert_eq!(origin_of(None, &sandbox.root()).authorship, Authorship::default());
    assert_eq!(origin_of(None, &sandbox.root().join("sub")).authorship, told("a <a@example.org>", "x"));
}

#[test]
fn a_commit_that_is_named_is_looked_up() {
    let sandbox = Sandbox::new();
    let first = commit(&sandbox, "Ada <ada@example.org>", "one");
    let second = commit(&sandbox, "Bo <bo@example.org>", "two");
    // Whoever names it says that the tree is that commit's.
    sandbox.write("a.py", "a = 2\n");
    let of = |name: &str| origin_of(Some(name), &sandbox.root()).authorship;
    assert_eq!(of(&first), told("Ada <ada@example.org>", "one"));
    assert_eq!(of(&second), told("Bo <bo@example.org>", "two"));
    assert_eq!(of(&second.to_uppercase()[..12]), told("Bo <bo@example.org>", "two"), "the beginning of HEAD's id");
    let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    for unknown in [&first[..12], &second[..6], "main", "v1.2", &"0".repeat(40), &tree] {
        assert_eq!(of(unknown), Authorship::default(), "{unknown}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(origin_of(Some(&second), elsewhere.path()).authorship, Authorship::default());
}

#[test]
fn another_hash_and_another_encoding_are_read_too() {
    let sandbox = Sandbox::empty(&["--object-format=sha256"]);
    sandbox.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
    sandbox.write("a.py", "a = 1\n");
    let head = commit(&sandbox, "Zoë <z@example.org>", "Größe");
    for given in [None, Some(head.as_str())] {
        assert_eq!(origin_of(given, &sandbox.root()).authorship, told("Zoë <z@example.org>", "Größe"));
    }
}
