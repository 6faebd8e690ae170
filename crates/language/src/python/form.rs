//! The tokens of a text in one form, however it is formatted.
//!
//! Statements stand on lines of their own; texts that follow each other are one; parentheses that change nothing, commas
//! behind the last of several things, semicolons and the empty brackets of a class are left out. Parentheses change
//! nothing where the same tree is read without them: by how tightly what they enclose and what stands beside them binds,
//! and around a tuple where the grammar takes one without them. In doubt they stay.

use super::binding::{
    self, AWAIT, COMPARISON, CURLY, EXPRESSION, IF, IS, LAMBDA, NOT, NOT_WORD, OR, PRIMARY, ROUND, SQUARE, STAR, UNARY,
    ends_operand,
};
use super::{LEXICON, class as fixed};
use crate::{
    Former, Token, TokenKind,
    class::{Class, DEDENT, INDENT, NAME, NEWLINE, REMOVED},
    tokenize_into,
};

const COLON: Class = fixed(":");
const COMMA: Class = fixed(",");
const SEMICOLON: Class = fixed(";");
const EQUALS: Class = fixed("=");
const ROUND_END: Class = fixed(")");
const SQUARE_END: Class = fixed("]");
const CURLY_END: Class = fixed("}");
const IN: Class = fixed("in");
const FOR: Class = fixed("for");
const EXCEPT: Class = fixed("except");
const CLASS: Class = fixed("class");
const YIELD: Class = fixed("yield");
const RETURN: Class = fixed("return");
const DEL: Class = fixed("del");
const ASSIGNMENTS: [Class; 14] = [
    EQUALS,
    fixed("+="),
    fixed("-="),
    fixed("*="),
    fixed("/="),
    fixed("//="),
    fixed("%="),
    fixed("@="),
    fixed("**="),
    fixed("&="),
    fixed("|="),
    fixed("^="),
    fixed(">>="),
    fixed("<<="),
];
const HEADERS: [Class; 12] = [
    IF,
    fixed("elif"),
    fixed("else"),
    FOR,
    fixed("while"),
    fixed("with"),
    fixed("try"),
    EXCEPT,
    fixed("finally"),
    fixed("def"),
    CLASS,
    fixed("async"),
];
const AS: Class = fixed("as");
const IMPORT: Class = fixed("import");
const WITH: Class = fixed("with");
const WALRUS: Class = fixed(":=");
const AWAIT_WORD: Class = fixed("await");
const TILDE: Class = fixed("~");
const PLUS: Class = fixed("+");
const MINUS: Class = fixed("-");
const STARS: Class = fixed("**");
#[cfg(test)]
mod tests;

/// The tokens of `code` in one form, in place of what `tokens` held.
pub(crate) fn read(former: &mut Former, code: &str, tokens: &mut Vec<Token>) {
    let Former { raw, frames } = former;
    tokenize_into(&LEXICON, code, raw);
    tokens.clear();
    tokens.reserve(raw.len());
    frames.clear();
    frames.push(Frame::new(Kind::Statement, 0));
    let mut pass = Pass { code, raw, written: tokens, frames, line: Line::default(), has_removed: false };
    for at in 0..pass.raw.len() {
        pass.token(at);
    }
    if pass.has_removed {
        tokens.retain(|token| token.class != REMOVED);
    }
}

/// What brackets are, or that there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Statement,
    /// They may change nothing.
    Group(Place),
    /// Of a call, or behind the name of a definition.
    Call,
    Index,
    /// Of a list, set or dictionary.
    Display,
}

/// Where parentheses stand, as far as it decides what may stand there without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Beside operators, and wherever else a tuple needs them.
    Operand,
    StatementStart,
    Assigned,
    Returned,
    Target,
    Iterated,
    Imported,
    With,
    /// Behind a keyword and before the colon of its block.
    BeforeColon,
    Indexed,
    Argument,
    /// Directly inside of others.
    Inner,
}

/// One level of brackets, and what stands in it so far.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent observation, and all combinations occur")]
pub(crate) struct Frame {
    kind: Kind,
    /// Of the bracket, among what is written.
    open: usize,
    /// How tightly it has to bind because of what stands before it.
    least: u8,
    /// How tightly its loosest operator binds.
    lowest: u8,
    comma_count: u32,
    /// A `for` waits for its `in`.
    awaits_in: bool,
    /// How much was written behind the `in` of a `for`.
    for_in: usize,
    has_for: bool,
    has_lambda: bool,
    has_yield: bool,
    has_as: bool,
    has_walrus: bool,
    /// Something is unpacked.
    has_star: bool,
}

impl Frame {
    const fn new(kind: Kind, open: usize) -> Self {
        Self {
            kind,
            open,
            least: EXPRESSION,
            lowest: PRIMARY,
            comma_count: 0,
            awaits_in: false,
            for_in: 0,
            has_for: false,
            has_lambda: false,
            has_yield: false,
            has_as: false,
            has_walrus: false,
            has_star: false,
        }
    }

    /// What stood in brackets that are left out stands in this one.
    fn take(&mut self, inner: &Self) {
        self.lowest = self.lowest.min(inner.lowest);
        self.comma_count += inner.comma_count;
        self.has_for |= inner.has_for;
        self.has_lambda |= inner.has_lambda;
        self.has_yield |= inner.has_yield;
        self.has_as |= inner.has_as;
        self.has_walrus |= inner.has_walrus;
        self.has_star |= inner.has_star;
    }
}

/// The statement at hand.
#[derive(Default)]
struct Line {
    /// It begins with a word that opens a block.
    is_header: bool,
    /// Their colons open no block.
    lambda_count: u32,
    /// The block of the header stands on its line.
    is_inline: bool,
}

struct Pass<'a> {
    code: &'a str,
    raw: &'a [Token],
    written: &'a mut Vec<Token>,
    frames: &'a mut Vec<Frame>,
    line: Line,
    has_removed: bool,
}

impl Pass<'_> {
    fn token(&mut self, at: usize) {
        let token = self.raw[at];
        if token.kind.is_structure() {
            return self.structure(token);
        }
        let before = at.checked_sub(1).map(|before| self.raw[before]);
        if token.kind == TokenKind::Text
            && before.is_some_and(|before| before.kind == TokenKind::Text)
            && let Some(last) = self.written.last_mut()
        {
            last.end = token.end;
            return;
        }
        if self.begins_statement() {
            self.line.is_header |= HEADERS.contains(&token.class) || self.is_case(at);
        }
        match token.class {
            ROUND | SQUARE | CURLY => self.open(at),
            ROUND_END | SQUARE_END | CURLY_END => self.close(at),
            SEMICOLON if self.frames.len() == 1 => {
                if self.next(at).is_some_and(|next| !next.kind.is_structure()) {
                    self.new_statement(NEWLINE, at);
                }
            }
            COLON if self.frames.len() == 1 => self.colon(at),
            _ => {
                self.look_at(at);
                self.written.push(token);
            }
        }
    }

    fn next(&self, at: usize) -> Option<Token> {
        self.raw.get(at + 1).copied()
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the frame of the statement is never taken away")
    }

    fn last(&self) -> Option<Token> {
        self.written.last().copied()
    }

    fn begins_statement(&self) -> bool {
        self.last().is_none_or(|last| last.kind.is_structure())
    }

    fn structure(&mut self, token: Token) {
        if token.kind == TokenKind::Newline {
            self.drop_last_comma();
            self.frames.truncate(1);
            self.frames[0] = Frame::new(Kind::Statement, 0);
        }
        self.written.push(token);
        if token.kind == TokenKind::Newline && std::mem::take(&mut self.line).is_inline {
            self.written.push(Token { kind: TokenKind::Dedent, class: DEDENT, ..token });
        }
    }

    /// Begins a statement, or a block, that stood on the line of another one.
    fn new_statement(&mut self, class: Class, at: usize) {
        self.drop_last_comma();
        let Token { start, line, .. } = self.next(at).unwrap_or(self.raw[at]);
        let kind = if class == INDENT { TokenKind::Indent } else { TokenKind::Newline };
        self.written.push(Token { kind, class, start, end: start, line });
        self.frames[0] = Frame::new(Kind::Statement, 0);
    }

    fn colon(&mut self, at: usize) {
        self.drop_last_comma();
        self.written.push(self.raw[at]);
        self.frames[0].comma_count = 0;
        if !self.line.is_header {
        } else if self.line.lambda_count > 0 {
            self.line.lambda_count -= 1;
        } else if !self.line.is_inline && self.next(at).is_some_and(|next| !next.kind.is_structure()) {
            self.line.is_inline = true;
            self.new_statement(NEWLINE, at);
            self.new_statement(INDENT, at);
        }
    }

    /// Whether the `case` of a `match` begins here, and not a variable of that name.
    fn is_case(&self, at: usize) -> bool {
        self.raw[at].kind == TokenKind::Name
            && self.raw[at].text(self.code) == "case"
            && self.next(at).is_some_and(|next| match next.kind {
                TokenKind::Name | TokenKind::Number | TokenKind::Text => true,
                TokenKind::Keyword => ends_operand(&next),
                _ => [ROUND, CURLY, MINUS].contains(&next.class),
            })
    }

    /// Whether the parenthesis belongs to a `match` or a `case` and encloses all that stands between it and the colon.
    fn is_matched(&self, at: usize) -> bool {
        let statement_starts = |at: usize| at == 0 || self.raw[at - 1].kind.is_structure();
        let Some(word) = at.checked_sub(1).filter(|word| statement_starts(*word)) else { return false };
        let word = self.raw[word];
        if word.kind != TokenKind::Name || !matches!(word.text(self.code), "match" | "case") {
            return false;
        }
        let mut depth = 0_usize;
        let end = self.raw[at..].iter().position(|token| {
            match token.class {
                ROUND | SQUARE | CURLY => depth += 1,
                ROUND_END | SQUARE_END | CURLY_END => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        end.and_then(|end| self.next(at + end)).is_some_and(|next| next.class == COLON)
    }

    fn open(&mut self, at: usize) {
        let token = self.raw[at];
        let follows = self.last().is_some_and(|last| ends_operand(&last));
        let kind = match token.class {
            ROUND if follows && self.is_matched(at) => {
                self.written.last_mut().expect("an operand is written").class = NAME;
                Kind::Group(Place::BeforeColon)
            }
            ROUND if follows => Kind::Call,
            ROUND => Kind::Group(self.place()),
            SQUARE if follows => Kind::Index,
            _ => Kind::Display,
        };
        let mut frame = Frame::new(kind, self.written.len());
        frame.least = match kind {
            Kind::Group(Place::Operand) => self.least(),
            _ => EXPRESSION,
        };
        self.frames.push(frame);
        self.written.push(token);
    }

    /// Where a parenthesis stands that is written next and calls nothing.
    fn place(&mut self) -> Place {
        let Some(last) = self.last().filter(|last| !last.kind.is_structure()) else { return Place::StatementStart };
        let written = self.written.len();
        let is_after_except = written > 1 && last.class == STAR && self.written[written - 2].class == EXCEPT;
        let Frame { kind, for_in, .. } = *self.frame();
        let in_statement = kind == Kind::Statement;
        match last.class {
            ROUND if kind == Kind::Call => Place::Argument,
            ROUND => Place::Inner,
            SQUARE if kind == Kind::Index => Place::Indexed,
            IN if in_statement && for_in == written => Place::Iterated,
            class if in_statement && ASSIGNMENTS.contains(&class) => Place::Assigned,
            RETURN | DEL => Place::Returned,
            YIELD if in_statement => Place::Returned,
            FOR => Place::Target,
            EXCEPT => Place::BeforeColon,
            _ if is_after_except => Place::BeforeColon,
            class if class == IMPORT => Place::Imported,
            class if class == WITH => Place::With,
            _ => Place::Operand,
        }
    }

    /// How tightly an operand has to bind that is written next.
    fn least(&mut self) -> u8 {
        let written = self.written.len();
        let last = self.last().map_or(REMOVED, |last| last.class);
        let is_first = written < 2 || self.written[written - 2].kind.is_structure();
        match last {
            IF if is_first => EXPRESSION,
            IN if self.frame().for_in == written => OR,
            _ => binding::least_behind(self.written),
        }
    }

    /// Keeps in mind what a token that is no bracket means for those around it.
    fn look_at(&mut self, at: usize) {
        let token = self.raw[at];
        let follows = self.last().is_some_and(|last| ends_operand(&last));
        let follows_is = self.last().is_some_and(|last| last.class == IS);
        let is_not_in = follows && self.next(at).is_some_and(|next| next.class == IN);
        let in_statement = self.frames.len() == 1;
        if in_statement {
            if ASSIGNMENTS.contains(&token.class) || token.class == IN {
                self.drop_last_comma();
            }
            if ASSIGNMENTS.contains(&token.class) || [RETURN, YIELD, DEL, FOR, IN].contains(&token.class) {
                self.frames[0].comma_count = 0;
            }
            self.line.lambda_count += u32::from(token.class == LAMBDA);
        }
        let written = self.written.len();
        let frame = self.frame();
        let level = match token.class {
            COMMA => {
                frame.comma_count += 1;
                PRIMARY
            }
            FOR => {
                (frame.has_for, frame.awaits_in) = (true, true);
                PRIMARY
            }
            IN if std::mem::take(&mut frame.awaits_in) => {
                frame.for_in = written + 1;
                PRIMARY
            }
            LAMBDA => {
                frame.has_lambda = true;
                EXPRESSION
            }
            NOT_WORD if follows_is || is_not_in => COMPARISON,
            NOT_WORD => NOT,
            YIELD => {
                frame.has_yield = true;
                PRIMARY
            }
            class if class == AS => {
                frame.has_as = true;
                PRIMARY
            }
            class if class == WALRUS => {
                frame.has_walrus = true;
                PRIMARY
            }
            class if class == AWAIT_WORD => AWAIT,
            class if class == TILDE => UNARY,
            class if !follows && [PLUS, MINUS].contains(&class) => UNARY,
            class if !follows && [STAR, STARS].contains(&class) => {
                frame.has_star = true;
                PRIMARY
            }
            class => match binding::level(class) {
                0 => PRIMARY,
                level => level,
            },
        };
        frame.lowest = frame.lowest.min(level);
    }

    /// A comma behind the last of several things says nothing.
    fn drop_last_comma(&mut self) {
        let ends_with_comma = self.last().is_some_and(|last| last.class == COMMA);
        let frame = self.frame();
        let means_nothing = match frame.kind {
            Kind::Call | Kind::Display | Kind::Group(Place::Imported | Place::With) => true,
            Kind::Statement | Kind::Group(_) | Kind::Index => frame.comma_count > 1,
        };
        if ends_with_comma && means_nothing {
            frame.comma_count = frame.comma_count.saturating_sub(1);
            self.written.pop();
        }
    }

    fn close(&mut self, at: usize) {
        let token = self.raw[at];
        if self.frames.len() == 1 {
            self.written.push(token);
            return;
        }
        self.drop_last_comma();
        let Some(frame) = self.frames.pop() else { return };
        if frame.kind == Kind::Call && self.is_class_without_bases(&frame) {
            self.written.pop();
            self.written.last_mut().expect("the name of the class is written").class = NAME;
            return;
        }
        if let Kind::Group(place) = frame.kind
            && token.class == ROUND_END
            && frame.open + 1 < self.written.len()
            && changes_nothing(&frame, place, self.next(at))
        {
            self.written[frame.open].class = REMOVED;
            self.has_removed = true;
            self.frame().take(&frame);
            return;
        }
        self.written.push(token);
    }

    fn is_class_without_bases(&self, frame: &Frame) -> bool {
        let is_empty = frame.open + 1 == self.written.len();
        is_empty && frame.open >= 2 && self.written[frame.open - 2].class == CLASS
    }
}

/// Whether the tree is the same without these parentheses, before what follows them.
fn changes_nothing(frame: &Frame, place: Place, next: Option<Token>) -> bool {
    let next_class = next.map_or(NEWLINE, |next| next.class);
    if place == Place::Imported || (place == Place::Inner && next_class == ROUND_END) {
        return true;
    }
    if frame.has_as {
        return place == Place::With && next_class == COLON;
    }
    if frame.has_for {
        return place == Place::Argument && next_class == ROUND_END && frame.comma_count == 0;
    }
    let ends_statement = matches!(next_class, NEWLINE | SEMICOLON);
    if frame.has_yield {
        return matches!(place, Place::Assigned | Place::StatementStart) && ends_statement;
    }
    if frame.has_walrus {
        return false;
    }
    if frame.comma_count > 0 {
        return match place {
            Place::Assigned | Place::StatementStart => ends_statement || next_class == EQUALS,
            Place::Returned => ends_statement,
            Place::Target => next_class == IN,
            Place::Iterated | Place::With | Place::BeforeColon => next_class == COLON,
            Place::Indexed => next_class == SQUARE_END,
            Place::Operand | Place::Argument | Place::Inner | Place::Imported => false,
        };
    }
    if frame.has_star || (frame.has_lambda && next_class == COLON) {
        return false;
    }
    let is_target = place == Place::Target && next_class == IN;
    let least = next.filter(|_| !is_target).map_or(EXPRESSION, |next| binding::least_before(&next));
    frame.lowest >= frame.least && frame.lowest >= least
}
