//! Normalization in the samples of every language.

use std::{fs, path::Path};

use cds_model::Record;

use crate::{fixture, records_of};

/// The name and the text of each sample that is in UTF-8 and parses.
fn samples() -> Vec<(String, String)> {
    let entries = fs::read_dir(fixture("languages")).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !["broken.js", "flow.js"].contains(&name.as_str()));
    names.sort();
    let text = |name: &String| fs::read_to_string(fixture("languages").join(name)).unwrap();
    names.iter().map(|name| (name.clone(), text(name))).collect()
}

fn records(name: &str, text: &str) -> Vec<Record> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    let (records, errors) = records_of(Path::new(folder.path()));
    assert_eq!(errors, [], "{name}");
    records
}

/// Kind and fingerprint of each record.
fn sums(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| format!("{} {}", record.kind, record.md5sum)).collect()
}

#[test]
fn normalization_is_idempotent() {
    for (name, text) in samples() {
        let first = records(&name, &text);
        let again = records(&name, &first[0].normalized_code);
        assert_eq!(sums(&first), sums(&again), "{name}");
        assert_eq!(first[0].normalized_code, again[0].normalized_code, "{name}");
    }
}

#[test]
fn indentation_means_nothing_in_braces() {
    for (name, text) in samples() {
        let has_literal_of_lines =
            ["traps.go", "Traps.java", "Traps.cs", "traps.php", "crlf.js", "traps.js"].contains(&name.as_str());
        if has_literal_of_lines {
            continue;
        }
        let text = text.trim_start_matches('\u{feff}');
        let deeper = text.lines().flat_map(|line| ["   \t", line, " \n"]).collect::<String>();
        let other_ends = text.replace('\n', "\r\n");
        let expected = sums(&records(&name, text));
        // What a first line `#!` says has to begin it.
        if !text.starts_with("#!") {
            assert_eq!(sums(&records(&name, &deeper)), expected, "{name}");
        }
        assert_eq!(sums(&records(&name, &other_ends)), expected, "{name}");
    }
}

#[test]
fn comments_mean_nothing() {
    for (name, text) in samples() {
        if text.contains("#!") || name.starts_with("view") || name == "traps.php" {
            continue;
        }
        let text = text.trim_start_matches('\u{feff}');
        let commented = format!("// before /* {{\n/* a\n b */\n{text}\n// behind");
        assert_eq!(sums(&records(&name, &commented)), sums(&records(&name, text)), "{name}");
    }
}

#[test]
fn comments_between_words_leave_a_blank() {
    for (text, expected) in [
        ("return/* a */x;", "return x;"),
        ("return /* a */ x;", "return x;"),
        ("f(/* a */ x /* b */, y);", "f( x , y);"),
        ("a +/* b */+ c;", "a + + c;"),
        ("/* a */ x;", "x;"),
        ("x; // a", "x;"),
        ("return/* b\n c */b;", "return b;"),
    ] {
        let code = format!("function f() {{\n{text}\n}}");
        assert_eq!(&*records("a.js", &code)[1].normalized_code, format!("function f() {{\n{expected}\n}}"), "{text}");
    }
}
