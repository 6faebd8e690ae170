//! Paths from the root of a repository.

use std::fs;

use super::Sandbox;
use crate::{part_name, path_prefix};

#[test]
fn prefix_leads_from_repository_to_tree() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.root().join("my code/src")).unwrap();
    let root = sandbox.root();
    assert_eq!(path_prefix(&root), "");
    assert_eq!(path_prefix(&root.join("sub")), "sub/");
    assert_eq!(path_prefix(&root.join("sub/c.py")), "sub/");
    assert_eq!(path_prefix(&root.join("my code/src")), "my code/src/");
    assert_eq!(path_prefix(&root.join("removed")), "", "a tree that no longer exists");
    assert_eq!(part_name(&root), "");
    assert_eq!(part_name(&root.join("my code/src")), "my code/src");
    assert_eq!(part_name(&root.join("sub/c.py")), "sub/c.py");
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("src")).unwrap();
    assert_eq!(path_prefix(&outside.path().join("src")), "", "no repository");
}
