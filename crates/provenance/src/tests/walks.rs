//! The commits of a range, held against `git rev-list`.

use std::sync::atomic::AtomicBool;

use super::{NEVER, Sandbox, open};
use crate::{Id, Order, Walk};

/// Branches that were merged, and one that was merged into one that was merged.
fn branched() -> Sandbox {
    let sandbox = Sandbox::new();
    let commit = |path: &str| {
        sandbox.write(path, path);
        sandbox.commit_all();
    };
    let merge = |branch: &str| sandbox.git(&["merge", "-q", "--no-ff", "-m", "x", branch]);
    sandbox.git(&["checkout", "-q", "-b", "topic"]);
    commit("t1.py");
    sandbox.git(&["checkout", "-q", "-b", "deeper"]);
    commit("d1.py");
    sandbox.git(&["checkout", "-q", "main"]);
    commit("m1.py");
    sandbox.git(&["checkout", "-q", "topic"]);
    commit("t2.py");
    merge("deeper");
    sandbox.git(&["checkout", "-q", "main"]);
    commit("m2.py");
    merge("topic");
    commit("m3.py");
    sandbox
}

fn walk(sandbox: &Sandbox, from: Option<&str>, to: &str, order: Order, limit: usize) -> Walk {
    let repository = open(&sandbox.root());
    let id = |name: &str| repository.id_in(&sandbox.git(&["rev-parse", name])).unwrap();
    repository.walk(from.map(id).as_ref(), &id(to), order, limit, &NEVER).unwrap()
}

fn texts(commits: &[Id]) -> Vec<String> {
    commits.iter().map(ToString::to_string).collect()
}

#[test]
fn ranges_are_those_of_git() {
    let sandbox = branched();
    for round in ["loose", "packed"] {
        for (from, to) in [
            (None, "main"),
            (None, "topic"),
            (Some("main~1"), "main"),
            (Some("main~3"), "main"),
            (Some("topic"), "main"),
            (Some("deeper"), "main"),
            (Some("topic~1"), "topic"),
            (Some("main"), "topic"),
            (Some("main"), "main"),
        ] {
            for (order, option) in [(Order::FirstParent, "--first-parent"), (Order::Topological, "--topo-order")] {
                let range = from.map_or(to.to_owned(), |from| format!("{from}..{to}"));
                let expected = sandbox.git(&["rev-list", "--topo-order", "--reverse", option, &range]);
                let found = walk(&sandbox, from, to, order, 1000);
                assert_eq!(texts(&found.commits), expected.lines().collect::<Vec<_>>(), "{round} {range} {option}");
                assert!(!found.is_cut);
            }
        }
        sandbox.git(&["gc", "-q", "--prune=now"]);
    }
}

#[test]
fn the_newest_are_kept() {
    let sandbox = branched();
    for order in [Order::FirstParent, Order::Topological] {
        let all = walk(&sandbox, None, "main", order, 1000).commits;
        for limit in 0..all.len() {
            let found = walk(&sandbox, None, "main", order, limit);
            assert_eq!((&found.commits[..], found.is_cut), (&all[all.len() - limit..], true));
        }
        assert!(!walk(&sandbox, None, "main", order, all.len()).is_cut);
    }
}

#[test]
fn a_shallow_history_ends() {
    let origin = branched();
    let sandbox = Sandbox::empty(&[]);
    let url = format!("file://{}", origin.root().display());
    sandbox.git(&["fetch", "-q", "--depth=2", &url, "main"]);
    sandbox.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
    for order in [Order::FirstParent, Order::Topological] {
        let option = if order == Order::FirstParent { "--first-parent" } else { "--topo-order" };
        let expected = sandbox.git(&["rev-list", "--topo-order", "--reverse", option, "HEAD"]);
        assert_eq!(texts(&walk(&sandbox, None, "HEAD", order, 1000).commits), expected.lines().collect::<Vec<_>>());
    }
}

#[test]
fn a_walk_stops_when_asked() {
    let sandbox = branched();
    let repository = open(&sandbox.root());
    let head = repository.head().unwrap();
    let stop = AtomicBool::new(true);
    let error = repository.walk(None, &head, Order::Topological, 10, &stop).unwrap_err();
    assert!(error.is_interrupt(), "{error}");
}
