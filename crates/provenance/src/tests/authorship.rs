//! The author of a commit, and when it is reported.

use super::{NEVER, Sandbox, open, origin_of};
use crate::Authorship;

fn known(author: &str, subject: &str) -> Authorship {
    Authorship { author: Some(author.to_owned()), subject: Some(subject.to_owned()) }
}

fn commit(sandbox: &Sandbox, author: &str, message: &str) -> String {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "--author", author, "-m", message]);
    sandbox.head()
}

#[test]
fn author_of_clean_tree_is_reported() {
    let sandbox = Sandbox::new();
    commit(&sandbox, "Ada <ada@example.org>", "Sum up prices\n\nLong story.");
    let expected = known("Ada <ada@example.org>", "Sum up prices");
    assert_eq!(origin_of(&sandbox.root()).authorship, expected);
    assert_eq!(origin_of(&sandbox.root().join("sub")).authorship, expected);
    assert_eq!(origin_of(&sandbox.root().join("a.py")).authorship, expected);
    sandbox.git(&["gc", "-q"]);
    assert_eq!(origin_of(&sandbox.root()).authorship, expected, "from a pack");
}

#[test]
fn changes_that_are_not_committed_are_nobodys() {
    let sandbox = Sandbox::new();
    sandbox.write("a.py", "a = 2\n");
    assert_eq!(origin_of(&sandbox.root()).authorship, Authorship::default());
    assert_eq!(origin_of(&sandbox.root().join("sub")).authorship, known("a <a@example.org>", "x"));
}

#[test]
fn a_commit_that_is_named_is_looked_up() {
    let sandbox = Sandbox::new();
    let first = commit(&sandbox, "Ada <ada@example.org>", "one");
    let second = commit(&sandbox, "Bo <bo@example.org>", "two");
    let of = |name: &str| {
        let repository = open(&sandbox.root());
        repository.id_in(name).and_then(|id| repository.authorship(&id, &NEVER).ok()).unwrap_or_default()
    };
    assert_eq!(of(&first), known("Ada <ada@example.org>", "one"));
    assert_eq!(of(&second), known("Bo <bo@example.org>", "two"));
    assert_eq!(of(&second.to_uppercase()[..12]), known("Bo <bo@example.org>", "two"), "the beginning of HEAD's id");
    let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    for unknown in [&first[..12], &second[..6], "main", "v1.2", &"0".repeat(40), &tree] {
        assert_eq!(of(unknown), Authorship::default(), "{unknown}");
    }
}

#[test]
fn another_hash_and_another_encoding_are_read_too() {
    let sandbox = Sandbox::empty(&["--object-format=sha256"]);
    sandbox.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
    sandbox.write("a.py", "a = 1\n");
    let head = commit(&sandbox, "Zoë <z@example.org>", "Größe");
    assert_eq!(origin_of(&sandbox.root()).authorship, known("Zoë <z@example.org>", "Größe"));
    let repository = open(&sandbox.root());
    let named = repository.authorship(&repository.id_in(&head).unwrap(), &NEVER).unwrap();
    assert_eq!(named, known("Zoë <z@example.org>", "Größe"));
}
