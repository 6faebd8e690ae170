//! Facts about a function in braces.

use cds_language::{Language, TokenKind, class};

use super::lines::Text;
use crate::embedded::{facts::FunctionFacts, names::Names, value::leading_chain};

/// The facts about the function that `code` is; `None` if it has no token.
pub(in crate::embedded) fn read<'a>(language: &'static Language, code: &'a str) -> Option<FunctionFacts<'a>> {
    let text = Text::new(language, code)?;
    let head = language.head(code, &text.tokens).unwrap_or_default();
    let mut facts = FunctionFacts::new(head.name(code).unwrap_or_default());
    let name_at = head.name_token.unwrap_or(0);
    let parameters_end = head.parameters.map_or(name_at + 1, |open| text.behind_brackets(open));
    facts.is_async = (0..parameters_end).any(|place| text.word(place) == "async");
    if let Some(open) = head.parameters {
        read_parameters(&text, open, &mut facts.parameters);
    }
    read_body(&text, body_start(&text, parameters_end), &mut facts);
    Some(facts)
}

fn read_parameters<'a>(text: &Text<'a>, open: usize, names: &mut Names<'a, 4>) {
    let (mut depth, mut angles, mut name, mut is_settled) = (0_u32, 0_u32, "", false);
    let naming = &text.language.naming;
    let types_first = naming.heads.as_ref().is_some_and(|heads| heads.types_first);
    for place in open..text.tokens.len() {
        let word = text.word(place);
        match word {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "<" => angles += 1,
            ">" => angles = angles.saturating_sub(1),
            "=" | ":" if depth == 1 => is_settled = true,
            _ => {}
        }
        let is_end = depth == 0 || (word == "," && depth == 1 && angles == 0);
        if is_end {
            if !naming.is_receiver(name) {
                names.push(name);
            }
            (name, is_settled) = ("", false);
        }
        if depth == 0 {
            return;
        }
        let is_name = text.tokens[place].kind == TokenKind::Name && depth == 1 && angles == 0;
        if is_name && !is_settled && !naming.modifiers.contains(&word) {
            name = word;
            is_settled = !types_first;
        } else if naming.is_receiver(word) && depth == 1 {
            is_settled = true;
        }
    }
}

/// The place behind the brace or the arrow that begins the body.
fn body_start(text: &Text<'_>, from: usize) -> usize {
    let mut place = from;
    while place < text.tokens.len() {
        match text.word(place) {
            "{" | "=>" if text.word(place + 1) != "{" || text.word(place) == "{" => return place + 1,
            "(" | "[" => place = text.behind_brackets(place),
            _ => place += 1,
        }
    }
    place
}

fn read_body<'a>(text: &Text<'a>, start: usize, facts: &mut FunctionFacts<'a>) {
    let statements = &text.language.statements;
    if start > 0 && text.word(start - 1) == "=>" {
        let value = text.slice(start, text.tokens.len());
        facts.returns.push(value.trim_end_matches([';', ',', ' ', '\n']));
        facts.is_empty = value.is_empty();
    }
    let mut begins_statement = true;
    for place in start..text.tokens.len() {
        let (token, word) = (text.tokens[place], text.word(place));
        if token.kind.is_structure() {
            begins_statement = true;
            continue;
        }
        facts.is_empty &= matches!(word, "{" | "}" | ";" | ")" | ",");
        let begins = std::mem::replace(&mut begins_statement, matches!(word, "{" | "}" | ";" | ")" | "=>"));
        if begins {
            let value = text.slice(place + 1, end_of_statement(text, place));
            if statements.returns.contains(&word) {
                facts.returns.push(value);
            } else if statements.yields.contains(&word) {
                facts.is_generator = true;
                facts.yields.push(value);
            } else if word == statements.raise && text.word(place + 1) != "(" {
                facts.errors.push(leading_chain(value.strip_prefix("new ").unwrap_or(value)));
            } else if word == text.language.naming.this && matches!(text.word(place + 1), "." | "->") {
                let is_set = matches!(text.word(place + 3), "=" | "+=" | "-=" | "++" | "--");
                facts.attributes.push(if is_set { text.word(place + 2) } else { "" });
            }
        }
        if matches!(token.class, class::CALL | class::METHOD_CALL) && text.word(place + 1) == "(" {
            call(text, place, facts);
        }
    }
}

fn call<'a>(text: &Text<'a>, place: usize, facts: &mut FunctionFacts<'a>) {
    let called = text.chain(place);
    let first = place.checked_sub(1).map_or("", |before| text.word(before));
    if text.language.is_reserved(called) || text.language.naming.declaring.contains(&first) {
        return;
    }
    let is_raised =
        first == "new" && place.checked_sub(2).is_some_and(|at| text.word(at) == text.language.statements.raise);
    if is_raised {
        return;
    }
    let called = called.split_whitespace().next().filter(|part| part.len() == called.len());
    match called {
        Some(called) if text.language.is_everyday_call(called) => facts.everyday_calls.push(called),
        Some(called) => facts.calls.push(called),
        None => facts.calls.push(text.word(place)),
    }
}

/// The place of what ends the statement that begins at `start`.
fn end_of_statement(text: &Text<'_>, start: usize) -> usize {
    let mut depth = 0_u32;
    for place in start..text.tokens.len() {
        match text.word(place) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" | ";" | "" if depth == 0 => return place,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
    }
    text.tokens.len()
}

#[cfg(test)]
mod tests {
    use cds_language::Language;

    use crate::embedded::function::describe;

    #[test]
    fn functions_of_all_languages_are_described() {
        for (path, code, expected) in [
            (
                "a.ts",
                "async loadConfig(path: string, strict = false): Promise<Config> {\nconst text = await fs.readFile(path);\n\
                 if (strict && !text) {\nthrow new ConfigError(path);\n}\nthis.config = parse(text);\nreturn this.config;\n}",
                "Async method `loadConfig` loads config, takes path and strict, sets config, calls fs.readFile and \
                 parse, raises ConfigError, and returns this.config.",
            ),
            ("a.js", "const double = (x) => x * 2;", "Method `double` takes x and returns `x * 2`."),
            (
                "a.go",
                "func (s *Server) Close(ctx context.Context, hard bool) error {\nif hard {\nreturn s.kill()\n}\nreturn nil\n}",
                "Method `Close` takes ctx and hard, calls s.kill, and returns `s.kill()` or nil.",
            ),
            (
                "a.rs",
                "pub fn get_name(&self, count: usize) -> String {\nreturn format_name(self.name, count);\n}",
                "Method `get_name` gets name, takes count, calls format_name, and returns `format_name(self.name, count)`.",
            ),
            (
                "a.java",
                "public Map<String, Integer> readAll(final List<String> names, int... sizes) throws IOException {\n\
                 return reader.read(names);\n}",
                "Method `readAll` reads all, takes names and sizes, calls reader.read, and returns `reader.read(names)`.",
            ),
            (
                "a.cs",
                "public int Count(string text = \"a\") => text.Length;",
                "Method `Count` takes text and returns text.Length.",
            ),
            ("a.java", "void run() {\n}", "Method `run` runs the task and does nothing."),
        ] {
            assert_eq!(describe(Language::of_record(path), code, true).as_deref(), Some(expected), "{code}");
        }
    }
}
