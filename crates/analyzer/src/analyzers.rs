//! The analyzer of each language.

use cds_language::Language;

use crate::{Analyzer, PythonAnalyzer};

/// The analyzers of one thread, each made when the first file of its language comes.
#[derive(Default)]
pub(crate) struct Analyzers {
    made: Vec<(&'static Language, Box<dyn Analyzer>)>,
}

impl Analyzers {
    /// The analyzer for files of `language`.
    pub(crate) fn of(&mut self, language: &'static Language) -> &mut dyn Analyzer {
        let known = self.made.iter().position(|(known, _)| *known == language);
        let place = known.unwrap_or_else(|| {
            self.made.push((language, make(language)));
            self.made.len() - 1
        });
        &mut *self.made[place].1
    }
}

/// The only choice by language: each has a grammar of its own.
fn make(language: &Language) -> Box<dyn Analyzer> {
    match language.id {
        "python" => Box::new(PythonAnalyzer::new()),
        other => unreachable!("a language is registered together with its analyzer, and {other} has none"),
    }
}

#[cfg(test)]
mod tests {
    use cds_language::LANGUAGES;
    use cds_model::SourceText;

    use super::*;

    #[test]
    fn every_language_has_an_analyzer() {
        let mut analyzers = Analyzers::default();
        for &language in LANGUAGES {
            let findings = analyzers.of(language).analyze(&SourceText::new(""), &|| false);
            assert!(findings.symbols.is_empty() && findings.problem.is_none(), "{}", language.id);
        }
        assert_eq!(analyzers.made.len(), LANGUAGES.len());
    }
}
