//! The answer is that of `git describe --dirty`, whatever was done before.

use std::{fs, path::Path};

use super::{Sandbox, known};

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

const PATHS: [&str; 9] =
    ["a.py", "b.txt", "sub/c.py", "sub/d.txt", "sub/deep/e.py", "sub.py", "sub-x/f.py", "sub/deep.py", "täst/ü.py"];

fn step(sandbox: &Sandbox, dice: &mut Dice) -> String {
    let path = PATHS[dice.below(PATHS.len())];
    let on_disk = sandbox.root().join(path);
    match dice.below(14) {
        0..=3 => {
            let content = dice.below(3).to_string();
            sandbox.write(path, &content);
            format!("{path} = {content}")
        }
        4 => {
            let _ = fs::remove_file(on_disk);
            format!("rm {path}")
        }
        5..=6 => run(sandbox, &["add", "--", path]),
        7 => run(sandbox, &["rm", "-q", "-f", "--cached", "--", path]),
        8 => run(sandbox, &["checkout", "-q", "--", path]),
        9 => run(sandbox, &["reset", "-q", "--hard"]),
        10 => run(sandbox, &["reset", "-q", "--soft", "HEAD~1"]),
        11 => run(sandbox, &["gc", "-q", "--prune=now"]),
        12 => run(sandbox, &["add", "-N", "--", path]),
        _ => {
            let what = if dice.below(2) == 0 { "-A" } else { "-u" };
            run(sandbox, &["add", what]);
            run(sandbox, &["commit", "-q", "-m", "x"])
        }
    }
}

/// Whether it fails, since there is nothing to do, is of no interest.
fn run(sandbox: &Sandbox, arguments: &[&str]) -> String {
    sandbox.command(&sandbox.root(), arguments).output().unwrap();
    format!("git {arguments:?}")
}

/// What git says, with what it does not look at.
fn expected(sandbox: &Sandbox, scope: &str) -> String {
    run(sandbox, &["update-index", "-q", "--refresh"]);
    let is_same = sandbox.command(&sandbox.root(), &["diff-index", "--quiet", "HEAD", "--", scope]).status().unwrap();
    let others = sandbox.git(&["ls-files", "--others", "--exclude-standard", "--", &format!("{scope}/*.py")]);
    if scope == "." {
        let described = sandbox.git(&["describe", "--always", "--dirty", "--abbrev=40"]);
        assert_eq!(described.ends_with("-dirty"), !is_same.success());
    }
    sandbox.head() + if is_same.success() && others.is_empty() { "" } else { "-dirty" }
}

fn check(sandbox: &Sandbox, root: &Path, scope: &str, history: &[String]) {
    let known = known(root);
    assert_eq!(known.commit, Some(expected(sandbox, scope)), "{}\n{}", known.note, history.join("\n"));
}

#[test]
fn the_answer_is_that_of_git() {
    let mut dirty_count = 0;
    for seed in 0..3 {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", "index.version", ["2", "4", "3"][seed]]);
        let mut dice = Dice(seed as u64);
        let mut history = Vec::new();
        for _ in 0..60 {
            history.push(step(&sandbox, &mut dice));
            if dice.below(3) > 0 {
                check(&sandbox, &sandbox.root(), ".", &history);
                let sub = sandbox.root().join("sub");
                if sub.is_dir() {
                    check(&sandbox, &sub, "sub", &history);
                }
                dirty_count += usize::from(sandbox.known().commit.unwrap().ends_with("-dirty"));
            }
        }
    }
    assert!((10..110).contains(&dirty_count), "{dirty_count} of about 120 were dirty");
}
