//! Collects facts about a function in one pass over its tokens.

use cds_language::Language;

use super::{
    braces,
    names::Names,
    parameters::read_parameters,
    tokens::{Kind, Piece, Pieces},
    value::leading_chain,
};

/// The facts that the sentence uses.
pub(super) struct FunctionFacts<'a> {
    pub(super) name: &'a str,
    pub(super) is_async: bool,
    pub(super) is_generator: bool,
    /// Whether the body does nothing.
    pub(super) is_empty: bool,
    pub(super) parameters: Names<'a, 4>,
    pub(super) calls: Names<'a, 4>,
    /// Calls that say little: `len`, `str`, a test's assertions.
    pub(super) everyday_calls: Names<'a, 3>,
    pub(super) definitions: Names<'a, 2>,
    pub(super) attributes: Names<'a, 4>,
    pub(super) yields: Names<'a, 2>,
    pub(super) errors: Names<'a, 3>,
    pub(super) returns: Names<'a, 3>,
}

impl<'a> FunctionFacts<'a> {
    /// Reads the text of one definition; `None` if it has no token.
    pub(super) fn read(language: &'static Language, code: &'a str, is_method: bool) -> Option<Self> {
        if language.has_braces() {
            return braces::function::read(language, code);
        }
        let mut lexer = Pieces::new(language, code);
        lexer.next()?;
        let mut facts = Self::new("");
        facts.read_name(&mut lexer);
        facts.parameters = read_parameters(&mut lexer, is_method);
        Body::new(lexer).read(&mut facts);
        Some(facts)
    }

    /// Nothing but a name.
    pub(super) fn new(name: &'a str) -> Self {
        Self {
            name,
            is_async: false,
            is_generator: false,
            is_empty: true,
            parameters: Names::new(),
            calls: Names::new(),
            everyday_calls: Names::new(),
            definitions: Names::new(),
            attributes: Names::new(),
            yields: Names::new(),
            errors: Names::new(),
            returns: Names::new(),
        }
    }

    /// Whether it returns nothing, sets nothing, defines nothing and raises no error.
    pub(super) fn has_no_result(&self) -> bool {
        self.returns.is_empty()
            && self.errors.is_empty()
            && self.attributes.is_empty()
            && self.definitions.is_empty()
            && !self.is_generator
    }

    fn read_name(&mut self, lexer: &mut Pieces<'a>) {
        while let Some(token) = lexer.next() {
            let (word, statements) = (lexer.text(token), &lexer.language.statements);
            if statements.function_modifiers.contains(&word) {
                self.is_async = true;
            } else if !statements.functions.contains(&word) {
                self.name = if token.kind == Kind::Name { word } else { "" };
                return;
            }
        }
    }
}

/// A statement whose value ends with its line.
#[derive(Clone, Copy)]
enum Pending {
    Return(usize),
    Yield(usize),
    Raise(usize),
}

/// Reads the statements after the header.
struct Body<'a> {
    lexer: Pieces<'a>,
    /// The last dotted name.
    chain: (usize, usize),
    /// The end of a dot directly after that name.
    dot_end: usize,
    statement_start: usize,
    is_statement_start: bool,
    pending: Option<Pending>,
    /// The column of a nested definition, whose statements do not belong to this function.
    nested: Option<u32>,
    columns: u32,
    last_end: usize,
}

impl<'a> Body<'a> {
    fn new(lexer: Pieces<'a>) -> Self {
        Self {
            lexer,
            chain: (0, 0),
            dot_end: usize::MAX,
            statement_start: 0,
            is_statement_start: true,
            pending: None,
            nested: None,
            columns: 0,
            last_end: 0,
        }
    }

    fn read(mut self, facts: &mut FunctionFacts<'a>) {
        while let Some(token) = self.lexer.next() {
            match token.kind {
                Kind::Line(columns) => {
                    self.end_statement(facts);
                    self.columns = columns;
                    if self.nested.is_some_and(|outer| columns <= outer) {
                        self.nested = None;
                    }
                }
                Kind::Name => self.name(token, facts),
                Kind::Operator(byte) => self.operator(byte, token, facts),
                Kind::Number | Kind::Text | Kind::Compound => {
                    self.is_statement_start = false;
                    facts.is_empty = false;
                }
            }
            self.last_end = token.end;
        }
        self.end_statement(facts);
    }

    fn name(&mut self, token: Piece, facts: &mut FunctionFacts<'a>) {
        let continues_chain = self.dot_end == token.start;
        self.chain = (if continues_chain { self.chain.0 } else { token.start }, token.end);
        if continues_chain {
            return;
        }
        if self.is_statement_start {
            self.is_statement_start = false;
            self.statement_start = token.start;
            let text = self.lexer.text(token);
            facts.is_empty &= self.lexer.language.statements.fillers.contains(&text);
            self.statement_keyword(text, token.end, facts);
        } else if self.nested.is_none() && self.lexer.language.statements.yields.contains(&self.lexer.text(token)) {
            facts.is_generator = true;
        }
    }

    fn statement_keyword(&mut self, keyword: &str, end: usize, facts: &mut FunctionFacts<'a>) {
        let statements = &self.lexer.language.statements;
        if statements.declares(keyword) {
            if let Some(name) = self.lexer.next().filter(|token| token.kind == Kind::Name) {
                if self.nested.is_none() {
                    facts.definitions.push(self.lexer.text(name));
                    self.nested = Some(self.columns);
                }
                // A parameter list follows, not a call.
                self.chain = (name.end, name.end);
            }
        } else if statements.function_modifiers.contains(&keyword) {
            // The word after it begins the statement.
            self.is_statement_start = true;
        } else if self.nested.is_some() {
            // The statements of a nested definition do not belong to this function.
        } else if statements.returns.contains(&keyword) {
            self.pending = Some(Pending::Return(end));
        } else if keyword == statements.raise {
            self.pending = Some(Pending::Raise(end));
        } else if statements.yields.contains(&keyword) {
            facts.is_generator = true;
            self.pending = Some(Pending::Yield(end));
        }
    }

    fn operator(&mut self, byte: u8, token: Piece, facts: &mut FunctionFacts<'a>) {
        match byte {
            b'.' => {
                let is_one = token.end - token.start == 1;
                self.dot_end = if is_one && token.start == self.chain.1 { token.end } else { usize::MAX };
                return;
            }
            b'(' if self.chain.1 == token.start => self.call(facts),
            b'=' | b':' if self.lexer.depth() == 0 => {
                if self.chain == (self.statement_start, self.last_end) && self.nested.is_none() {
                    let chain = self.lexer.slice(self.chain.0, self.chain.1);
                    facts.attributes.push(own_attribute(self.lexer.language, chain));
                }
                if byte == b':' && self.pending.is_none() {
                    // The header of a compound statement; a simple statement may follow on the same line.
                    self.is_statement_start = true;
                    return;
                }
            }
            b';' => {
                self.end_statement(facts);
                return;
            }
            _ => {}
        }
        self.is_statement_start = false;
        facts.is_empty = false;
    }

    fn call(&mut self, facts: &mut FunctionFacts<'a>) {
        let called = self.lexer.slice(self.chain.0, self.chain.1);
        let is_error = matches!(self.pending, Some(Pending::Raise(start)) if self.chain.0 <= start + 1);
        let language = self.lexer.language;
        if is_error || called.is_empty() || language.is_reserved(called) {
            return;
        }
        if language.is_everyday_call(called) {
            facts.everyday_calls.push(called);
        } else {
            facts.calls.push(called);
        }
    }

    fn end_statement(&mut self, facts: &mut FunctionFacts<'a>) {
        self.is_statement_start = true;
        let Some(pending) = self.pending.take() else {
            return;
        };
        let value = |start| self.lexer.slice(start, self.last_end).trim();
        match pending {
            Pending::Return(start) => facts.returns.push(value(start)),
            Pending::Raise(start) => facts.errors.push(leading_chain(value(start))),
            Pending::Yield(start) => facts.yields.push(value(start)),
        }
    }
}

/// The name of a member of the object itself; empty if the chain is another one or goes deeper.
fn own_attribute<'a>(language: &Language, chain: &'a str) -> &'a str {
    let member = chain.strip_prefix(language.naming.this).and_then(|rest| rest.strip_prefix('.'));
    member.filter(|name| !name.contains('.')).unwrap_or_default()
}
