//! How statements begin that analyses have to tell from others.

/// The words by which headers, imports and empty bodies are known.
#[derive(Debug, Clone, Copy)]
pub struct Statements {
    /// Words that declare a function.
    pub functions: &'static [&'static str],
    /// Words that declare something with members.
    pub classes: &'static [&'static str],
    /// Words that may stand before one that declares a function.
    pub function_modifiers: &'static [&'static str],
    /// What a decorator begins with.
    pub decorator: &'static str,
    /// What ends a header.
    pub header_end: &'static str,
    /// Words that begin an import.
    pub imports: &'static [&'static str],
    /// Words that may stand before one that begins an import.
    pub import_modifiers: &'static [&'static str],
    /// Statements that do nothing.
    pub fillers: &'static [&'static str],
    /// Words that are keywords in some places only.
    pub soft_keywords: &'static [&'static str],
    /// Words behind which a function gives back a value and ends.
    pub returns: &'static [&'static str],
    /// Words behind which a function gives a value and goes on.
    pub yields: &'static [&'static str],
    /// What stands before a value that is waited for.
    pub awaiting: &'static str,
    /// Words that begin a function without a name.
    pub lambdas: &'static [&'static str],
    /// Words that choose between values.
    pub choices: &'static [&'static str],
    /// Words that compare values.
    pub comparisons: &'static [&'static str],
    /// The word behind which an error is raised.
    pub raise: &'static str,
    /// The error of a function that others have to write.
    pub not_implemented: &'static str,
}

impl Statements {
    /// Whether a word declares a definition.
    pub fn declares(&self, word: &str) -> bool {
        self.functions.contains(&word) || self.classes.contains(&word)
    }

    /// Whether a definition begins with these two words.
    pub fn begins_definition(&self, first: &str, second: &str) -> bool {
        self.declares(first) || self.begins_modified_function(first, second)
    }

    /// Whether a function begins with these two words.
    pub fn begins_function(&self, first: &str, second: &str) -> bool {
        self.functions.contains(&first) || self.begins_modified_function(first, second)
    }

    /// Whether an import begins with these two words.
    pub fn begins_import(&self, first: &str, second: &str) -> bool {
        let is_modified = self.import_modifiers.contains(&first) && self.imports.contains(&second);
        self.imports.contains(&first) || is_modified
    }

    /// Whether a statement that begins with this word hands a value or an error to the caller.
    pub fn hands_over(&self, word: &str) -> bool {
        self.returns.contains(&word) || self.yields.contains(&word) || self.raise == word
    }

    /// An expression without the word that waits for it.
    pub fn awaited<'a>(&self, expression: &'a str) -> &'a str {
        let awaited = expression.strip_prefix(self.awaiting).and_then(|rest| rest.strip_prefix(' '));
        awaited.filter(|_| !self.awaiting.is_empty()).unwrap_or(expression)
    }

    /// Whether a line of code begins a definition.
    pub fn line_begins_definition(&self, line: &str) -> bool {
        let mut words = line.split(' ');
        let (first, second, third) = (words.next(), words.next(), words.next());
        match (first, second) {
            (Some(first), Some(_)) if self.declares(first) => true,
            (Some(first), Some(second)) => third.is_some() && self.begins_modified_function(first, second),
            _ => false,
        }
    }

    fn begins_modified_function(&self, first: &str, second: &str) -> bool {
        self.function_modifiers.contains(&first) && self.functions.contains(&second)
    }
}

#[cfg(test)]
mod tests {
    use crate::python::PYTHON;

    #[test]
    fn lines_begin_a_definition_or_not() {
        for (line, begins) in [
            ("def f():", true),
            ("async def f():", true),
            ("class A:", true),
            ("def", false),
            ("async def", false),
            ("async with a:", false),
            ("default = 1", false),
            ("", false),
        ] {
            assert_eq!(PYTHON.statements.line_begins_definition(line), begins, "{line}");
        }
    }
}
