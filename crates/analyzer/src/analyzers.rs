//! The analyzer of each language.

use cds_language::{LANGUAGES, Language};

use crate::{Analyzer, PythonAnalyzer, general::GeneralAnalyzer, grammars};

/// The one language with an analyzer of its own.
const PYTHON: &str = "python";

/// The analyzers of one thread, each made when the first file of its grammar comes.
#[derive(Default)]
pub struct Analyzers {
    made: Vec<(&'static str, Box<dyn Analyzer>)>,
}

impl Analyzers {
    /// The analyzer for the file at `path`, which is of `language`.
    ///
    /// # Panics
    ///
    /// For a language that is not [built in](is_built_in).
    pub fn of(&mut self, language: &'static Language, path: &str) -> &mut dyn Analyzer {
        let grammar = language.grammar_of(path);
        let known = self.made.iter().position(|(known, _)| *known == grammar);
        let place = known.unwrap_or_else(|| {
            self.made.push((grammar, make(grammar).expect("only files of languages that are built in are read")));
            self.made.len() - 1
        });
        &mut *self.made[place].1
    }
}

fn make(grammar: &str) -> Option<Box<dyn Analyzer>> {
    if grammar == PYTHON {
        return Some(Box::new(PythonAnalyzer::new()));
    }
    grammars::grammar(grammar).map(|grammar| Box::new(GeneralAnalyzer::new(grammar)) as Box<dyn Analyzer>)
}

/// Whether this program has the grammar of a language.
pub fn is_built_in(language: &Language) -> bool {
    language.id == PYTHON || grammars::grammar(language.id).is_some()
}

/// The languages whose grammar this program has.
pub fn built_in_languages() -> impl Iterator<Item = &'static Language> {
    LANGUAGES.iter().copied().filter(|language| is_built_in(language))
}

/// The grammar and the rules with their versions, for files with the first ending of a language that is built in.
pub fn version_of(language: &'static Language) -> &'static str {
    let ending = language.files.endings.first().copied().unwrap_or_default();
    Analyzers::default().of(language, &format!("a.{ending}")).version()
}

#[cfg(test)]
mod tests {
    use cds_model::SourceText;

    use super::*;

    #[test]
    fn every_language_has_an_analyzer() {
        let mut analyzers = Analyzers::default();
        let mut count = 0;
        for language in built_in_languages() {
            for ending in language.files.endings {
                let path = format!("a.{ending}");
                let findings = analyzers.of(language, &path).analyze(&SourceText::new(""), &|| false);
                assert!(findings.symbols.is_empty() && findings.problem.is_none(), "{path}");
                count += 1;
            }
        }
        assert!(count >= analyzers.made.len());
    }
}
