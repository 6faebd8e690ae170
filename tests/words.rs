//! Holds code, pages and README to plain words: no tell-tale words, short sentences on pages, short names of tests.
//!
//! What plain means is said in `CONTRIBUTING.md`. The limits are rates that may only be lowered.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Words that make a reader stop: each has a standard term that says more.
const TELL_TALE: &[&[&str]] = &[
    &["told"],
    &["gone"],
    &["becomes", "of"],
    &["become", "of"],
    &["became", "of"],
    &["whoever"],
    &["nobody"],
    &["somebody"],
    &["so", "many"],
    &["none", "where"],
    &["anew"],
    &["alike"],
    &["is", "meant"],
    &["are", "meant"],
];

/// The most tell-tale words in 1,000 words of a crate's code with its comments, of the tests, and of all pages.
const MOST_TELL_TALE: f64 = 1.0;

/// No sentence of a page has more words.
const LONGEST_SENTENCE: usize = 40;

/// No name of a test has more words.
const LONGEST_TEST_NAME: usize = 9;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `folder` whose name ends with `ending`.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn pages() -> Vec<PathBuf> {
    let mut pages = files(&root().join("docs"), ".md");
    pages.extend([root().join("README.md"), root().join("CONTRIBUTING.md")]);
    pages
}

/// The words of a text in lower case; those of an identifier one by one.
fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn tell_tale_count(words: &[String]) -> usize {
    let counts = TELL_TALE.iter().map(|tell| words.windows(tell.len()).filter(|found| found == tell).count());
    counts.sum()
}

/// Tell-tale words in 1,000 words of these files, and how many there are.
#[expect(clippy::cast_precision_loss, reason = "no project has 2^53 words")]
fn share(files: &[PathBuf]) -> (f64, usize) {
    let (mut all, mut found) = (0, 0);
    for file in files.iter().filter(|file| !file.ends_with("tests/words.rs")) {
        let words = words(&fs::read_to_string(file).unwrap());
        all += words.len();
        found += tell_tale_count(&words);
    }
    (1000.0 * found as f64 / all.max(1) as f64, found)
}

/// The sentences of a page, without code, tables, headings and the targets of links.
fn sentences(page: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = vec![String::new()];
    let mut is_code = false;
    for line in page.lines() {
        let text = line.trim();
        if text.starts_with("```") {
            is_code = !is_code;
        }
        let is_break = text.is_empty() || is_code || ["```", "|", "#", ">"].iter().any(|mark| text.starts_with(mark));
        let is_item =
            text.starts_with("- ") || text.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if is_break || is_item {
            paragraphs.push(String::new());
        }
        if !is_break {
            let paragraph = paragraphs.last_mut().unwrap();
            paragraph.push_str(text);
            paragraph.push(' ');
        }
    }
    let ends = |paragraph: String| -> Vec<String> {
        let text = without_code_and_targets(&paragraph);
        let mut found = Vec::new();
        let mut start = 0;
        for (at, _) in text.match_indices(['.', ':', ';', '?', '!']) {
            if text[at + 1..].starts_with([' ', ')', '"']) {
                found.push(text[start..=at].to_owned());
                start = at + 1;
            }
        }
        found.push(text[start..].to_owned());
        found
    };
    paragraphs.into_iter().flat_map(ends).collect()
}

/// A piece of code counts as one word, and a link as its text.
fn without_code_and_targets(paragraph: &str) -> String {
    let mut text = String::new();
    for (place, part) in paragraph.split('`').enumerate() {
        text.push_str(if place % 2 == 0 { part } else { "code" });
    }
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("](") {
        plain.push_str(&rest[..at]);
        rest = rest[at..].split_once(')').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

#[test]
fn code_has_few_tell_tale_words() {
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let above: Vec<String> = crates
        .chain([root().join("tests")])
        .filter_map(|folder| {
            let (share, count) = share(&files(&folder, ".rs"));
            (share > MOST_TELL_TALE).then(|| format!("{}: {share:.2} in 1,000 ({count})", folder.display()))
        })
        .collect();
    assert_eq!(above, [""; 0]);
}

#[test]
fn pages_have_few_tell_tale_words() {
    let (share, count) = share(&pages());
    assert!(share <= MOST_TELL_TALE, "{share:.2} in 1,000 words ({count}), at most {MOST_TELL_TALE}");
}

#[test]
fn sentences_of_pages_are_short() {
    let mut long = Vec::new();
    for page in pages() {
        for sentence in sentences(&fs::read_to_string(&page).unwrap()) {
            let count = sentence.split_whitespace().count();
            if count > LONGEST_SENTENCE {
                long.push(format!("{}: {count} words: {sentence}", page.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    assert!(long.is_empty(), "{} sentences are too long:\n{}", long.len(), long.join("\n"));
}

#[test]
fn names_of_tests_are_short() {
    let mut long = Vec::new();
    for file in files(&root().join("crates"), ".rs").into_iter().chain(files(&root().join("tests"), ".rs")) {
        let source = fs::read_to_string(&file).unwrap();
        let mut is_test = false;
        for line in source.lines().map(str::trim) {
            if line == "#[test]" {
                is_test = true;
            } else if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
                let name = rest.split('(').next().unwrap();
                if name.split('_').count() > LONGEST_TEST_NAME {
                    long.push(format!("{}: {name}", file.display()));
                }
                is_test = false;
            }
        }
    }
    assert!(long.is_empty(), "{} names have more than {LONGEST_TEST_NAME} words:\n{}", long.len(), long.join("\n"));
}

#[test]
fn sentences_end_at_their_marks() {
    let page = "# A heading that is no sentence\n\nOne `piece of code` here. [Two](https://e.org/a.b) here: three\nfour.\n\n| a | table |\n\n- an item\n\n```\nno sentence\n```\n";
    let found: Vec<String> =
        sentences(page).iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect();
    assert_eq!(found, ["One code here.", "[Two here:", "three four.", "- an item"]);
    assert_eq!(tell_tale_count(&words("is_told: nobody becomes_of it; retold")), 3);
}
