//! Model names: which are equivalent, and which are similar.

/// The maximum of suggestions; more are not useful.
const MAX_NEAR: usize = 5;
/// A longer name was not typed by a person.
const MAX_NAME_CHARS: usize = 120;

/// The index of the model `wanted` in `names`; a name without a tag means the tag `latest`.
pub(crate) fn find_model(names: &[&str], wanted: &str) -> Option<usize> {
    let place = |is_same: &dyn Fn(&str) -> bool| names.iter().position(|name| is_same(name));
    let [full, file] = [full_name(wanted), file_name(wanted)];
    place(&|name| name == wanted)
        .or_else(|| place(&|name| full_name(name).eq_ignore_ascii_case(&full)))
        .or_else(|| place(&|name| !file.is_empty() && file_name(name) == file))
}

/// The names that `wanted` probably refers to: of the same family, or few letters away; best first.
pub(crate) fn near_models(names: &[&str], wanted: &str) -> Vec<String> {
    let is_name = |name: &&str| name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
    let mut near: Vec<(Likeness, usize, &str)> = names
        .iter()
        .copied()
        .filter(is_name)
        .filter_map(|name| {
            let distance = edit_distance(&full_name(name), &full_name(wanted));
            Some((likeness(name, wanted, distance)?, distance, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MAX_NEAR).map(|(.., name)| name.to_owned()).collect()
}

/// The name in lower case, with its tag, without the default registry parts.
fn full_name(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.strip_prefix("registry.ollama.ai/").unwrap_or(&name);
    let name = name.strip_prefix("library/").or_else(|| name.strip_prefix("models/")).unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}

/// The last part of a path, without the extension of a model file: servers of local files use it as the name.
fn file_name(name: &str) -> String {
    let full = full_name(name);
    let last = full.rsplit(['/', '\\']).next().unwrap_or_default().trim_end_matches(":latest");
    last.strip_suffix(".gguf").unwrap_or(last).to_owned()
}

/// How two names are similar, strongest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    SameFamily,
    /// One family's name begins with the other's, as for `qwen3` and `qwen3-coder`.
    NextOfKin,
    FewLetters,
}

fn likeness(name: &str, wanted: &str, distance: usize) -> Option<Likeness> {
    let [left, right] = [family(name), family(wanted)];
    let is_kin = left.len().min(right.len()) >= 3 && (left.starts_with(&right) || right.starts_with(&left));
    if left == right {
        Some(Likeness::SameFamily)
    } else if is_kin {
        Some(Likeness::NextOfKin)
    } else {
        (distance <= 2.max(wanted.chars().count() / 4)).then_some(Likeness::FewLetters)
    }
}

/// The last part of the path, without its tag.
fn family(name: &str) -> String {
    let name = full_name(name);
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default().to_owned()
}

/// The number of letters to insert, delete or replace (Levenshtein).
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 8] = [
        "llama3.2:latest",
        "qwen3:8b",
        "qwen3-coder:30b",
        "qwen3-coder:latest",
        "nomic-embed-text:latest",
        "hf.co/bartowski/Mistral-7B:Q4_K_M",
        "deepseek-r1:14b",
        "phi4:latest",
    ];

    #[test]
    fn model_is_found_by_equivalent_names() {
        for (wanted, expected) in [
            ("qwen3-coder", Some(3)),
            ("qwen3-coder:latest", Some(3)),
            ("Qwen3-Coder:30B", Some(2)),
            ("library/llama3.2", Some(0)),
            ("hf.co/bartowski/mistral-7b:q4_k_m", Some(5)),
            ("mistral-7b:q4_k_m", Some(5)),
            ("/models/phi4.gguf", Some(7)),
            ("qwen3", None),
            ("", None),
        ] {
            assert_eq!(find_model(&NAMES, wanted), expected, "{wanted}");
        }
    }

    #[test]
    fn similar_names_are_suggested() {
        for (wanted, expected) in [
            ("qwen3-coder:7b", vec!["qwen3-coder:30b", "qwen3-coder:latest", "qwen3:8b"]),
            ("qwen3", vec!["qwen3:8b", "qwen3-coder:latest", "qwen3-coder:30b"]),
            ("lama3.2", vec!["llama3.2:latest"]),
            ("mistral-7b", vec!["hf.co/bartowski/Mistral-7B:Q4_K_M"]),
            ("phi-4", vec!["phi4:latest"]),
            ("gpt-oss", vec![]),
        ] {
            assert_eq!(near_models(&NAMES, wanted), expected, "{wanted}");
        }
        let many: Vec<String> = (0..20).map(|number| format!("qwen3:{number}b")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(near_models(&many, "qwen3").len(), MAX_NEAR);
    }

    #[test]
    fn hostile_name_is_not_suggested() {
        assert_eq!(near_models(&["qwen3:\u{1b}[31m", &"qwen3".repeat(99)], "qwen3"), Vec::<String>::new());
    }

    #[test]
    fn distance_is_levenshtein() {
        for (left, right, expected) in [("", "abc", 3), ("kitten", "sitting", 3), ("same", "same", 0), ("ab", "ba", 2)]
        {
            assert_eq!(edit_distance(left, right), expected);
        }
    }
}
