//! Runs the examples in `docs/`: each command after `$ cds` must print the lines below it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path, process::Command};

/// A command and the lines that it prints.
struct Example {
    arguments: Vec<String>,
    output: String,
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The examples in the `console` blocks, in page order.
fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap_or_default().lines() {
            if let Some(command) = line.strip_prefix("$ cds ") {
                let arguments = command.split_whitespace().map(str::to_owned).collect();
                found.push(Example { arguments, output: String::new() });
            } else if let Some(example) = found.last_mut() {
                example.output.push_str(line);
                example.output.push('\n');
            }
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn examples_print_documented_output() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/shop"), &folder.path().join("shop"));
    check("docs/cli.md", 4, folder.path());
}

#[test]
fn readme_example_prints_its_result() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/demo"), &folder.path().join("fixtures/demo"));
    check("README.md", 2, folder.path());
}

/// Runs the examples of a page in order in one folder. The page must have at least `least` examples.
fn check(page: &str, least: usize, folder: &Path) {
    let examples = examples(&fs::read_to_string(root().join(page)).unwrap());
    assert!(examples.len() >= least, "the examples are found");
    for Example { arguments, output } in examples {
        let run =
            Command::new(env!("CARGO_BIN_EXE_cds")).args(&arguments).current_dir(folder).env_clear().output().unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
        let trimmed = |text: &str| {
            // The size of a database depends on names and times in it.
            let word =
                |word: &str| word.split_once("_bytes=").map_or(word.to_owned(), |(name, _)| format!("{name}_bytes"));
            text.lines().map(|line| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(trimmed(&printed), trimmed(&output), "{arguments:?}");
    }
}

#[test]
fn links_between_pages_resolve() {
    let mut pages = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    let mut link_count = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            if !link.is_empty() && !link.contains("://") {
                link_count += 1;
                assert!(page.with_file_name(link).exists(), "{}: {link}", page.display());
            }
        }
    }
    assert!(link_count > 10, "the links are found");
}

/// Runs a program in this folder, with `cds` on the `PATH` and without the machine's git settings. Returns whether it
/// succeeded.
fn succeeds(folder: &Path, program: &str, arguments: &[&str]) -> bool {
    let own = Path::new(env!("CARGO_BIN_EXE_cds")).parent().unwrap().to_path_buf();
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&rest))).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().env("PATH", path);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.output().unwrap().status.success()
}

#[test]
fn hook_refuses_commit_with_copy() {
    let page = fs::read_to_string(root().join("docs/duplicates.md")).unwrap();
    let (_, recipe) = page.split_once("### pre-commit\n").unwrap();
    let hook = recipe.split_once("sh -euc '").unwrap().1.split_once('\'').unwrap().0;
    let code = "def total(items, limit):\n    total = 0\n    for item in items:\n        if item.price > limit:\n            \
                raise ValueError(item)\n        total += item.price * item.count\n    return total\n";
    let folder = tempfile::tempdir().unwrap();
    let (main, worktree) = (folder.path().join("main"), folder.path().join("worktree"));
    let git = |folder: &Path, arguments: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b"];
        assert!(succeeds(folder, "git", &[&who, arguments].concat()), "git {arguments:?}");
    };
    fs::create_dir(&main).unwrap();
    fs::write(main.join("a.py"), code).unwrap();
    git(&main, &["init", "--quiet"]);
    git(&main, &["add", "a.py"]);
    git(&main, &["commit", "--quiet", "--message", "one"]);
    git(&main, &["worktree", "add", "--quiet", "../worktree"]);
    // In a worktree `.git` is a file.
    for tree in [&main, &worktree] {
        let passes = || succeeds(tree, "sh", &["-euc", hook]);
        assert!(passes(), "there is nothing to compare with");
        fs::write(tree.join("b.py"), code).unwrap();
        assert!(!passes() && !passes(), "a copy is new, also at the second try");
        fs::remove_file(tree.join("b.py")).unwrap();
        assert!(passes());
    }
}

#[test]
fn recipes_that_keep_database_prune_it() {
    let mut recipes = 0;
    for page in ["duplicates", "traceability", "intents", "fleet", "runs", "cli"] {
        let page = fs::read_to_string(root().join(format!("docs/{page}.md"))).unwrap();
        for block in page.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap_or_default()) {
            if block.contains("cds persist ") {
                recipes += 1;
                assert!(block.contains("cds runs prune "), "nothing is pruned by\n{block}");
            }
        }
    }
    assert!(recipes >= 5, "the recipes are found");
}

#[test]
fn page_lists_the_rules_of_evidence() {
    use cds_duplication::rules::{Bound, EXCLUSIONS, RULES};
    let page = fs::read_to_string(root().join("docs/duplicates-reference.md")).unwrap();
    let rows = EXCLUSIONS.iter().chain(RULES).map(|rule| {
        let bounds: Vec<String> = rule.bounds.iter().map(Bound::to_string).collect();
        format!("| {} | {} | {} |", rule.name, bounds.join(", "), rule.meaning)
    });
    let missing: Vec<String> = rows.filter(|row| !page.lines().any(|line| line == row)).collect();
    assert!(missing.is_empty(), "docs/duplicates-reference.md lacks:\n{}", missing.join("\n"));
    let is_rule = |line: &&str| {
        ["| X", "| E"].iter().any(|start| line.starts_with(start))
            && line[3..].starts_with(|digit: char| digit.is_ascii_digit())
    };
    assert_eq!(
        page.lines().filter(is_rule).count(),
        EXCLUSIONS.len() + RULES.len(),
        "rules that the search does not have"
    );
}

/// Every command with its own help, and the long options that this names.
fn options(words: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let output = Command::new(env!("CARGO_BIN_EXE_cds")).args(words).arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        options(&[words, &[name.to_owned()]].concat(), found);
    }
    let is_option = |line: &&str| line.trim_start().starts_with('-');
    let longs = help.lines().filter(is_option).filter_map(|line| {
        let name = line.split_whitespace().find(|word| word.starts_with("--"))?;
        Some(name.trim_end_matches(',').to_owned())
    });
    found.push((words.join(" "), longs.collect()));
}

/// Whether the page has the option, and not only a longer one that begins like it.
fn names(page: &str, option: &str) -> bool {
    page.match_indices(option).any(|(at, _)| {
        !page[at + option.len()..].starts_with(|letter: char| letter == '-' || letter.is_ascii_alphanumeric())
    })
}

#[test]
fn page_of_commands_names_every_option() {
    let page = fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let mut found = Vec::new();
    options(&[], &mut found);
    assert!(found.len() > 30, "{found:?}");
    let missing: Vec<String> = found
        .iter()
        .flat_map(|(command, options)| options.iter().map(move |option| (command, option)))
        .filter(|(_, option)| !["--help", "--version"].contains(&option.as_str()))
        .filter(|(_, option)| !names(&page, option))
        .map(|(command, option)| format!("cds {command} {option}"))
        .collect();
    assert!(missing.is_empty(), "docs/cli.md does not name: {}", missing.join(", "));
    let commands = found.iter().map(|(command, _)| command).filter(|command| !command.is_empty());
    let unnamed: Vec<&String> = commands.filter(|command| !page.contains(&format!("cds {command}"))).collect();
    assert!(unnamed.is_empty(), "docs/cli.md does not name: {unnamed:?}");
}
