//! Turns an identifier into words, and into a clause if it begins with a verb.

use cds_language::Language;

/// Verbs that begin function names, each between two blanks.
const VERBS: &str = " \
    abort accept acquire activate add adjust allocate allow analyze announce append apply ask assemble assert \
    assign attach begin bind build bump cache calculate call cancel change check choose clean clear clone close \
    collect combine commit compare compile compute configure confirm connect consume convert copy count create \
    decode decorate define delete detach detect determine disable discard disconnect dispatch display download \
    draw drop dump emit enable encode ensure enter escape evaluate exclude execute exit expand export extend \
    extract fetch fill filter find finish fix flatten flush follow forward free gather generate get give go grow \
    guess handle hide ignore import include init initialize insert install invoke iterate join keep kill launch \
    leave link list load locate lock log look make mark match measure merge migrate modify move normalize notify \
    open pack parse patch perform pick poll pop prepare print process produce push put raise read rebuild receive \
    record refresh register reload remove rename render replace report request reset resolve restore retrieve \
    return rotate run save scan search select send serialize set show skip sort split start stop store strip \
    submit test transform translate unpack update upload validate verify visit wait walk wrap write ";

const QUESTIONS: [&str; 7] = ["is", "has", "can", "should", "needs", "was", "are"];
/// The maximum length of a clause made from a name, in bytes.
const MAX_CLAUSE_BYTES: usize = 70;

/// The action in a function's name (`loads config` for `load_config`); `None` if the name implies none,
/// or if the clause would be too long.
pub(super) fn action(language: &Language, name: &str) -> Option<String> {
    if let Some(action) = language.naming.deed(name) {
        return Some(action.to_owned());
    }
    let words = words(name);
    let (first, rest) = words.split_once(' ')?;
    let action = if QUESTIONS.contains(&first) {
        format!("tells whether it {words}")
    } else if is_verb(first) {
        format!("{} {rest}", third_person(first))
    } else if first == "to" || first == "as" {
        format!("converts to {rest}")
    } else if first == "from" {
        format!("builds from {rest}")
    } else if first == "on" {
        format!("handles {rest}")
    } else {
        return None;
    };
    (action.len() <= MAX_CLAUSE_BYTES).then_some(action)
}

fn is_verb(word: &str) -> bool {
    VERBS.contains(&format!(" {word} "))
}

/// The words of an identifier in lower case (`get HTTP response` for `getHTTPResponse`), separated by blanks.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 8);
    let mut characters = name.chars().peekable();
    let mut previous = '_';
    while let Some(character) = characters.next() {
        if character == '_' {
            if !words.is_empty() && !words.ends_with(' ') {
                words.push(' ');
            }
        } else {
            let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
            let begins_word = character.is_uppercase() && (previous.is_lowercase() || next_is_lower);
            if begins_word && !words.is_empty() && !words.ends_with(' ') {
                words.push(' ');
            }
            let is_acronym = character.is_uppercase() && !next_is_lower && is_upper_run(previous, characters.peek());
            if is_acronym { words.push(character) } else { words.extend(character.to_lowercase()) }
        }
        previous = character;
    }
    words.truncate(words.trim_end().len());
    words
}

/// Whether an upper-case letter is next to another one.
fn is_upper_run(previous: char, next: Option<&char>) -> bool {
    previous.is_uppercase() || next.is_some_and(|next| next.is_uppercase())
}

fn third_person(verb: &str) -> String {
    let ends_hissing = ["s", "sh", "ch", "x", "z", "o"].iter().any(|ending| verb.ends_with(ending));
    let stem = verb.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match stem {
        Some(stem) => format!("{stem}ies"),
        None if ends_hissing => format!("{verb}es"),
        None => format!("{verb}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        for (name, expected) in [
            ("load_config", "load config"),
            ("getHTTPResponse", "get HTTP response"),
            ("visit_Name", "visit name"),
            ("__private_name__", "private name"),
            ("parseXML", "parse XML"),
            ("größe_ändern", "größe ändern"),
            ("___", ""),
        ] {
            assert_eq!(words(name), expected);
        }
    }

    #[test]
    fn leading_verb_becomes_action() {
        for (name, expected) in [
            ("load_config", Some("loads config")),
            ("_fetchAll", Some("fetches all")),
            ("copy_file", Some("copies file")),
            ("display_name", Some("displays name")),
            ("go_back", Some("goes back")),
            ("is_open", Some("tells whether it is open")),
            ("to_json", Some("converts to json")),
            ("on_click", Some("handles click")),
            ("__init__", Some("initializes the object")),
            ("load", None),
            ("config_path", None),
            ("", None),
        ] {
            assert_eq!(action(Language::of_record("a.py"), name).as_deref(), expected, "{name}");
        }
    }
}
