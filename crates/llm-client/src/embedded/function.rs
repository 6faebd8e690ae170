//! The sentence about a function or a method.

use cds_language::Language;

use super::{
    clauses::{Clauses, shortened},
    facts::FunctionFacts,
    names::Names,
    value::describe_value,
    words::action,
};

pub(super) const FUNCTION: &str = "Function";
pub(super) const METHOD: &str = "Method";
pub(super) const ASYNC_FUNCTION: &str = "Async function";
pub(super) const ASYNC_METHOD: &str = "Async method";

/// The sentence; `None` if the code has no token.
pub(super) fn describe(language: &'static Language, code: &str, is_method: bool) -> Option<String> {
    let facts = FunctionFacts::read(language, code, is_method)?;
    let mut clauses = Clauses::about(kind(&facts, is_method), facts.name);
    if let Some(action) = action(language, facts.name) {
        clauses.push(5, &action);
    }
    clauses.push_names(6, "takes", &facts.parameters);
    clauses.push_names(4, "defines", &facts.definitions);
    clauses.push_names(6, "sets", &facts.attributes);
    let calls_any = !facts.calls.is_empty() || !facts.everyday_calls.is_empty();
    if facts.calls.is_empty() {
        clauses.push_names(7, "calls", &facts.everyday_calls);
    } else {
        clauses.push_names(7, "calls", &facts.calls);
    }
    push_values(language, &mut clauses, "yields", &facts.yields);
    if facts.yields.is_empty() && facts.is_generator {
        clauses.push(9, "is a generator");
    }
    let errors = facts.errors.as_slice().iter().map(|error| shortened(error));
    clauses.push_list(8, "raises", errors, facts.errors.has_more(), "or");
    push_values(language, &mut clauses, "returns", &facts.returns);
    if facts.is_empty {
        clauses.push(9, "does nothing");
    } else if !calls_any && facts.has_no_result() {
        clauses.push(9, "makes no calls and returns nothing");
    }
    Some(clauses.into_sentence())
}

fn kind(facts: &FunctionFacts<'_>, is_method: bool) -> &'static str {
    match (facts.is_async, is_method) {
        (false, false) => FUNCTION,
        (false, true) => METHOD,
        (true, false) => ASYNC_FUNCTION,
        (true, true) => ASYNC_METHOD,
    }
}

fn push_values<const N: usize>(language: &'static Language, clauses: &mut Clauses, verb: &str, values: &Names<'_, N>) {
    if !values.is_empty() {
        // Different expressions can have the same short form.
        let mut described: Vec<_> = Vec::with_capacity(N);
        for value in values.as_slice().iter().map(|value| describe_value(language, value)) {
            if !described.contains(&value) {
                described.push(value);
            }
        }
        clauses.push_list(9, verb, described.into_iter(), values.has_more(), "or");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::embedded::container::describe_class;

    fn python() -> &'static Language {
        Language::of_record("a.py")
    }

    fn check(code: &str, expected: &str) {
        assert_eq!(describe(python(), code, false).as_deref(), Some(expected), "{code}");
    }

    #[test]
    fn function_is_described_by_syntax() {
        check(
            "def load_config(path, strict=False):\n    with open(path) as file:\n        config = json.load(file)\n    \
             if strict and not config:\n        raise ConfigError(path)\n    return config",
            "Function `load_config` loads config, takes path and strict, calls open and json.load, raises \
             ConfigError, and returns config.",
        );
        check(
            "async def pages(*urls, **options):\n    for url in urls:\n        yield await get(url)\n",
            "Async function `pages` takes *urls and **options, calls get, and yields `await get(url)`.",
        );
        check("def f(): return 1; g()", "Function `f` calls g and returns 1.");
        check(
            "def f(x):\n    if x: return None\n    else: raise x.Error from None",
            "Function `f` takes x, raises x.Error, and returns None.",
        );
        check("def f(a):\n    b = yield a\n    return", "Function `f` takes a and is a generator.");
        check("def f(a):\n    yield from g(a)", "Function `f` takes a, calls g, and yields `from g(a)`.");
    }

    #[test]
    fn nested_definition_does_not_count() {
        check(
            "def decorate(function):\n    def wrapper(*args):\n        self.x = 1\n        raise E\n        return \
             inner(*args)\n    return wrapper",
            "Function `decorate` takes function, defines wrapper, calls inner, and returns wrapper.",
        );
    }

    #[test]
    fn empty_body_does_nothing() {
        check("def f(): pass", "Function `f` does nothing.");
        check("def f():\n    ...", "Function `f` does nothing.");
        check("def f():\n    global x\n    x = 1", "Function `f` makes no calls and returns nothing.");
        check("\u{1}", "Function without a name does nothing.");
        assert_eq!(describe(python(), " \n", false), None);
    }

    #[test]
    fn method_names_its_assignments() {
        let code = "def __init__(self, a, b: int = 1):\n    super().__init__()\n    self.a: str = a\n    \
                    self.b = self.c = b\n    self.d.e = 1\n    self.f += 1";
        let expected = "Method `__init__` initializes the object, takes a and b, sets a and b, and calls __init__.";
        assert_eq!(describe(python(), code, true).as_deref(), Some(expected));
    }

    #[test]
    fn everyday_calls_come_last() {
        check("def f(x):\n    return len(x)", "Function `f` takes x, calls len, and returns `len(x)`.");
        check("def f(x):\n    return g(len(x))", "Function `f` takes x, calls g, and returns `g(len(x))`.");
    }

    #[test]
    fn any_length_fits() {
        let names: Vec<String> = (0..9).map(|index| format!("{}{index}", "n".repeat(60))).collect();
        let names = names.join(", ");
        let code = format!("def {}({names}):\n    {}()\n    return {names}", "f".repeat(400), "g.".repeat(200));
        let sentence = describe(python(), &code, false).unwrap();
        assert!(sentence.chars().count() <= 300 && sentence.ends_with(" returns several values."), "{sentence}");
    }

    proptest! {
        #[test]
        fn sentence_is_bounded_and_printable(
            code in "(?s)(def |class |return |raise |yield |async |self\\.|lambda |[a-c(),.:=*;\n ]|f?\"|\u{202e}|.){0,80}",
            is_method: bool,
        ) {
            for sentence in [describe(python(), &code, is_method), describe_class(python(), &code)] {
                let sentence = sentence.unwrap_or_default();
                prop_assert!(sentence.chars().count() <= 300);
                prop_assert!(!sentence.contains(|c: char| c.is_control() || c == '\u{202e}'), "{}", sentence);
            }
        }
    }
}
