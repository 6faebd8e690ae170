//! The tables against the words that they are made of.

use std::collections::HashSet;

use super::*;
use crate::LANGUAGES;

#[test]
fn every_word_has_a_class_and_no_other_has() {
    for language in LANGUAGES {
        let (lexicon, words) = (language.lexicon, language.lexicon.words());
        let of_language = [words.keywords, words.operators, words.builtins, words.functions].concat();
        for word in &of_language {
            let class = lexicon.class_of(word);
            let is_fixed = words.keywords.contains(word) || words.operators.contains(word);
            assert!(class != OTHER, "{word}");
            assert_eq!(lexicon.is_keyword(class), words.keywords.contains(word), "{word}");
            assert_eq!(lexicon.is_fixed(class), is_fixed, "{word}");
            assert_eq!(lexicon.is_function(class), words.functions.contains(word), "{word}");
            assert!(!is_fixed || lexicon.fixed(word) == class, "{word}");
        }
        let shared = words.truths.len().saturating_sub(1);
        let classes: HashSet<Class> = of_language.iter().map(|word| lexicon.class_of(word)).collect();
        assert_eq!(classes.len(), of_language.len() - shared);
        assert!(words.values.iter().chain(words.truths).all(|value| words.keywords.contains(value)));
    }
}

#[test]
fn other_words_have_no_class() {
    let lexicon = &crate::python::LEXICON;
    for word in ["", "total", "NotImplementedErrors", "AnotImplementedError", "printed", "dexError", "=>", "\0", "é"] {
        assert_eq!(lexicon.class_of(word), OTHER, "{word}");
    }
    assert!(!lexicon.is_function(OTHER));
    assert_eq!(["and", "None", "total"].map(|word| lexicon.joins(word)), [true, false, false]);
}
