//! Copies that differ only in comments, docstrings, blank lines and line ends, followed from the file to the group.

use std::collections::BTreeSet;

use crate::{
    ledger::{each, list},
    place::Place,
};

const SEEDS: &str = include_str!("../../crates/duplication/tests/recall/seeds.py");

/// The same function with everything that Python ignores: comments, a docstring, blank lines, trailing white space, and
/// CRLF line ends.
fn dressed(code: &str, place: usize) -> String {
    let mut dressed = String::from("# Kept for now.\n");
    let mut is_header = true;
    for line in code.lines() {
        dressed += line;
        let is_whole = !line.ends_with('\\') && !line.contains('#');
        if is_header && line.ends_with(':') {
            dressed += "  # see above\n    \"\"\"Does it.\n\n    At length: ): 'as ever'.\n    \"\"\"\n";
            is_header = false;
        } else {
            dressed += if is_whole { "   # so it is: \")'\t\n" } else { "\n" };
        }
        if is_whole && line.len() % 3 == 0 {
            dressed += "\n            # Between the lines.\n   \n";
        }
    }
    if place.is_multiple_of(2) { dressed.replace('\n', "\r\n") } else { dressed }
}

#[test]
fn copy_with_other_comments_is_exact() {
    let seeds: Vec<String> = SEEDS.split("\n\n\n").map(|code| format!("{}\n", code.trim())).collect();
    let files: Vec<(String, String)> = seeds
        .iter()
        .enumerate()
        .flat_map(|(place, code)| {
            [(format!("a/f{place}.py"), code.clone()), (format!("b/f{place}.py"), dressed(code, place))]
        })
        .collect();
    let place = Place::with_files(&files.iter().map(|(name, code)| (&**name, &**code)).collect::<Vec<_>>());
    let outcome = place.persist("builtin:", &[]).succeeded();
    assert!(outcome.stdout.contains(" analyzer_error_count=0 "), "{outcome:?}");
    let object = place.ask_json(&["dup-check", "--channels", "exact", "--min-tokens", "0"]);
    let pairs: BTreeSet<Vec<String>> = list(&object, "groups")
        .iter()
        .map(|group| {
            let paths = each(list(group, "members"), "file_path");
            paths.iter().map(|path| path.as_str().expect("a path").to_owned()).collect()
        })
        .collect();
    let expected = (0..seeds.len()).map(|place| vec![format!("a/f{place}.py"), format!("b/f{place}.py")]).collect();
    assert_eq!(pairs, expected);
    assert!(seeds.len() >= 20, "{}", seeds.len());
}
